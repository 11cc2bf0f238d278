"""The report of an evaluation, with its plots, in the run folder."""

from __future__ import annotations

from pathlib import Path

from offline.code_origin import CodeOrigin, mixture_sentence
from offline.evaluate.plots import abstention_plot, confusion_plot, reliability_plot, subjects_plot
from offline.evaluate.report import report_html
from offline.evaluate.riemannian import RIEMANNIAN
from offline.evaluate.summary import Summary
from offline.stages import Run


def write_report(run: Run, summary: Summary) -> Path:
    """Write the report of an evaluation, and its plots.

    Parameters
    ----------
    run : Run
        The run.
    summary : Summary
        What it came to.

    Returns
    -------
    Path
        The HTML file.
    """
    plots = _plots(run, summary)
    (run.folder.path / "plots").mkdir(exist_ok=True)
    for title, png in plots.items():
        (run.folder.path / "plots" / f"{title.replace(' ', '-').replace(',', '')}.png").write_bytes(png)
    mixture = mixture_sentence(CodeOrigin(**fold["code"]) for fold in summary.folds)
    notes = (*(run.config.bundle.caveats if run.config.bundle else ()), *([mixture] if mixture else []))
    page = report_html(run.config, run.windows.dataset, summary, plots, notes)
    run.folder.report_path.write_text(page, encoding="utf-8")
    return run.folder.report_path


def _plots(run: Run, summary: Summary) -> dict[str, bytes]:
    plots = {}
    for line in run.config.lines:
        shown = [name for name in (run.shipped, "logistic_regression", RIEMANNIAN) if summary.find(name, line)]
        plots[f"people, {line}"] = subjects_plot(summary, shown, line)
        main = summary.find(run.shipped, line)
        if main:
            plots[f"confusion, {line}"] = confusion_plot(main, run.windows.class_names)
            plots[f"reliability, {line}"] = reliability_plot(main)
        if any(row.line == line for row in summary.abstention):
            plots[f"abstention, {line}"] = abstention_plot(summary, line)
    return plots

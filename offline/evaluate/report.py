"""The report of a run: one HTML file with everything in it."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from offline.config import RunConfig
from offline.datasets.dataset import DatasetCard
from offline.evaluate.abstention import AbstentionRow
from offline.evaluate.intervals import Figure
from offline.evaluate.permutation import ChanceLevel
from offline.evaluate.summary import MethodSummary, Summary

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222; } p { max-width: 60rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; }
td, th { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: bottom; }
th { background: #f4f4f4; } .n { text-align: right; } td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
.warn { background: #fff3cd; padding: .5rem 1rem; }
img { max-width: 100%; } code { background: #f4f4f4; padding: 0 .2rem; }
"""

_LONGEST_FIGURE = 45
"""Characters; what is longer is a sentence."""

METHODS_TABLE = (
    "Method",
    "Normalised by",
    "Balanced accuracy [95 %]",
    "Macro-F1 [95 %]",
    "Accuracy [95 %]",
    "Trials right [95 %]",
    "ECE",
    "Permutation: mean, 95 %",
    "p",
)


OVER_PEOPLE = (
    "Intervals are over people, those of trials as well, on the stimuli that were shown: they say where other people would leave the "
    "figures, not where other stimuli would. p by stimulus, where a stimulus has one label for everybody, counts each as one observation."
)
"""What the intervals of the table of methods are of."""

UNTOUCHED_TABLE = ("Method", "Normalised by", "Balanced accuracy [95 %] on people on whom nothing was chosen")


def untouched_rows(summary: Summary) -> list[tuple[str, ...]]:
    """Return the rows of the table of people on whom nothing was chosen; none where the config does not say who they are."""
    return [(m.name, m.line, str(m.untouched)) for m in summary.methods if m.untouched is not None]


def method_cells(method: MethodSummary) -> tuple[str, ...]:
    """Return the row of a method in the table of methods."""
    figures: tuple[Figure, ...] = (method.balanced_accuracy, method.macro_f1, method.accuracy, method.trial_accuracy)
    return (
        method.name,
        method.line,
        *map(str, figures),
        f"{method.calibration_error:.3f}",
        *chance_cells(method.permutation),
    )


def chance_cells(level: ChanceLevel | None) -> tuple[str, str]:
    """Return a level of chance by permutation, and the p of the score beside it; empty where nothing was permuted."""
    return (f"{level.mean:.3f}, {level.high:.3f}", f"{level.p:.4f}") if level else ("", "")


ABSTENTION_TABLE = (
    "Normalised by",
    "Wrong at most",
    "Least confidence",
    "Answered, validation people",
    "Wrong, test people",
    "Answered, test people",
)


def abstention_cells(rows: Sequence[AbstentionRow]) -> list[tuple[str, ...]]:
    """Return the rows of the table of abstention."""
    return [
        (row.line, f"{row.risk:.2f}", *(f"{v:.3f}" for v in (row.confidence, row.coverage, row.test_risk, row.test_coverage)))
        for row in rows
    ]


def report_html(
    config: RunConfig, card: DatasetCard, summary: Summary, plots: Mapping[str, bytes], notes: Sequence[str]
) -> str:
    """Write the report.

    Parameters
    ----------
    config : RunConfig
        What the run did.
    card : DatasetCard
        What must be said of the data.
    summary : Summary
        What it came to.
    plots : mapping of str to bytes
        PNG by title.
    notes : sequence of str
        Sentences that belong at the top.

    Returns
    -------
    str
        A self-contained HTML page.
    """
    parts = [
        f"<h1>{html.escape(config.title)}</h1>",
        warning(card),
        _paragraphs(notes),
        f"<p>{html.escape(card.title)}, {html.escape(card.licence)}. {html.escape(card.attribution)}</p>",
        f"<h2>Protocol</h2><p>{html.escape(summary.protocol)} Chance: {summary.chance:.3f}.</p>",
        "<h2>Methods</h2>" + table(METHODS_TABLE, [method_cells(m) for m in summary.methods]),
        _paragraphs([OVER_PEOPLE]),
        _untouched(summary),
        "<h2>Paired comparisons</h2>" + _comparisons(summary),
        _chance(summary),
        "".join(f"<h3>{html.escape(title)}</h3>{image(png)}" for title, png in plots.items()),
        "<h2>Abstention</h2>" + _abstention(summary),
        "<h2>Person by person</h2>" + _people(summary),
        "<h2>Folds</h2>" + _folds(summary.folds),
        f"<h2>Config</h2><pre>{html.escape(config.model_dump_json(indent=1))}</pre>",
    ]
    return page(config.name, parts)


def page(title: str, parts: Sequence[str]) -> str:
    """Put parts of HTML into a self-contained page.

    Parameters
    ----------
    title : str
        What the browser's tab says.
    parts : sequence of str
        HTML.
    """
    name = html.escape(title)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>'
    return head + "\n".join(parts) + "</html>\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table; cells after the second are figures, which stay on one line, but for sentences."""
    head = _row("th", header)
    return f"<table>{head}{''.join(_row('td', row) for row in rows)}</table>"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(_cell(tag, k, cell) for k, cell in enumerate(cells)) + "</tr>"


def _cell(tag: str, number: int, text: str) -> str:
    is_figure = number > 1 and len(text) <= _LONGEST_FIGURE
    return f"<{tag}{' class=n' if is_figure else ''}>{html.escape(text)}</{tag}>"


def warning(card: DatasetCard) -> str:
    """Return a box that says what is simulated; nothing where nothing is."""
    if not card.simulated:
        return ""
    return '<p class="warn">Simulated data: these figures say that the program works, and nothing about people.</p>'


def _paragraphs(notes: Sequence[str]) -> str:
    return "".join(f"<p>{html.escape(note)}</p>" for note in notes)


def _untouched(summary: Summary) -> str:
    rows = untouched_rows(summary)
    return table(UNTOUCHED_TABLE, rows) if rows else ""


def _comparisons(summary: Summary) -> str:
    header = ("Methods", "Normalised by", "Difference in balanced accuracy [95 %]", "p (sign flips)")
    rows = [(f"{c.first} - {c.second}", c.line, str(c.difference), f"{c.p:.4f}") for c in summary.comparisons]
    return table(header, rows)


def _people(summary: Summary) -> str:
    names = [row.subject for row in summary.methods[0].subjects]
    header = ("Method", "Normalised by", *names)
    rows = [(m.name, m.line, *(f"{row.balanced_accuracy:.2f}" for row in m.subjects)) for m in summary.methods]
    return table(header, rows)


def _chance(summary: Summary) -> str:
    kinds = sorted({m.permutation.kind for m in summary.methods if m.permutation})
    return _paragraphs([*(f"Permutation, in the table above: {kind}." for kind in kinds), *refit_sentences(summary)])


def refit_sentences(summary: Summary) -> list[str]:
    """Say what logistic regression came to on permuted training labels, line by line; nothing where it was not refitted."""
    cells = {line: (level, *chance_cells(level)) for line, level in summary.refits.items()}
    return [
        f"Logistic regression, {line}, {level.kind}, {level.n} times: {mean}; p = {p}."
        for line, (level, mean, p) in cells.items()
    ]


def _abstention(summary: Summary) -> str:
    note = (
        "Classes count alike. Thresholds are found on validation people, without smoothing, by an upper bound on the risk in which each "
        "person and class count once; the test people of a fold are judged by a threshold for which their windows were left out."
    )
    rows = abstention_cells(summary.abstention)
    return _paragraphs([note]) + table(ABSTENTION_TABLE, rows) if rows else _paragraphs(["No risk could be kept."])


def _folds(folds: Sequence[Mapping[str, Any]]) -> str:
    lines = list(folds[0]["temperatures"])
    header = ("Fold", "Epochs", *(f"Temperature, {line}" for line in lines), "Validation macro-F1", *_INT8_COLUMNS)
    return table(header, [_fold_cells(fold) for fold in folds])


_INT8_COLUMNS = ("Int8 by", "Same answers", "Balanced accuracy, float32", "int8")


def _fold_cells(fold: Mapping[str, Any]) -> tuple[str, ...]:
    epochs = f"{fold['epochs']['pretrain']} + {fold['epochs']['finetune']}"
    temperatures = (f"{value:.2f}" for value in fold["temperatures"].values())
    return fold["name"], epochs, *temperatures, f"{fold['validation_score']:.3f}", *_int8_cells(fold["int8"])


def _int8_cells(costs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    if not costs:
        return ("",) * len(_INT8_COLUMNS)
    last = costs[-1]
    figures = (f"{last[key]:.3f}" for key in ("agreement", "float_accuracy", "int8_accuracy"))
    return ", then ".join(cost["rung"] for cost in costs), *figures


def image(png: bytes, text: str = "") -> str:
    """Return an HTML image with its bytes in it; `text` is for those who cannot see it."""
    return f'<img alt="{html.escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'

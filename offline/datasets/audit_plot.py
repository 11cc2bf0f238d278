"""The audit as a picture that a reviewer understands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from offline.datasets.audit import MADE_UP, SEEN, STIMULUS, SUBJECT, UNSEEN, AuditReport, Score

_LABELS = {
    SEEN: "class: unseen subjects,\nstimuli seen in training",
    UNSEEN: "class: unseen subjects,\nunseen stimuli",
    MADE_UP: "made-up class:\nstimuli seen in training",
    STIMULUS: "which stimulus?\nunseen subjects",
    SUBJECT: "which subject?\nunseen stimuli",
}
_COLOURS = {SEEN: "#0072b2", UNSEEN: "#009e73", MADE_UP: "#d55e00", STIMULUS: "#7f7f7f", SUBJECT: "#7f7f7f"}
_PAPER: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.9}


def plot_audit(report: AuditReport, path: Path) -> None:
    """Draw the scores with their intervals and chance levels.

    Parameters
    ----------
    report : AuditReport
        What an audit found.
    path : Path
        Where the picture goes; the suffix chooses the format.
    """
    units = list(dict.fromkeys(score.unit for score in report.scores))
    figure = Figure(figsize=(4.6 * len(units) + 2.0, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = np.atleast_1d(figure.subplots(1, len(units), sharey=True))
    for panel, unit in zip(panels, units, strict=True):
        _draw(panel, [score for score in report.scores if score.unit == unit])
        panel.set_title("from courses of whole trials" if unit == "trial course" else "from single windows", fontsize=10)
    figure.suptitle(f"Stimulus audit: {report.dataset.title}", fontsize=11)
    figure.savefig(path, dpi=150)


def _draw(panel: Axes, scores: list[Score]) -> None:
    for row, score in enumerate(reversed(scores)):
        if np.isnan(score.mean):
            panel.text(0.5, row, "not possible here", ha="center", va="center", fontsize=9, style="italic")
            continue
        panel.plot([score.chance, score.chance], [row - 0.3, row + 0.3], color="black", linewidth=1.2, linestyle=":")
        error = [[score.mean - score.low], [score.high - score.mean]]
        panel.errorbar(score.mean, row, xerr=error, fmt="o", color=_COLOURS[score.what], capsize=3, markersize=6)
        panel.text(score.mean, row + 0.22, f"{score.mean:.2f}", ha="center", va="bottom", fontsize=8, bbox=_PAPER)
    panel.set_yticks(range(len(scores)), [_LABELS[score.what] for score in reversed(scores)], fontsize=9)
    panel.set_xlim(-0.06, 1.06)
    panel.set_ylim(-0.6, len(scores) - 0.4)
    panel.set_xlabel("accuracy, mean over subjects with 95 % interval (dotted: chance)", fontsize=8)
    panel.grid(axis="x", alpha=0.3)

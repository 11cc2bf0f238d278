"""Plots of an evaluation, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from offline.evaluate.intervals import Figure
from offline.evaluate.summary import MethodSummary, Summary
from sclcm_core.types import Float64Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

_DPI = 110


def confusion_plot(method: MethodSummary, class_names: Sequence[str]) -> bytes:
    """Draw a confusion matrix: share of each true class, and number of windows.

    Parameters
    ----------
    method : MethodSummary
        Whose.
    class_names : sequence of str
        Names of the classes.

    Returns
    -------
    bytes
        A PNG.
    """
    table = np.array(method.confusion, dtype=np.float64)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    canvas, axes = _canvas(3.6, 3.2)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share > 0.6 else "black"
        axes.text(column, row, f"{share:.2f}\n{int(table[row, column])}", ha="center", va="center", color=ink, fontsize=8)
    axes.set_xticks(range(len(class_names)), class_names, rotation=20)
    axes.set_yticks(range(len(class_names)), class_names)
    axes.set(xlabel="answer", ylabel="truth", title=f"{method.name}, {method.line}")
    return _png(canvas)


def subjects_plot(summary: Summary, methods: Sequence[str], line: str) -> bytes:
    """Draw the balanced accuracy of each person, method beside method.

    Parameters
    ----------
    summary : Summary
        The evaluation.
    methods : sequence of str
        Which methods.
    line : {'population', 'personal'}
        Which line.

    Returns
    -------
    bytes
        A PNG.
    """
    shown = [m for m in summary.methods if m.line == line and m.method in methods]
    canvas, axes = _canvas(7.2, 3.0)
    width = 0.8 / max(1, len(shown))
    for k, method in enumerate(shown):
        places = np.arange(len(method.subjects)) + (k - (len(shown) - 1) / 2) * width
        label = f"{method.name}: {method.balanced_accuracy}"
        axes.bar(places, [row.balanced_accuracy for row in method.subjects], width, label=label)
    axes.axhline(summary.chance, color="0.4", linestyle="--", linewidth=1)
    if shown:
        axes.set_xticks(range(len(shown[0].subjects)), [row.subject for row in shown[0].subjects], fontsize=7)
    axes.set(ylim=(0, 1.25), ylabel="balanced accuracy", xlabel="tested person", title=f"normalised by: {line}")
    axes.legend(fontsize=7, loc="upper right", ncols=2)
    return _png(canvas)


def reliability_plot(method: MethodSummary) -> bytes:
    """Draw how often answers were right against how sure they were.

    Parameters
    ----------
    method : MethodSummary
        Whose.

    Returns
    -------
    bytes
        A PNG.
    """
    bins: Float64Array = np.array(method.reliability, dtype=np.float64)
    canvas, axes = _canvas(3.6, 3.2)
    full = bins[:, 2] > 0
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axes.plot(bins[full, 0], bins[full, 1], marker="o")
    title = f"{method.name}, {method.line}: ECE {method.calibration_error:.3f}"
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share right", title=title)
    axes.title.set_fontsize(9)
    return _png(canvas)


def abstention_plot(summary: Summary, line: str) -> bytes:
    """Draw what a chosen risk costs in answers, and whether test people keep to it.

    Parameters
    ----------
    summary : Summary
        Evaluation.
    line : str
        Normalisation.

    Returns
    -------
    bytes
        A PNG.
    """
    rows = [row for row in summary.abstention if row.line == line]
    canvas, axes = _canvas(3.6, 3.2)
    for name, marker, places in (
        ("asked for, validation people", "o", [(row.coverage, row.risk) for row in rows]),
        ("found, test people", "s", [(row.test_coverage, row.test_risk) for row in rows]),
    ):
        axes.plot([x for x, _ in places], [y for _, y in places], marker=marker, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 0.5), xlabel="share of windows answered", ylabel="share wrong", title=f"abstention, {line}")
    axes.title.set_fontsize(9)
    axes.legend(fontsize=7)
    return _png(canvas)


def curve_plot(lines: Mapping[str, Sequence[tuple[float, Figure]]], chance: float, axis: str, title: str) -> bytes:
    """Draw figures with their intervals over an axis.

    Parameters
    ----------
    lines : mapping of str to sequence of (float, Figure)
        Places and figures of each line.
    chance : float
        Balanced accuracy of guessing.
    axis : str
        What the axis means.
    title : str
        Whose data.

    Returns
    -------
    bytes
        A PNG.
    """
    canvas, axes = _canvas(7.2, 4.0)
    for k, (name, points) in enumerate(lines.items()):
        places, figures = zip(*sorted(points, key=lambda point: point[0]), strict=True)
        values = np.array([[figure.value, figure.value - figure.low, figure.high - figure.value] for figure in figures])
        shifted = np.array(places) * (1 + 0.02 * k)  # side by side, so that intervals can be told apart
        axes.errorbar(shifted, values[:, 0], yerr=values[:, 1:].T, marker="o", capsize=2, label=name)
    axes.axhline(chance, color="0.4", linestyle="--", linewidth=1)
    axes.set(xscale="log", xlabel=axis, ylabel="balanced accuracy", ylim=(0, 1), title=title)
    axes.legend(fontsize=7)
    return _png(canvas)


def protocols_plot(marks: Mapping[str, Sequence[tuple[str, Figure]]], chance: float, title: str) -> bytes:
    """Draw figures with their intervals, group beside group.

    Parameters
    ----------
    marks : mapping of str to sequence of (str, Figure)
        For each method, its group and figure.
    chance : float
        Accuracy of guessing.
    title : str
        What they have in common.

    Returns
    -------
    bytes
        A PNG.
    """
    canvas, axes = _canvas(7.2, 3.6)
    groups = list(dict.fromkeys(group for found in marks.values() for group, _ in found))
    for k, (name, found) in enumerate(marks.items()):
        places = [groups.index(group) + 0.14 * (k - (len(marks) - 1) / 2) for group, _ in found]
        values = np.array([[figure.value, figure.value - figure.low, figure.high - figure.value] for _, figure in found])
        axes.errorbar(places, values[:, 0], yerr=values[:, 1:].T, marker="o", linestyle="none", capsize=2, label=name)
    axes.axhline(chance, color="0.4", linestyle="--", linewidth=1, label="chance")
    axes.set_xticks(range(len(groups)), [group.replace(" and ", "\nand ") for group in groups])
    axes.set(ylabel="share of trials right [95 %]", ylim=(0, 1.02), xlim=(-0.5, len(groups) - 0.5), title=title)
    canvas.legend(loc="outside lower center", fontsize=7, ncols=len(marks) + 1)
    return _png(canvas)


def _canvas(width: float, height: float) -> tuple[Canvas, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), dpi=_DPI, layout="constrained")  # no pyplot: no global state, no window
    FigureCanvasAgg(canvas)
    return canvas, canvas.add_subplot()


def _png(canvas: Canvas) -> bytes:
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()

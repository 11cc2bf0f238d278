"""What the parts of a method came to: each variant beside the method as it is, on the same people."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from offline.evaluate.curves import Point, mixed_code
from offline.evaluate.intervals import paired_test
from offline.evaluate.report import page, table, warning
from offline.evaluate.summary import MethodSummary
from offline.seeds import Seed

Row = tuple[str, ...]

_SIMPLE = "logistic_regression"


def ablation_table(points: Sequence[Point]) -> Row:
    """Return the header of the table.

    Parameters
    ----------
    points : sequence of Point
        The method as it is, then its variants.
    """
    first = f"less '{points[0].variant.name}' [95 %]"
    return ("Variant", "Normalised by", "Balanced accuracy [95 %]", "Macro-F1 [95 %]", first, "p (sign flips)")


def ablation_rows(points: Sequence[Point], main: str, seed: Seed) -> list[Row]:
    """Return the rows of the table.

    Parameters
    ----------
    points : sequence of Point
        The method as it is, then its variants, all on the same folds.
    main : str
        Which form of the networks is compared: float or int8.
    seed : Seed
        Determines the resampling.

    Returns
    -------
    list of tuple of str
        A row for each variant and line of normalisation, then the simple method, which is the same beside all of them.
    """
    first = points[0].summary
    rows = [
        _row(point.variant.name, found, first.find(main, found.line) if number else None, seed)
        for number, point in enumerate(points)
        for found in point.summary.methods
        if found.method == main
    ]
    simple = [found for found in first.methods if found.method == _SIMPLE]
    return rows + [_row(_SIMPLE.replace("_", " "), found, first.find(main, found.line), seed) for found in simple]


def _row(name: str, found: MethodSummary, reference: MethodSummary | None, seed: Seed) -> Row:
    figures = (name, found.line, str(found.balanced_accuracy), str(found.macro_f1))
    if reference is None:
        return (*figures, "", "")
    mine, theirs = ({row.subject: row.balanced_accuracy for row in m.subjects} for m in (found, reference))
    scores = [np.array([of[person] for person in mine]) for of in (mine, theirs)]
    gap, p = paired_test(scores[0], scores[1], seed.of("ablation").rng())
    return (*figures, f"{gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]", f"{p:.4f}")


def ablation_notes(points: Sequence[Point]) -> list[str]:
    """Return what must be read with the table."""
    card, summary = points[0].data, points[0].summary
    n_people = len(summary.methods[0].subjects)
    return [
        f"{card.title}. {summary.protocol} {n_people} people tested; chance is {summary.chance:.3f}.",
        "Mean over people; intervals and p over people, person by person on the same folds. Neither is corrected for the number of "
        "variants: with twenty, one of p < 0.05 is what chance gives. One seed.",
        *mixed_code(points),
    ]


def ablation_html(title: str, points: Sequence[Point], rows: Sequence[Row]) -> str:
    """Write the table as a self-contained page.

    Parameters
    ----------
    title : str
        Of the config.
    points : sequence of Point
        The method as it is, then its variants.
    rows : sequence of tuple of str
        Those of `ablation_rows`.
    """
    name = f"{title}: one part changed at a time"
    notes = (f"<p>{html.escape(note)}</p>" for note in ablation_notes(points))
    return page(name, [f"<h1>{html.escape(name)}</h1>", warning(points[0].data), *notes, table(ablation_table(points), rows)])

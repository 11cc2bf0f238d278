"""The report of a calibration check: one HTML page and the figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from offline.config import RunConfig
from offline.datasets.dataset import DatasetCard
from offline.evaluate.calibrate_check import GAP_S, METHODS, CalibrationCheck
from offline.evaluate.report import page, table, warning

MEANS_TABLE = ("Model", "Balanced accuracy on the second half [95 % over people]")
GAINS_TABLE = ("Difference", "Paired difference [95 % over people]", "p (sign flips)")

Rows = list[tuple[str, ...]]


def means_rows(check: CalibrationCheck) -> Rows:
    """Return a row for each method."""
    return [(name, str(check.means[name])) for name in METHODS]


def gains_rows(check: CalibrationCheck) -> Rows:
    """Return a row for each paired difference."""
    return [(name, str(figure), f"{p:.4f}") for name, (figure, p) in check.gains.items()]


def summary_sentence(check: CalibrationCheck) -> str:
    """Return how many calibrations were accepted, and how long they took."""
    n_accepted = sum(person.is_accepted for person in check.people)
    slowest_ms = 1e3 * max(person.fit_s for person in check.people)
    return f"Accepted for {n_accepted} of {len(check.people)} people. The slowest calibration took {slowest_ms:.0f} ms."


def write_check(check: CalibrationCheck, config: RunConfig, card: DatasetCard, block_s: float, folder: Path) -> Path:
    """Write ``calibration.html`` and ``calibration.json``.

    Parameters
    ----------
    check : CalibrationCheck
        What it came to.
    config : RunConfig
        The recipe.
    card : DatasetCard
        What must be said of the data.
    block_s : float
        Length of a block in s.
    folder : Path
        Where to.

    Returns
    -------
    Path
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(json.dumps(check.as_dict(), indent=1) + "\n", encoding="utf-8")
    path = folder / "calibration.html"
    path.write_text(page(f"{config.name}, calibration", _parts(check, config, card, block_s)), encoding="utf-8")
    return path


def _parts(check: CalibrationCheck, config: RunConfig, card: DatasetCard, block_s: float) -> Sequence[str]:
    protocol = (
        f"Each person's model was trained without them. What follows the baseline is cut into blocks of {block_s:g} s, {GAP_S:g} s "
        "apart; the first half of each class's blocks calibrates, the second half tests; where every class has several stimuli, the "
        "first half of these, and no stimulus is in both. A calibration is accepted when it is "
        "better than chance on held-out blocks of the first half, and not worse there than the model as it is; otherwise the model "
        "with the person's own rest goes on."
    )
    people = [
        (p.subject, "accepted" if p.is_accepted else "not applied", *(f"{p.scores[name]:.2f}" for name in METHODS), p.sentence)
        for p in check.people
    ]
    return [
        f"<h1>Personal calibration: {escape(config.title)}</h1>",
        warning(card),
        f"<p>{escape(card.title)}, {escape(card.licence)}. {escape(card.attribution)}</p>",
        f"<h2>Protocol</h2><p>{escape(protocol)}</p>",
        "".join(f'<p class="warn">{escape(text)}</p>' for text in check.caveats),
        "<h2>Over people</h2>" + table(MEANS_TABLE, means_rows(check)) + table(GAINS_TABLE, gains_rows(check)),
        f"<p>{escape(summary_sentence(check))}</p>",
        "<h2>Person by person</h2>" + table(("Person", "", *METHODS, "What the person would have read"), people),
    ]

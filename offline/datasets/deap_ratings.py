"""DEAP's ``participant_ratings.csv``, and how the ratings in the signal files differ from it."""

from __future__ import annotations

import csv
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sclcm_core.errors import DatasetError
from sclcm_core.recordings.deap import RATINGS
from sclcm_core.types import Float64Array, FloatArray

logger = logging.getLogger(__name__)

N_VIDEOS = 40
"""Number of videos."""

_COLUMNS = ("Participant_id", "Trial", "Experiment_id", "Valence", "Arousal", "Dominance", "Liking")
_PLACES = ("metadata_csv/participant_ratings.csv", "participant_ratings.csv")
_SAME = 0.02


@dataclass(frozen=True, slots=True)
class SubjectRatings:
    """What one subject said.

    Parameters
    ----------
    values : ndarray of float64, shape (40, 4)
        Valence, arousal, dominance and liking of each video, 1 to 9, in the order of the videos' numbers.
    presented : tuple of int
        Numbers of the videos, from 1, in the order in which they were presented.
    """

    values: Float64Array
    presented: tuple[int, ...]


def find_ratings(root: Path) -> Path | None:
    """Return where the ratings are, in the folder or beside it, or None.

    Parameters
    ----------
    root : Path
        Folder of the data set, or of its signal files.
    """
    candidates = [folder / place for folder in (root, root.parent) for place in _PLACES]
    return next((path for path in candidates if path.is_file()), None)


def read_ratings(path: Path) -> dict[int, SubjectRatings]:
    """Read the ratings of all subjects.

    Parameters
    ----------
    path : Path
        ``participant_ratings.csv``.

    Returns
    -------
    dict of int to SubjectRatings
        By the number of the subject.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{column: float(row[column]) for column in _COLUMNS} for row in csv.DictReader(file)]
    except (KeyError, ValueError, TypeError) as error:
        raise DatasetError(
            f"'{path}' is no table of {', '.join(_COLUMNS)} ({error!r}).", "Copy the original file again."
        ) from error
    subjects = sorted({int(row["Participant_id"]) for row in rows})
    return {subject: _of_subject(path, subject, rows) for subject in subjects}


def _of_subject(path: Path, subject: int, rows: list[dict[str, float]]) -> SubjectRatings:
    mine = sorted((row for row in rows if row["Participant_id"] == subject), key=lambda row: row["Trial"])
    presented = tuple(int(row["Experiment_id"]) for row in mine)
    if sorted(presented) != list(range(1, N_VIDEOS + 1)):
        raise DatasetError(
            f"'{path}' holds {len(presented)} ratings of participant {subject} instead of one of each of the {N_VIDEOS} videos.",
            "Copy the original file again.",
        )
    values = np.empty((N_VIDEOS, len(RATINGS)))
    for row in mine:
        values[int(row["Experiment_id"]) - 1] = [row[name.capitalize()] for name in RATINGS]
    return SubjectRatings(values, presented)


def compare_ratings(path: Path, stored: FloatArray, stated: FloatArray) -> None:
    """Warn where the ratings stored with the signals are not those that the subjects gave.

    In one audited copy of DEAP, ratings of the videos of high valence and arousal are stored as 9 - r.

    Parameters
    ----------
    path : Path
        The signal file.
    stored : ndarray, shape (n_trials, 4)
        Ratings in that file, 1 to 9 without unit.
    stated : ndarray, shape (40, 4)
        Ratings in ``participant_ratings.csv``, 1 to 9 without unit.
    """
    theirs = stated[: len(stored)]
    for column, name in enumerate(RATINGS):
        differs = ~(np.abs(stored[:, column] - theirs[:, column]) <= _SAME)
        if differs.any():
            mirrored = np.abs(stored[:, column] - (9 - theirs[:, column])) <= _SAME
            text = "'%s': %s differs from participant_ratings.csv in %d of %d videos (%d of them stored as 9 - r)"
            logger.warning(text, path, name, differs.sum(), len(stored), (differs & mirrored).sum())

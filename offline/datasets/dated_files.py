"""Files named after subject and date, as SEED and SEED-IV name theirs."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from offline.datasets.dataset import natural_key
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError
from sclcm_core.simulation.sidecar import SIDECAR, expected_files

logger = logging.getLogger(__name__)

_NAME = re.compile(r"([^_]+)_(\d{8})\.mat")
_NO_RECORDINGS = ("label.mat",)


@dataclass(frozen=True, slots=True)
class DatedFile:
    """One visit of one subject.

    Parameters
    ----------
    path : Path
        The file.
    subject : str
        Who was measured.
    date : str
        When, as YYYYMMDD.
    """

    path: Path
    subject: str
    date: str


def dated_files(folder: Path, dataset: LocalDataset) -> list[DatedFile]:
    """List the recordings of a folder by subject, then date.

    Parameters
    ----------
    folder : Path
        The folder.
    dataset : LocalDataset
        Whose folder it is, for the text of errors.

    Returns
    -------
    list of DatedFile
        Subjects in the order of their numbers, visits in the order of their dates. Never the order of a folder listing, in
        which subject 10 precedes subject 2 and labels would go to the wrong files.
    """
    files = []
    for path in folder.glob("*.mat"):
        match = _NAME.fullmatch(path.name)
        if match:
            files.append(DatedFile(path, match[1], _date(path, match[2])))
        elif path.name not in _NO_RECORDINGS:
            logger.warning("'%s' is not named <subject>_<YYYYMMDD>.mat and is left out", path)
    if not files:
        warn_of_unfinished(folder, 0)
        raise dataset.error(f"The folder '{folder}' holds no files like 1_20131027.mat.")
    _refuse_two_namings(folder, files)
    return sorted(files, key=lambda file: (natural_key(file.subject), file.date))


def _date(path: Path, text: str) -> str:
    try:
        datetime.strptime(text, "%Y%m%d")
    except ValueError as error:
        raise DatasetError(
            f"'{path}' is named after no date ('{text}').", "Give it back its name <subject>_<YYYYMMDD>.mat."
        ) from error
    return text


def _refuse_two_namings(folder: Path, files: Sequence[DatedFile]) -> None:
    """Old copies name subjects by words, new ones by numbers; together they hold every subject twice."""
    words = sorted({file.subject for file in files if not file.subject.isdigit()})
    if words and len(words) < len({file.subject for file in files}):
        raise DatasetError(
            f"'{folder}' holds files named by number and by word ('{words[0]}'): the same subjects may be there twice.",
            "Keep one naming.",
        )


def warn_of_counts(name: str, folder: Path, visits: dict[str, int], n_subjects: int, n_visits: int) -> None:
    """Say what differs from the published numbers; part of a data set may be all a user has.

    Parameters
    ----------
    name : str
        Title of the data set.
    folder : Path
        Where it was found.
    visits : dict of str to int
        Number of visits of each subject.
    n_subjects, n_visits : int
        The published numbers.
    """
    if (folder / SIDECAR).exists():
        warn_of_unfinished(folder, sum(visits.values()))
        return
    if len(visits) != n_subjects:
        logger.warning("%s has %d subjects; '%s' holds %d", name, n_subjects, folder, len(visits))
    for subject, n_found in visits.items():
        if n_found != n_visits:
            logger.warning("%s has %d visits a subject; '%s' holds %d of subject %s", name, n_visits, folder, n_found, subject)


def warn_of_unfinished(folder: Path, n_found: int) -> None:
    """Say so when a simulated data set lacks files, as one does whose writing was interrupted.

    Parameters
    ----------
    folder : Path
        Where its files of signals are.
    n_found : int
        How many there are.
    """
    n_expected = expected_files(folder) or 0
    if n_found < n_expected:
        logger.warning(
            "'%s' holds %d of the %d files that were to be simulated; the same 'sclcm-offline simulate' again writes the others.",
            folder,
            n_found,
            n_expected,
        )

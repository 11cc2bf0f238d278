"""The note that lies beside simulated files and says what they are."""

from __future__ import annotations

import re
from pathlib import Path

from sclcm_core.errors import DatasetError
from sclcm_core.simulation.settings import HeadSettings

SIDECAR = "SIMULATED.txt"
"""Name of the note; a folder that holds it holds no recording of a person."""

_EXPECTED = re.compile(r"^(\d+) files of signals belong here\.\n", re.MULTILINE)


def mark_simulated(
    folder: Path, data_dir: Path, settings: HeadSettings, seed: int, *, n_files: int, seconds: tuple[float, ...]
) -> None:
    """Put the note into a data set and into its folder of signals.

    Parameters
    ----------
    folder, data_dir : Path
        The folders.
    settings : HeadSettings
        Which effects there are, and how strong.
    seed : int
        What the random numbers began from.
    n_files : int
        How many files of signals there will be in `data_dir`.
    seconds : tuple of float
        How long the trials are, in s.

    Raises
    ------
    DatasetError
        When the folder holds another simulation: files of two must not mix.
    """
    text = (
        "The signals in this folder were simulated; nobody was recorded.\n"
        f"seed = {seed}\nclass_effect = {settings.class_effect:g}\nstimulus_effect = {settings.stimulus_effect:g}\n"
        f"subject_effect = {settings.subject_effect:g}\n"
        f"Trials of {', '.join(f'{s:g}' for s in seconds)} s.\n"
        f"{n_files} files of signals belong here.\n"
    )
    note = data_dir / SIDECAR
    if note.is_file() and _EXPECTED.sub("", note.read_text(encoding="utf-8")) != _EXPECTED.sub("", text):
        raise DatasetError(
            f"The folder '{folder}' holds another simulation, or one by an older version.", "Name another, or delete it."
        )
    for place in (folder, data_dir):
        (place / SIDECAR).write_text(text, encoding="utf-8")


def expected_files(data_dir: Path) -> int | None:
    """Return how many files of signals a simulated data set should hold.

    Parameters
    ----------
    data_dir : Path
        Folder of the signals.

    Returns
    -------
    int or None
        None where no note says so.
    """
    note = data_dir / SIDECAR
    said = _EXPECTED.search(note.read_text(encoding="utf-8")) if note.is_file() else None
    return int(said[1]) if said else None

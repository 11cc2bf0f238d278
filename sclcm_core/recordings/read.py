"""One door to all recordings: the suffix of a file chooses its reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sclcm_core.errors import RecordingError, nearest
from sclcm_core.recordings.mne_files import read_mne
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.xdf import read_xdf

Reader = Callable[[Path, str | None], Recording]

FORMATS: dict[str, Reader] = {
    ".edf": read_mne,
    ".bdf": read_mne,
    ".fif": read_mne,
    ".fif.gz": read_mne,
    ".set": read_mne,
    ".vhdr": read_mne,
    ".xdf": read_xdf,
    ".xdfz": read_xdf,
    ".xdf.gz": read_xdf,
}
"""The reader of each suffix, in lower case."""

_COMPANIONS = {".eeg": ".vhdr", ".vmrk": ".vhdr", ".fdt": ".set"}


def read_recording(path: str | Path, *, trial: str | int | None = None) -> Recording:
    """Read a recording, whatever its format.

    Parameters
    ----------
    path : str or Path
        The file.
    trial : str or int, optional
        Which trial of a file that holds several.

    Returns
    -------
    Recording
        Samples in µV, markers in s from the start.

    Raises
    ------
    RecordingError
        When the file cannot be read; the message says why and what to do.
    """
    file = Path(path)
    _check_exists(file)
    reader = _reader_of(file)
    _check_readable(file)
    try:
        return reader(file, None if trial is None else str(trial))
    except RecordingError:
        raise
    except Exception as error:  # the libraries that parse foreign files raise whatever the damage led to
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise RecordingError(
            f"'{file}' cannot be read as {_suffix(file)} ({reason}).",
            "It is damaged or not what its name says; export it again.",
        ) from error


def _suffix(file: Path) -> str:
    double = "".join(file.suffixes[-2:]).lower()
    return double if double in FORMATS else file.suffix.lower()


def _reader_of(file: Path) -> Reader:
    reader = FORMATS.get(_suffix(file))
    if reader is None:
        main = _COMPANIONS.get(file.suffix.lower())
        hint = f"Name the '{main}' file beside it." if main else nearest(file.suffix.lower(), FORMATS)
        raise RecordingError(f"'{file}' ends in no suffix that can be read.", hint)
    return reader


def _check_exists(file: Path) -> None:
    if file.is_dir():
        raise RecordingError(f"'{file}' is a folder.", "Name one file of it.")
    if not file.exists():
        raise RecordingError(f"The file '{file}' does not exist.", "Check the path.")


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            empty = not opened.read(1)
    except OSError as error:
        raise RecordingError(f"'{file}' cannot be opened ({error.strerror}).", "Check the rights of the file.") from error
    if empty:
        raise RecordingError(f"'{file}' is empty.", "Copy it again from where it was recorded.")

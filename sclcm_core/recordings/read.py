"""One door to all recordings: the suffix of a file chooses its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sclcm_core.errors import RecordingError, nearest
from sclcm_core.recordings.csv_files import read_csv
from sclcm_core.recordings.deap import open_dat
from sclcm_core.recordings.matlab import open_mat
from sclcm_core.recordings.mne_files import read_mne
from sclcm_core.recordings.npz import open_npz
from sclcm_core.recordings.openbci import read_openbci
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials
from sclcm_core.recordings.xdf import read_xdf

Reader = Callable[[Path], Recording | Trials]

FORMATS: dict[str, Reader] = {
    ".edf": read_mne,
    ".bdf": read_mne,
    ".fif": read_mne,
    ".fif.gz": read_mne,
    ".set": read_mne,
    ".vhdr": read_mne,
    ".gdf": read_mne,
    ".cnt": read_mne,
    ".xdf": read_xdf,
    ".xdfz": read_xdf,
    ".xdf.gz": read_xdf,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_openbci,
    ".npz": open_npz,
    ".mat": open_mat,
    ".dat": open_dat,
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
    with _foreign_errors(file):
        found = _reader_of(file)(file)
        if isinstance(found, Trials):
            return found.choose(None if trial is None else str(trial))
    if trial is not None:
        raise RecordingError(f"'{file}' holds one recording and no trial '{trial}'.", "Leave the trial out.")
    return found


def read_trials(path: str | Path) -> Iterator[tuple[str, Recording]]:
    """Read the trials of a file one after another, opening it once.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    name : str
        Name of the trial; empty when the file holds one recording.
    recording : Recording
        Its recording.
    """
    file = Path(path)
    with _foreign_errors(file):
        found = _reader_of(file)(file)
    if isinstance(found, Recording):
        yield "", found
        return
    if found.default is not None:
        yield "", found.choose(None)
        return
    for k, name in enumerate(found.names):
        with _foreign_errors(file):
            recording = found.read(k)
        yield name, recording


def list_trials(path: str | Path) -> tuple[str, ...]:
    """Return the trials that a file holds; none when it holds one recording, or need not be asked which.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    tuple of str
        What may be given as `trial` to `read_recording`.
    """
    file = Path(path)
    with _foreign_errors(file):
        found = _reader_of(file)(file)
    return found.names if isinstance(found, Trials) and found.default is None else ()


@contextmanager
def _foreign_errors(file: Path) -> Iterator[None]:
    """Turn whatever the parsers of foreign files raise into an error that a user can act on."""
    try:
        yield
    except RecordingError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        what = f"'{file}' cannot be read as {_suffix(file)} ({reason})."
        raise RecordingError(what, "It is damaged or not what its name says; export it again.") from error


def _suffix(file: Path) -> str:
    double = "".join(file.suffixes[-2:]).lower()
    return double if double in FORMATS else file.suffix.lower()


def _reader_of(file: Path) -> Reader:
    """Check that there is a file, and find its reader."""
    _check_exists(file)
    reader = FORMATS.get(_suffix(file))
    if reader is None:
        main = _COMPANIONS.get(file.suffix.lower())
        hint = f"Name the '{main}' file beside it." if main else nearest(file.suffix.lower(), FORMATS)
        raise RecordingError(f"'{file}' ends in no suffix that can be read.", hint)
    _check_readable(file)
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

"""Errors that are shown to users: what happened, the value, what to do."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class SclcmError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    what : str
        What happened, with the offending value.
    remedy : str
        What to do about it.

    Examples
    --------
    >>> print(SclcmError("The file 'a.edf' does not exist.", "Check the path."))
    The file 'a.edf' does not exist. Check the path.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[SclcmError], tuple[str, str]]:
        return type(self), (self.what, self.remedy)  # so that it survives the way back from a worker process


def file_error(error: OSError) -> SclcmError | None:
    """Return what the operating system's complaint about a file means to the user; None when it is about no file.

    Parameters
    ----------
    error : OSError
        What was raised while a file was read, written, made or deleted.

    Examples
    --------
    >>> print(file_error(PermissionError(13, "Permission denied", "a.csv")))
    'a.csv' cannot be read or written (Permission denied). Check the rights of the file and of its folder.
    """
    if error.errno == errno.ENOSPC:
        return SclcmError(
            f"The disk is full ({error.filename or error.strerror}).", "Free some space, and give the command again."
        )
    if error.filename is None:
        return None
    what = f"'{error.filename}' cannot be read or written ({error.strerror})."
    return SclcmError(what, "Check the rights of the file and of its folder.")


class StreamError(SclcmError):
    """A stream that cannot be found, read or matched."""


class EndOfStream(Exception):  # noqa: N818 - an event of the journey, not an error shown to users
    """The source has delivered its last sample."""


class RecordingError(SclcmError):
    """A recording that cannot be read."""


class MatchError(StreamError):
    """A stream or recording that does not fit a model."""


class BundleError(SclcmError):
    """A model bundle that cannot be used."""


class CalibrationError(SclcmError):
    """A calibration that cannot be made of what there is."""


class DatasetError(SclcmError):
    """A data set that is missing, incomplete or not what it claims to be."""


class ConfigError(SclcmError):
    """A setting or a run config that cannot be understood."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or lists them all.

    Parameters
    ----------
    word : str
        What the user wrote.
    known : iterable of str
        What would have been understood.

    Returns
    -------
    str
        ``"Did you mean 'x'?"`` or ``"Known: a, b, c."``

    Examples
    --------
    >>> nearest("sfrq", ["sfreq", "ch_names"])
    "Did you mean 'sfreq'?"
    >>> nearest("zzz", ["sfreq", "ch_names"])
    'Known: ch_names, sfreq.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}."

"""The files that recorders write: a new one each time, or one that several people share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from app.session.xdf_writer import BatchFile, BinaryFile, NewFile
from sclcm_core.errors import RecordingError

MakeFile = Callable[[Path], BinaryFile]


class RecordingPlace(Protocol):
    """Where a recorder gets its file from."""

    def open(self) -> tuple[BatchFile, Path]:
        """Return a file to write to, and where it is; raises `RecordingError` when there can be none."""
        ...


class OwnFiles:
    """A new file each time, under a name that nobody has.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    new_file : callable
        Makes a file that did not exist; raises `FileExistsError` when it does.
    now : callable
        Returns the date and time for the name.
    """

    def __init__(self, folder: Path, new_file: MakeFile = NewFile, now: Callable[[], datetime] = datetime.now) -> None:
        self._folder, self._new_file, self._now = folder, new_file, now

    def open(self) -> tuple[BatchFile, Path]:
        """Return a new file, and where it is."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file, path = self._make()
            return _begin(file, path), path
        except OSError as error:
            raise RecordingError(
                f"No recording can be written in '{self._folder}' ({error.strerror or error}).",
                "Choose another folder with --record, or free space.",
            ) from error

    def _make(self) -> tuple[BinaryFile, Path]:
        stem, number = f"sclcm-{self._now():%Y-%m-%dT%H-%M-%S}", 1
        while True:
            path = self._folder / f"{stem}{f'-{number}' if number > 1 else ''}.xdf"
            try:
                return self._new_file(path), path
            except FileExistsError:
                number += 1


class SharedFile:
    """One file for all who ask, as long as one of them writes.

    Parameters
    ----------
    files : OwnFiles
        Makes it.
    """

    def __init__(self, files: OwnFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._present: tuple[BatchFile, Path] | None = None

    def open(self) -> tuple[BatchFile, Path]:
        """Return the file, and where it is; a new one at first, and once all have left it."""
        with self._lock:
            if self._present is None or self._present[0].is_closed:
                self._present = self._files.open()
            return self._present


def _begin(file: BinaryFile, path: Path) -> BatchFile:
    """Begin a file, or leave none."""
    try:
        return BatchFile(file)
    except OSError:
        file.close()
        path.unlink(missing_ok=True)
        raise

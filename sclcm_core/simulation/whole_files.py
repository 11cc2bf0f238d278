"""Writing many files one after the other: each is there as a whole or not at all, and who waits is told of each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[int, int], None]
"""Called with the number of trials written and of all."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Have a file written under another name, which becomes its own when it is whole.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    Path
        Where to write.
    """
    temporary = path.with_name(f"{path.name}.unfinished")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Steps:
    """Counts what is done, and tells who waits.

    Parameters
    ----------
    n_steps : int
        How many there are.
    progress : callable, optional
        Told of each, and at the start that none is done.
    """

    def __init__(self, n_steps: int, progress: Progress | None) -> None:
        self._n_done, self._n_steps, self._progress = 0, n_steps, progress
        self.take(0)

    def take(self, n: int = 1) -> None:
        """Count steps as done."""
        self._n_done += n
        if self._progress is not None:
            self._progress(self._n_done, self._n_steps)

"""How far a worker has come, for those who follow it."""

from __future__ import annotations

import threading


class Progress:
    """The number of the first sample that a worker has not processed; one writer, any number who wait."""

    def __init__(self) -> None:
        self._position = 0
        self._is_closed = False
        self._news = threading.Condition()

    @property
    def position(self) -> int:
        """Number of the first sample that is not processed."""
        return self._position

    @property
    def closed(self) -> bool:
        """Whether it goes no further."""
        return self._is_closed

    def move_to(self, position: int) -> None:
        """Tell of progress."""
        with self._news:
            self._position = position
            self._news.notify_all()

    def close(self) -> None:
        """Go no further, and wake who waits."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()

    def wait_for(self, position: int, timeout_s: float | None = None) -> int:
        """Wait until a position is reached, nothing more will come, or a time in s has passed; return where it stands."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._position >= position, timeout_s)
            return self._position

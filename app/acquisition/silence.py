"""Tells whether a stream that says nothing is stalled."""

from __future__ import annotations

from collections import deque

STALL_S = 1.0
"""Silence in s after which a stream is stalled; three usual intervals more for streams that come in large chunks."""

LONGEST_STALL_S = 10.0


class SilenceWatch:
    """Tells how long nothing has come, and whether that is unusual."""

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=64)
        self._last: float | None = None
        self._limit_s = STALL_S

    def heard(self, now: float) -> None:
        """Take note that samples came, at a time in s."""
        if self._last is not None:
            self._intervals.append(now - self._last)
            if len(self._intervals) % 16 == 1:
                usual = sorted(self._intervals)[len(self._intervals) // 2]
                self._limit_s = min(STALL_S + (3 * usual if usual > 0.1 else 0.0), LONGEST_STALL_S)
        self._last = now

    def restart(self, now: float) -> None:
        """Begin to count at a time in s; keep what is usual."""
        self._last = now

    def silent_s(self, now: float) -> float:
        """Return for how long nothing has come, in s."""
        return 0.0 if self._last is None else now - self._last

    def is_stalled(self, now: float) -> bool:
        """Tell whether the silence is longer than usual."""
        return self.silent_s(now) > self._limit_s

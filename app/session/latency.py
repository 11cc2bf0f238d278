"""What an answer costs over the recent past: time on the clock, and time of the processor."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

KEPT = 4096
"""How many answers the statistics cover."""


class _Ranks:
    """The newest values, also in order: a percentile is then a look-up, and many ask for it between two values.

    Parameters
    ----------
    n_kept : int
        How many values count.

    Notes
    -----
    `numpy.percentile` takes 0.1 ms and more in a program whose caches are cold, as those of a window at 30 Hz are.
    """

    def __init__(self, n_kept: int) -> None:
        self._newest: deque[float] = deque()
        self._ordered: list[float] = []
        self._n_kept = n_kept

    def push(self, value: float) -> None:
        """Take a value; the oldest of too many is forgotten."""
        insort(self._ordered, value)  # first more, then less: another thread may be reading
        self._newest.append(value)
        if len(self._newest) > self._n_kept:
            del self._ordered[bisect_left(self._ordered, self._newest.popleft())]

    def percentile(self, percent: float) -> float | None:
        """Return a percentile, between two values by a straight line, or None without values."""
        values, last = self._ordered, len(self._ordered) - 1
        if last < 0:
            return None
        at = percent / 100.0 * last
        low = math.floor(at)
        below, above = values[low], values[min(low + 1, last)]
        return below + (at - low) * (above - below)


class LatencyMeter:
    """Percentiles of the newest latencies."""

    def __init__(self) -> None:
        self._values = _Ranks(KEPT)

    def push(self, latency_s: float) -> None:
        """Take one latency in s."""
        self._values.push(latency_s)

    def percentile(self, percent: float) -> float | None:
        """Return a percentile in s, or None before the first answer."""
        return self._values.percentile(percent)


class CostMeter:
    """Processor time that a thread takes for an answer: the steps that lead to it included, the median over the newest."""

    def __init__(self) -> None:
        self._pending_s = 0.0
        self._values = _Ranks(KEPT // 16)

    def push(self, processor_s: float, n_answers: int) -> None:
        """Take the processor time in s of a step, and how many answers came of it."""
        self._pending_s += processor_s
        if n_answers:
            self._values.push(self._pending_s / n_answers)
            self._pending_s = 0.0

    @property
    def median_s(self) -> float | None:
        """Processor time of an answer in s, or None before the first."""
        return self._values.percentile(50)

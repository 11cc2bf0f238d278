"""What an answer costs over the recent past: time on the clock, and time of the processor."""

from __future__ import annotations

from collections import deque

import numpy as np

KEPT = 4096
"""How many answers the statistics cover."""


class LatencyMeter:
    """Percentiles of the newest latencies."""

    def __init__(self) -> None:
        self._values = np.empty(KEPT)
        self._n_values = 0
        self._known: dict[float, float] = {}

    def push(self, latency_s: float) -> None:
        """Take one latency in s."""
        self._values[self._n_values % KEPT] = latency_s
        self._n_values += 1
        self._known = {}

    def percentile(self, percent: float) -> float | None:
        """Return a percentile in s, or None before the first answer; many ask between two answers."""
        known = self._known
        if percent not in known and self._n_values:
            known[percent] = float(np.percentile(self._values[: self._n_values], percent))
        return known.get(percent)


class CostMeter:
    """Processor time that a thread takes for an answer: the steps that lead to it included, the median over the newest."""

    def __init__(self) -> None:
        self._pending_s = 0.0
        self._values: deque[float] = deque(maxlen=KEPT // 16)

    def push(self, processor_s: float, n_answers: int) -> None:
        """Take the processor time in s of a step, and how many answers came of it."""
        self._pending_s += processor_s
        if n_answers:
            self._values.append(self._pending_s / n_answers)
            self._pending_s = 0.0

    @property
    def median_s(self) -> float | None:
        """Processor time of an answer in s, or None before the first."""
        return float(np.median(list(self._values))) if self._values else None

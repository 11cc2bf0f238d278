"""What an answer costs over the recent past: time on the clock, and time of the processor."""

from __future__ import annotations

from collections import deque

import numpy as np

KEPT = 4096
"""How many answers the statistics cover."""


class LatencyMeter:
    """Percentiles of the newest latencies."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=KEPT)

    def push(self, latency_s: float) -> None:
        """Take one latency in s."""
        self._values.append(latency_s)

    def percentile(self, percent: float) -> float | None:
        """Return a percentile in s, or None before the first answer."""
        return float(np.percentile(list(self._values), percent)) if self._values else None


class CostMeter:
    """Mean processor time of a thread for each answer since the start."""

    def __init__(self) -> None:
        self._total_s = 0.0
        self._n_answers = 0

    def push(self, processor_s: float, n_answers: int) -> None:
        """Take the processor time in s of a step, and how many answers came of it."""
        self._total_s += processor_s
        self._n_answers += n_answers

    @property
    def mean_s(self) -> float | None:
        """Processor time of an answer in s, or None before the first."""
        return self._total_s / self._n_answers if self._n_answers else None

"""Latency statistics over the recent past."""

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

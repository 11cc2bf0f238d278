"""The sampling rate that the time stamps show."""

from __future__ import annotations

from collections import deque

import numpy as np

SPAN_S = 60.0
"""How much of the past the regression covers, in s."""

MATURE_S = 2.0
"""How much it needs before it says anything, in s."""

_POINTS = 512
_REFIT_S = 0.5


class RateEstimate:
    """Straight line through (sample number, time stamp), restarted at each gap.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.

    Notes
    -----
    Least squares over at most a minute; the slope is the sampling interval.
    """

    def __init__(self, sfreq: float) -> None:
        self._nominal = sfreq
        self._known: float | None = None
        self.restart()

    @property
    def sfreq(self) -> float | None:
        """Sampling rate in Hz, or None until it is known; a restart keeps the last one."""
        return self._known

    def restart(self) -> None:
        """Begin a new line."""
        self._points: deque[tuple[int, float]] = deque(maxlen=_POINTS)
        self._fitted_at = -np.inf
        self._line: tuple[float, float, float] | None = None

    def add(self, number: int, stamp: float) -> None:
        """Take a sample's number and its time stamp in s."""
        if self._points and stamp - self._points[-1][1] < SPAN_S / _POINTS:
            return
        self._points.append((number, stamp))
        if stamp - self._fitted_at >= _REFIT_S and stamp - self._points[0][1] >= MATURE_S:
            self._fit(stamp)

    def _fit(self, stamp: float) -> None:
        numbers, stamps = np.array(self._points).T
        centre, intercept = numbers.mean(), stamps.mean()
        numbers -= centre
        slope = float(numbers @ (stamps - intercept) / (numbers @ numbers))
        if slope > 0:
            self._known = 1.0 / slope
            self._line = float(intercept), slope, float(centre)
        self._fitted_at = stamp

    @property
    def line(self) -> tuple[float, float, float] | None:
        """A stamp in s, the sampling interval in s, and the sample number at which the line has that stamp; None without one."""
        return self._line

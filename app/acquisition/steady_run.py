"""The short way of samples whose time stamps go on as they should, which is nearly all of them."""

from __future__ import annotations

import numpy as np

from sclcm_core.types import Chunk, Float32Array, Float64Array

LONGEST = 64
"""Samples in a chunk that is looked at one stamp after the other; longer ones go the thorough way, which is faster for them."""

_N_ROWS = 4096

Passed = tuple[Float64Array, float]
"""Raw stamps in s, shape (n_samples,), of a chunk that was passed on, and when it came, on the local clock in s."""


class SteadyRun:
    """Passes chunks on while nothing else is due, and keeps what is to be learned from them for later.

    Between `begin` and the moment it is given, a chunk needs no more than this: each of its stamps follows the one before at
    about the sampling interval, and all are moved onto the local clock by one offset. What the chunks say of rate, clock and
    silence is learned when the run ends, ten times a second.

    Notes
    -----
    What counts is how little code and memory is touched: 10 ms after the last chunk nothing of it is in the processor's cache.
    There the first ufunc costs 15 µs, a loop over ten stamps 6, and 5 more when it also writes them, moved, into memory that is
    given away with them.
    """

    def __init__(self) -> None:
        self._until = -np.inf
        self._previous = self._low = self._high = self._offset_s = 0.0
        self._passed: list[Passed] = []
        self._take_memory()

    def _take_memory(self) -> None:
        """Begin new memory; the old lives for as long as somebody has time stamps in it."""
        self._times = np.empty(_N_ROWS)
        self._cells = memoryview(self._times)  # type: ignore[arg-type]
        self._first = 0

    def begin(self, previous: float, period_s: float, offset_s: float, until: float) -> None:
        """Let chunks pass from now on.

        Parameters
        ----------
        previous : float
            Raw stamp of the last sample before, in s.
        period_s : float
            Sampling interval in s.
        offset_s : float
            What is added to raw stamps to reach the local clock, in s.
        until : float
            When something else is due, on the local clock in s.
        """
        self._previous, self._offset_s, self._until = previous, offset_s, until
        self._low, self._high = 0.5 * period_s, 1.5 * period_s

    def take(self, samples: Float32Array, stamps: Float64Array, now: float) -> Chunk | None:
        """Pass samples on.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples, n_channels)
            Potentials in µV.
        stamps : ndarray of float64, shape (n_samples,)
            Raw time stamps in s.
        now : float
            When they came, on the local clock in s.

        Returns
        -------
        Chunk or None
            With times on the local clock; None when the samples must go the thorough way, after `end`.
        """
        if now >= self._until or not 0 < len(stamps) <= LONGEST:
            return None
        if self._first + LONGEST > _N_ROWS:
            self._take_memory()
        row, previous = self._first, self._previous
        low, high, offset_s, cells = self._low, self._high, self._offset_s, self._cells
        for stamp in stamps.tolist():
            if not low < stamp - previous < high:
                return None
            cells[row] = stamp + offset_s
            previous = stamp
            row += 1
        times = self._times[self._first : row]
        self._first, self._previous = row, previous
        self._passed.append((stamps, now))
        return Chunk(samples, times)

    def end(self) -> list[Passed]:
        """Let no more chunks pass; return what is to be learned from those that did, in order."""
        self._until = -np.inf
        passed, self._passed = self._passed, []
        return passed

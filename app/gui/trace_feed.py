"""What the traces show: spans of the ring, filtered for the eye."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sclcm_core.types import Float64Array

if TYPE_CHECKING:
    from sclcm_core.streaming.filters import CausalFilter, FilterState
    from sclcm_core.streaming.ring_buffer import RingBuffer

LEAD_S = 3.0
"""Signal before a span that a filter sees first, so that its start-up is not drawn."""
CENTRING_S = 6.0


@dataclass(frozen=True, slots=True)
class DisplayFilter:
    """A choice of filter; it changes what is drawn and nothing else.

    Parameters
    ----------
    title : str
        What the menu says.
    low, high : float
        Edges of the pass band in Hz; both 0 for the signal as it came, only its mean taken away.
    """

    title: str
    low: float = 0.0
    high: float = 0.0


DISPLAY_FILTERS: tuple[DisplayFilter, ...] = (
    DisplayFilter("Raw, centred"),
    DisplayFilter("0.5–45 Hz", 0.5, 45.0),
    DisplayFilter("1–30 Hz", 1.0, 30.0),
    DisplayFilter("14–45 Hz", 14.0, 45.0),
)


class TraceFeed:
    """Reads consecutive spans of some channels, with the state of the filter kept between them.

    Parameters
    ----------
    buffer : RingBuffer
        Where the samples are.
    sfreq : float
        Sampling rate in Hz.
    columns : list of int
        Which channels, in the order of the lanes.
    choice : DisplayFilter
        What is done to them.
    """

    def __init__(self, buffer: RingBuffer, sfreq: float, columns: list[int], choice: DisplayFilter) -> None:
        self._buffer = buffer
        self._sfreq = sfreq
        self._columns = np.array(columns, dtype=np.intp)
        self._filter = _design(choice, sfreq)
        self._state: FilterState | None = None
        self._held: Float64Array = np.zeros(len(columns))
        self._offset: Float64Array = np.zeros(len(columns))
        self._position = -1

    def read(self, start: int, stop: int) -> tuple[Float64Array, int]:
        """Return a span as it is to be drawn.

        Parameters
        ----------
        start, stop : int
            Numbers of the first sample and of the one after the last. What is no longer held is left out.

        Returns
        -------
        values : ndarray of float64, shape (n_samples, n_lanes)
            Potentials in µV; NaN where there is none.
        start : int
            Number of the first of them.
        """
        if start != self._position:
            self._begin(start, stop)
        raw, start = self._copy(start, stop)
        self._position = start + len(raw)
        return self._show(raw), start

    def _begin(self, start: int, stop: int) -> None:
        lead, _ = self._copy(start - round(LEAD_S * self._sfreq), start)
        first, _ = (lead, 0) if len(lead) else self._copy(start, stop)
        with np.errstate(all="ignore"):
            middle = np.nan_to_num(_mean(first.astype(np.float64)))
        self._state = None
        self._held, self._offset = middle.copy(), middle
        if len(lead):
            self._show(lead)

    def _copy(self, start: int, stop: int) -> tuple[Float64Array, int]:
        """Return a copy of what is held of a span, and where it begins."""
        buffer = self._buffer
        stop = min(stop, buffer.head)
        while True:
            start = min(max(start, buffer.tail, 0), stop)
            if start == stop:
                return np.zeros((0, len(self._columns))), start
            raw = buffer.view(start, stop).take(self._columns, axis=1)
            if buffer.holds(start):
                return raw, start

    def _show(self, raw: Float64Array) -> Float64Array:
        if math.isfinite(np.add.reduce(raw, axis=None)):
            return self._show_whole(raw)
        missing = ~np.isfinite(raw)
        shown = self._show_whole(self._fill(raw, missing))
        shown[missing] = np.nan
        return shown

    def _show_whole(self, filled: Float64Array) -> Float64Array:
        if not len(filled):
            return filled.copy()
        self._held = filled[-1]
        return self._centre(filled) if self._filter is None else self._apply(self._filter, filled)

    def _fill(self, raw: Float64Array, missing: np.ndarray) -> Float64Array:
        """Hold the last good value over what is missing; only the filter sees it, the screen shows a gap."""
        with_held = np.concatenate([self._held[None], raw])
        good = np.concatenate([np.ones((1, raw.shape[1]), bool), ~missing])
        last = np.maximum.accumulate(np.where(good, np.arange(len(good))[:, None], 0), axis=0)
        return np.asarray(np.take_along_axis(with_held, last, axis=0)[1:])

    def _centre(self, filled: Float64Array) -> Float64Array:
        share = 1.0 - math.exp(-len(filled) / (CENTRING_S * self._sfreq))
        self._offset *= 1.0 - share
        self._offset += share / len(filled) * np.add.reduce(filled, axis=0, dtype=np.float64)
        return filled - self._offset

    def _apply(self, chosen: CausalFilter, filled: Float64Array) -> Float64Array:
        filled = filled.astype(np.float64)
        if self._state is None:
            self._state = chosen.start(filled[0])
        shown, self._state = chosen.apply(filled, self._state)
        return shown


def _mean(values: Float64Array) -> Float64Array:
    finite = np.isfinite(values)
    return np.asarray(np.where(finite, values, 0.0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1))


def _design(choice: DisplayFilter, sfreq: float) -> CausalFilter | None:
    high = min(choice.high, 0.45 * sfreq)
    if not choice.low < high:
        return None
    from sclcm_core.streaming.filters import bandpass  # scipy.signal takes longer to import than all of Qt

    return bandpass(choice.low, high, sfreq, order=2)

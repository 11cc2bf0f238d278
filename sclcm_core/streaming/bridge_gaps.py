"""Carry the last good value over samples that are not numbers, so that no filter ever sees NaN."""

from __future__ import annotations

import numpy as np

from sclcm_core.types import BoolArray, Float64Array, FloatArray


class GapBridge:
    """Replace what is not a number by the last good value of its channel, and remember where.

    The first good value of each channel is subtracted throughout, so that a filter that follows starts at zero whatever the
    electrode's offset (an OpenBCI board sits at 1e5 µV).

    Parameters
    ----------
    n_channels : int
        Number of channels.

    Notes
    -----
    State: the first and the last good value of each channel. Chunking changes nothing, bit for bit.
    """

    def __init__(self, n_channels: int) -> None:
        self._anchor = np.full(n_channels, np.nan)
        self._last = np.full(n_channels, np.nan)

    def push(self, samples: FloatArray) -> tuple[Float64Array, BoolArray]:
        """Bridge the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Potentials in µV; NaN or infinite where there is none.

        Returns
        -------
        bridged : ndarray of float64, shape (n_samples, n_channels)
            Potentials in µV relative to the first good value; finite.
        valid : ndarray of bool, shape (n_samples, n_channels)
            False where a value was carried over.
        """
        data = np.asarray(samples, dtype=np.float64)
        valid = np.isfinite(data)
        if not len(data):
            return data, valid
        if not valid.all():
            data = self._carry_over(data, valid)
        if np.isnan(self._anchor).any():
            self._anchor = np.where(np.isnan(self._anchor), _first_good(data), self._anchor)
        self._last = data[-1].copy()
        bridged = data - self._anchor
        if not valid.all():
            bridged[np.isnan(bridged)] = 0.0
        return bridged, valid

    def _carry_over(self, data: Float64Array, valid: BoolArray) -> Float64Array:
        rows = np.where(valid, np.arange(len(data))[:, None], -1)
        source = np.maximum.accumulate(rows, axis=0)
        carried = np.take_along_axis(data, np.maximum(source, 0), axis=0)
        return np.where(source >= 0, carried, self._last)


def _first_good(data: Float64Array) -> Float64Array:
    """Return the first number of each channel, shape (n_channels,), in µV; NaN where there is none."""
    good = ~np.isnan(data)
    first: Float64Array = np.take_along_axis(data, good.argmax(axis=0)[None], axis=0)[0]
    return first

"""What is wrong with a sample, as a small number that travels beside it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sclcm_core.types import BoolArray, Float64Array, MarkArray

GOOD, MISSING, FLAT = 0, 1, 2
"""A sample is good, was lost or not a number, or lies in a stretch in which its channel does not move."""

FLAT_AFTER_S = 0.25
"""A channel that has not moved for this long, in s, is called flat."""

FLAT_STEP = 0.005
"""A step smaller than this, in µV, is no movement."""


class FlatWatch:
    """Finds stretches in which a channel does not move.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_channels : int
        Number of channels.

    Notes
    -----
    State: the last value of each channel and how long it has stood. Chunking changes nothing.
    """

    def __init__(self, sfreq: float, n_channels: int) -> None:
        self._n_needed = max(2, round(FLAT_AFTER_S * sfreq))
        self._last = np.full(n_channels, np.nan)
        self._standing = np.zeros(n_channels, dtype=np.int64)

    def push(self, samples: Float64Array) -> BoolArray:
        """Look at the next samples.

        Parameters
        ----------
        samples : ndarray of float64, shape (n_samples, n_channels)
            Finite potentials in µV.

        Returns
        -------
        ndarray of bool, shape (n_samples, n_channels)
            True where the channel has stood still for long.
        """
        if not len(samples):
            return np.zeros(samples.shape, dtype=np.bool_)
        steps = np.empty_like(samples)
        np.subtract(samples[1:], samples[:-1], out=steps[1:])
        np.subtract(samples[0], self._last, out=steps[0])
        still = np.abs(steps, out=steps) < FLAT_STEP
        self._last = samples[-1].copy()
        # few channels ever stand still for so many samples: the others are told by a count, ten times as fast
        n_still = np.ones(len(still), np.float32) @ still.astype(np.float32)
        flat = np.zeros(samples.shape, dtype=np.bool_)
        suspects = np.flatnonzero(self._standing + n_still >= self._n_needed)
        before, self._standing = self._standing, np.zeros_like(self._standing)
        for k in np.union1d(suspects, np.flatnonzero(still[-1])):
            standing = _standing(~still[:, k : k + 1], before[k : k + 1])
            flat[:, k : k + 1] = standing >= self._n_needed
            self._standing[k] = standing[-1, 0]
        return flat


def _standing(moved: BoolArray, before: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count since when each channel stands, shape (n_samples, n_channels), as a number of samples."""
    rows = np.arange(len(moved))[:, None]
    last_move = np.maximum.accumulate(np.where(moved, rows, -1), axis=0)
    standing: npt.NDArray[np.int64] = np.where(last_move >= 0, rows - last_move, before + rows + 1)
    return standing


def merge(valid: BoolArray, flat: BoolArray) -> MarkArray:
    """Write validity and flatness as marks, all of shape (n_samples, n_channels)."""
    if valid.all() and not flat.any():
        return np.zeros(valid.shape, dtype=np.uint8)
    return np.where(valid, np.where(flat, np.uint8(FLAT), np.uint8(GOOD)), np.uint8(MISSING))

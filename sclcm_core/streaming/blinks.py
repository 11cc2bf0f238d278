"""Eye blinks, found at the forehead."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from sclcm_core.montage import canonical_name
from sclcm_core.types import Float32Array, Float64Array, FloatArray

_FOREHEAD = ("Fp1", "Fp2", "Fpz", "AF7", "AF8", "AF3", "AF4", "AFz")
_WINDOW_S, _SETTLED_S = 4.0, 1.0
_MEMORY_S, _PATIENCE_S = 60.0, 15.0
_SMOOTH_S, _APART_S = 0.08, 0.25
_WIDTH_S = (0.05, 0.6)
_LOWEST_UV = 40.0
_TIMES_SPREAD = 3.5


def forehead(ch_names: Sequence[str]) -> list[int]:
    """Return where the electrodes that see blinks best stand, at most two.

    Parameters
    ----------
    ch_names : sequence of str
        Labels as the source gives them.

    Examples
    --------
    >>> forehead(["EEG O1", "EEG Fp2", "AF7", "EEG Fp1"])
    [3, 1]
    >>> forehead(["T7", "T8"])
    []
    """
    by_name = {canonical_name(label): index for index, label in reversed(list(enumerate(ch_names)))}
    return [by_name[name] for name in _FOREHEAD if name in by_name][:2]


def find_blinks(samples: FloatArray, sfreq: float) -> Float64Array:
    """Find blinks: bumps of a few tenths of a second, up at the forehead, that tower over what is usual there.

    Parameters
    ----------
    samples : ndarray, shape (n_channels, n_times)
        Potentials of forehead electrodes in µV, a few seconds of them; NaN where a sample was lost.
    sfreq : float
        Sampling rate in Hz.

    Returns
    -------
    ndarray of float64, shape (n_blinks,)
        When, in s from the first sample.

    Examples
    --------
    >>> t = np.arange(0, 4, 1 / 128)
    >>> bump = 150 * np.exp(-0.5 * ((t - 2.5) / 0.08) ** 2)
    >>> find_blinks(bump[None], 128.0).round(1).tolist()
    [2.5]
    """
    from scipy.ndimage import uniform_filter1d  # imported late: scipy.signal takes 0.9 s and 75 MB
    from scipy.signal import find_peaks

    trace = np.where(np.isfinite(samples), samples, np.nanmedian(_finite(samples), axis=1, keepdims=True)).mean(axis=0)
    smooth = uniform_filter1d(trace - np.median(trace), max(1, round(_SMOOTH_S * sfreq)))
    spread = float(np.median(np.abs(smooth))) * 1.4826
    peaks, _ = find_peaks(
        smooth,
        height=max(_LOWEST_UV, _TIMES_SPREAD * spread),
        distance=max(1, round(_APART_S * sfreq)),
        prominence=_LOWEST_UV,
        width=(_WIDTH_S[0] * sfreq, _WIDTH_S[1] * sfreq),
    )
    times: Float64Array = peaks / sfreq
    return times


def _finite(samples: FloatArray) -> FloatArray:
    """Return the samples with a zero in front of channels that have none at all, so that a median exists."""
    out = np.where(np.isfinite(samples), samples, np.nan)
    out[np.isnan(out).all(axis=1)] = 0.0
    return out


class BlinkCounter:
    """Counts the blinks of the last minute.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Labels of the channels; without an electrode at the forehead nothing is counted.

    Notes
    -----
    A blink is counted when it is a second old and can be seen whole. State: the newest four seconds of the forehead, and when
    the blinks of the last minute were.
    """

    def __init__(self, sfreq: float, ch_names: Sequence[str]) -> None:
        self._sfreq, self._columns = sfreq, forehead(ch_names)
        self._past: Float32Array = np.zeros((0, len(self._columns)), dtype=np.float32)
        self._blinks: deque[float] = deque()
        self._n_seen = 0
        self._counted_s = 0.0

    def push(self, samples: FloatArray) -> float | None:
        """Take the next samples.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Potentials of all channels in µV; NaN where a sample was lost. At most a few seconds.

        Returns
        -------
        float or None
            Blinks per minute; None without an electrode at the forehead, and in the first seconds.
        """
        if not self._columns:
            return None
        self._n_seen += len(samples)
        self._past = np.concatenate([self._past, samples[:, self._columns]])[-round(_WINDOW_S * self._sfreq) :]
        settled_s = self._n_seen / self._sfreq - _SETTLED_S
        if len(self._past) >= round(_WINDOW_S * self._sfreq):
            self._count(settled_s)
        while self._blinks and self._blinks[0] < settled_s - _MEMORY_S:
            self._blinks.popleft()
        seen_s = min(self._counted_s, _MEMORY_S)
        return 60.0 * len(self._blinks) / seen_s if seen_s >= _PATIENCE_S else None

    def _count(self, settled_s: float) -> None:
        first_s = (self._n_seen - len(self._past)) / self._sfreq
        found = first_s + find_blinks(self._past.T, self._sfreq)
        self._blinks.extend(float(t) for t in found if self._counted_s <= t < settled_s)
        self._counted_s = settled_s

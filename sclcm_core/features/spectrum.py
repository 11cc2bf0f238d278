"""Power of a window in frequency bands: the one spectral estimate on which the features stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft

from sclcm_core.bands import Band
from sclcm_core.types import Float32Array, Float64Array, FloatArray

_LANES = 16
"""Columns in a multiple of which the transform is done; as many single-precision numbers as any processor takes at once."""


def band_variance(data: FloatArray, sfreq: float, bands: Sequence[Band]) -> Float64Array:
    """Return the variance of a signal inside frequency bands.

    Parameters
    ----------
    data : ndarray, shape (..., n_channels, n_times)
        Potentials in µV.
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of Band
        Bands in Hz, ``low`` included and ``high`` excluded.

    Returns
    -------
    ndarray of float64, shape (..., n_bands, n_channels)
        Variances in µV².

    Notes
    -----
    The mean is removed, a Hann window ``w`` applied, and the periodogram summed over the band:
    ``2 / (N Σw²) Σ_{low <= f_k < high} |Y_k|²`` (Parseval; white noise of variance 1 gives the band's share of the spectrum).
    Both are done in the spectrum ``X`` of the signal as it is, where they cost half: ``X_0 = 0``, and
    ``Y_k = (2 X_k - X_{k-1} - X_{k+1}) / 4``. Computed in float32 once each channel's first sample is taken off, so that an
    electrode's offset costs no digits; of real EEG the entropies deviate from those in float64 by less than 1e-5 nats. Every
    signal has a column of its own, so a batch of windows gives the same bits as each window alone.
    """
    data = np.asarray(data, dtype=np.result_type(data, np.float32))
    n_times, n_signals = data.shape[-1], data[..., 0].size
    bins = _bins(n_times, sfreq, tuple(bands))
    start, stop = min(first for first, _ in bins), max(last for _, last in bins)
    power = _tapered(_columns(data), start, stop).view(np.float32)
    power *= power
    sums = np.empty((len(bins), power.shape[1]), np.float32)
    for row, (first, last) in zip(sums, bins, strict=True):
        np.add.reduce(power[first - start : last - start], axis=0, out=row)
    both = (sums[:, 0::2] + sums[:, 1::2])[:, :n_signals].astype(np.float64)  # real and imaginary parts
    both *= _scale(n_times)
    shaped = both.reshape(len(bins), *data.shape[:-1])
    return np.ascontiguousarray(shaped.transpose(*range(1, data.ndim - 1), 0, -1))


def _columns(data: FloatArray) -> Float32Array:
    """Return each signal less its first sample as a column, (n_times, n_columns).

    Time runs over the rows, so that every step but the transform works on whole rows. The width is filled up with zeros: the
    transform takes several columns at once and a rest one by one, and a column must not depend on where it stands.
    """
    n_signals = data[..., 0].size
    columns = np.empty((data.shape[-1], _LANES * max(1, -(-n_signals // _LANES))), np.float32)
    columns[:, n_signals:] = 0.0
    by_time = data.transpose(-1, *range(data.ndim - 1))
    np.subtract(by_time, by_time[0], out=columns[:, :n_signals].reshape(by_time.shape), casting="same_kind")
    return columns


def _tapered(columns: Float32Array, start: int, stop: int) -> npt.NDArray[np.complex64]:
    """Return twice the tapered spectrum of bins `start` to `stop`, the last left out, (n_bins, n_columns)."""
    spectrum = rfft(columns, axis=0)
    spectrum[0] = 0.0
    if stop == len(spectrum):  # the bin beyond half the rate mirrors the one as far below it
        spectrum = np.concatenate([spectrum, spectrum[[len(columns) - stop]].conj()])
    tapered = spectrum[start - 1 : stop - 1] + spectrum[start + 1 : stop + 1]
    tapered *= np.float32(-0.5)
    tapered += spectrum[start:stop]
    return np.asarray(tapered)


def band_width(n_times: int, sfreq: float, bands: Sequence[Band]) -> Float64Array:
    """Return the width in Hz that the spectrum's bins give each band, shape (n_bands,).

    Parameters
    ----------
    n_times : int
        Length of the window in samples.
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of Band
        Bands in Hz.
    """
    return np.array([(last - first) * sfreq / n_times for first, last in _bins(n_times, sfreq, tuple(bands))])


def _scale(n_times: int) -> float:
    """Return ``2 / (N Σw²)`` over four, for twice the tapered spectrum: the sum over Hann's window squared is ``3 N / 8``."""
    return 0.5 / (n_times * 0.375 * n_times)


@lru_cache(maxsize=64)
def _bins(n_times: int, sfreq: float, bands: tuple[Band, ...]) -> tuple[tuple[int, int], ...]:
    frequencies = np.fft.rfftfreq(n_times, 1.0 / sfreq)
    out = []
    for band in bands:
        # the bins' frequencies are rounded: 8.000000000000002 Hz must count as 8 Hz
        first, last = (int(np.searchsorted(frequencies, edge - 1e-9)) for edge in (band.low, band.high))
        first = max(first, 1)
        last = min(last, (n_times - 1) // 2 + 1)
        if last <= first:
            raise ValueError(
                f"A window of {n_times / sfreq:g} s at {sfreq:g} Hz has no spectral bin in {band.name} "
                f"({band.low:g}-{band.high:g} Hz); use longer windows, another band or a higher rate."
            )
        out.append((first, last))
    return tuple(out)

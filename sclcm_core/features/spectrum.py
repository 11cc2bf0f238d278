"""Power of a window in frequency bands: the one spectral estimate on which the features stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.types import Float64Array, FloatArray


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
    ``Y_k = (2 X_k - X_{k-1} - X_{k+1}) / 4``. Computed in float64 row by row, so a batch of windows gives the same bits as
    each window alone.
    """
    n_times = data.shape[-1]
    bins = _bins(n_times, sfreq, tuple(bands))
    start, stop = min(first for first, _ in bins), max(last for _, last in bins)
    tapered = _tapered(np.asarray(data, dtype=np.float64), start, stop)
    tapered *= tapered
    edges = [2 * (edge - start) for pair in bins for edge in pair]
    sums = np.add.reduceat(tapered, edges, axis=-1)[..., ::2]  # every second one lies between two bands
    return np.ascontiguousarray(np.swapaxes(sums, -1, -2)) * _scale(n_times)


def _tapered(data: Float64Array, start: int, stop: int) -> Float64Array:
    """Return twice the tapered spectrum, real and imaginary parts in turn: bin `start` to `stop` (which only ends the last sum)."""
    n_times = data.shape[-1]
    rows = np.empty((*data.shape[:-1], n_times // 2 + 1), np.complex128)  # row by row in memory, however the data lie
    spectrum = np.fft.rfft(data, axis=-1, out=rows)
    spectrum[..., 0] = 0.0
    beyond = n_times - np.arange(spectrum.shape[-1], stop + 2)
    if len(beyond):
        spectrum = np.concatenate([spectrum, spectrum[..., beyond].conj()], axis=-1)
    parts = spectrum.view(np.float64)
    out = parts[..., 2 * start - 2 : 2 * stop] + parts[..., 2 * start + 2 : 2 * stop + 4]
    out *= -0.5
    out += parts[..., 2 * start : 2 * stop + 2]
    return np.asarray(out)


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

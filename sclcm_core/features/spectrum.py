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
    ``2 / (N Σw²) Σ_{low <= f_k < high} |X_k|²`` (Parseval; white noise of variance 1 gives the band's share of the spectrum).
    Computed in float64 row by row, so a batch of windows gives the same bits as each window alone.
    """
    n_times = data.shape[-1]
    taper, scale = _hann(n_times)
    bins = _bins(n_times, sfreq, tuple(bands))
    centred = np.asarray(data, dtype=np.float64)
    centred = centred - centred.mean(axis=-1, keepdims=True)
    centred *= taper
    spectrum = np.fft.rfft(centred, axis=-1)[..., : max(last for _, last in bins)]
    power = np.ascontiguousarray(spectrum.real**2 + spectrum.imag**2)
    return np.stack([power[..., first:last].sum(axis=-1) * scale for first, last in bins], -2)


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


@lru_cache(maxsize=64)
def _hann(n_times: int) -> tuple[Float64Array, float]:
    taper = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_times) / n_times)
    taper.flags.writeable = False
    return taper, 2.0 / (n_times * float(np.sum(taper**2)))


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

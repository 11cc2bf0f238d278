"""Spectra of the newest signal, by the one spectral estimate of the features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.features.psd import power_spectral_density
from sclcm_core.types import Float64Array, FloatArray

HIGHEST_HZ = 50.0


@lru_cache(maxsize=32)
def fine_bands(step: float, sfreq: float, highest: float = HIGHEST_HZ) -> tuple[Band, ...]:
    """Return narrow bands, one a line of the spectrum, from one step up to a highest frequency in Hz."""
    top = min(highest, 0.48 * sfreq)
    centres = np.arange(1, int(top / step) + 1) * step
    return tuple(Band(f"{f:g}", float(f - step / 2), float(f + step / 2)) for f in centres)


def density(samples: FloatArray, sfreq: float, window_s: float) -> tuple[Float64Array, Float64Array]:
    """Return the spectrum of a signal, averaged over half-overlapping windows.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials in µV; windows with a missing sample are left out.
    sfreq : float
        Sampling rate in Hz.
    window_s : float
        Length of a window in s; the lines are ``1 / window_s`` Hz apart.

    Returns
    -------
    frequencies : ndarray of float64, shape (n_lines,)
        In Hz.
    level : ndarray of float64, shape (n_lines, n_channels)
        In dB relative to 1 µV²/Hz; NaN when no window is whole.

    Notes
    -----
    Welch 1967, doi:10.1109/TAU.1967.1161901: the power of the windows is averaged, then turned to dB.
    """
    n = round(window_s * sfreq)
    bands = fine_bands(1.0 / window_s, sfreq)
    frequencies = np.array([(b.low + b.high) / 2 for b in bands])
    starts = range(0, len(samples) - n + 1, max(1, n // 2))
    whole = [samples[s : s + n].T for s in starts if np.isfinite(samples[s : s + n]).all()]
    if not whole:
        return frequencies, np.full((len(bands), samples.shape[1]), np.nan)
    levels = power_spectral_density(np.stack(whole), sfreq, bands)
    return frequencies, 10.0 * np.log10(np.mean(10.0 ** (levels / 10.0), axis=0))

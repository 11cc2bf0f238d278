"""Power spectral density of EEG in frequency bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.features.spectrum import band_variance, band_width
from sclcm_core.types import Float64Array, FloatArray

SMALLEST_DENSITY = 1e-12
"""Floor in µV²/Hz under the logarithm."""


def power_spectral_density(data: FloatArray, sfreq: float, bands: Sequence[Band]) -> Float64Array:
    """Return the mean power spectral density of each channel in each band.

    Parameters
    ----------
    data : ndarray, shape (..., n_channels, n_times)
        Potentials in µV.
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of Band
        Bands in Hz.

    Returns
    -------
    ndarray of float64, shape (..., n_bands, n_channels)
        Densities in dB relative to 1 µV²/Hz.

    Notes
    -----
    ``10 log10(σ_b² / Δf_b)`` with the Hann-windowed periodogram (Welch 1967, doi:10.1109/TAU.1967.1161901, one segment).
    """
    density = band_variance(data, sfreq, bands) / band_width(data.shape[-1], sfreq, bands)[:, None]
    return 10.0 * np.log10(np.maximum(density, SMALLEST_DENSITY))

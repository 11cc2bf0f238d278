"""Differential entropy of EEG in frequency bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.features.spectrum import band_variance
from sclcm_core.types import Float64Array, FloatArray

SMALLEST_VARIANCE = 1e-12
"""Floor in µV² under the logarithm: a flat channel gives a finite number, and is marked elsewhere."""


def entropy_of_variance(variance: FloatArray) -> Float64Array:
    """Return the differential entropy of a Gaussian from its variance.

    Parameters
    ----------
    variance : ndarray, any shape
        Variances in µV².

    Returns
    -------
    ndarray of float64, same shape
        Differential entropies in nats.

    Notes
    -----
    ``h = ½ ln(2πe σ²)`` (Shi, Jiao & Lu 2013, doi:10.1109/EMBC.2013.6611075).

    Examples
    --------
    >>> entropy_of_variance(np.array([1.0])).round(6)
    array([1.418939])
    """
    return 0.5 * np.log(2.0 * np.pi * np.e * np.maximum(variance, SMALLEST_VARIANCE))


def differential_entropy(data: FloatArray, sfreq: float, bands: Sequence[Band]) -> Float64Array:
    """Return the differential entropy of each channel in each band, from the spectrum.

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
        Differential entropies in nats.

    Notes
    -----
    ``½ ln(2πe σ_b²)`` with the band's variance ``σ_b²`` from a Hann-windowed periodogram, that of SEED's own features up
    to their scale (Duan, Zhu & Lu 2013, doi:10.1109/NER.2013.6695876).
    """
    return entropy_of_variance(band_variance(data, sfreq, bands))

"""Power spectra averaged over overlapping segments, and the share of the power in each band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.features.psd import SMALLEST_DENSITY
from sclcm_core.features.spectrum import band_variance, band_width
from sclcm_core.types import Float64Array, FloatArray


def welch_density(data: FloatArray, sfreq: float, bands: Sequence[Band], segment: int) -> Float64Array:
    """Return the mean power spectral density of each channel in each band, averaged over segments.

    Parameters
    ----------
    data : ndarray, shape (..., n_channels, n_times)
        Potentials in µV.
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of Band
        Bands in Hz.
    segment : int
        Length of a segment in samples; the next one starts half a segment later.

    Returns
    -------
    ndarray of float64, shape (..., n_bands, n_channels)
        Densities in dB relative to 1 µV²/Hz.

    Notes
    -----
    Welch 1967, doi:10.1109/TAU.1967.1161901: the Hann-windowed periodograms of segments that overlap by half are averaged. Each
    halving of the segment halves the variance of the estimate, and its resolution.
    """
    starts = range(0, data.shape[-1] - segment + 1, segment - segment // 2)
    variances = [band_variance(data[..., start : start + segment], sfreq, bands) for start in starts]
    mean = np.sum(variances, axis=0) / len(variances)
    density = mean / band_width(segment, sfreq, bands)[:, None]
    return np.asarray(10.0 * np.log10(np.maximum(density, SMALLEST_DENSITY)))


def relative_power(data: FloatArray, sfreq: float, bands: Sequence[Band]) -> Float64Array:
    """Return the share of each band in the power of all.

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
        Shares in 0..1 of the variance between the lowest and the highest edge, without unit.

    Notes
    -----
    ``σ_b² / σ²`` (Jenke, Peer & Buss 2014, doi:10.1109/TAFFC.2014.2339834), by the same spectrum as the other features. Does not
    depend on the gain; bands that leave nothing out sum to 1.
    """
    whole = Band("all", min(band.low for band in bands), max(band.high for band in bands))
    variance = band_variance(data, sfreq, (*bands, whole))
    return variance[..., :-1, :] / np.maximum(variance[..., -1:, :], SMALLEST_DENSITY)

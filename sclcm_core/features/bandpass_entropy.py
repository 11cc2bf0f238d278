"""Differential entropy of band-passed signals: the definition that needs a filter."""

from __future__ import annotations

import numpy as np

from sclcm_core.features.differential_entropy import entropy_of_variance
from sclcm_core.types import Float64Array, FloatArray


def bandpass_differential_entropy(filtered: FloatArray) -> Float64Array:
    """Return the differential entropy of band-passed signals.

    Parameters
    ----------
    filtered : ndarray, shape (..., n_bands, n_channels, n_times)
        Band-passed potentials in µV.

    Returns
    -------
    ndarray of float64, shape (..., n_bands, n_channels)
        Differential entropies in nats.

    Notes
    -----
    ``½ ln(2πe σ²)`` with ``σ²`` the variance of the band-passed window (Shi, Jiao & Lu 2013, doi:10.1109/EMBC.2013.6611075). The
    filters run causally through the whole stream. Code that filters each window from rest (TorchEEG's
    ``BandDifferentialEntropy``) has the filter's transient in every window: 0.17 nats too low in delta, and ruled by the
    electrode's offset where there is one; its unit is the bit, 1 / ln 2 nats.
    """
    data = np.asarray(filtered, dtype=np.float64)
    n_times = data.shape[-1]
    # sums that follow the layout in memory, whatever it is; the mean of a band-passed window is small, so that nothing is lost
    # by subtracting its square at the end
    mean_square = np.einsum("...t,...t->...", data, data) / n_times
    return entropy_of_variance(np.asarray(mean_square - (np.einsum("...t->...", data) / n_times) ** 2))

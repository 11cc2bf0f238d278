"""A bank of causal band-pass filters that keeps its state between chunks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.streaming.filters import CausalFilter, FilterState, bandpass
from sclcm_core.types import Float64Array


class FilterBank:
    """Splits a stream into frequency bands, chunk by chunk.

    Parameters
    ----------
    bands : sequence of Band
        Bands in Hz; ``low = 0`` makes a low-pass.
    sfreq : float
        Sampling rate in Hz.
    n_channels : int
        Number of channels.
    order : int
        Order of the Butterworth prototypes.

    Notes
    -----
    Starts from rest: the first sample should be near 0 µV, as the gap bridge makes it. Chunking changes nothing, bit for bit.
    State: the delay values of the filters.
    """

    def __init__(self, bands: Sequence[Band], sfreq: float, n_channels: int, order: int) -> None:
        self._filters: list[CausalFilter] = [bandpass(band.low, band.high, sfreq, order) for band in bands]
        self._states = [FilterState(np.zeros((len(f.sos), 2, n_channels))) for f in self._filters]

    def push(self, samples: Float64Array) -> Float64Array:
        """Filter the next samples.

        Parameters
        ----------
        samples : ndarray of float64, shape (n_samples, n_channels)
            Finite potentials in µV.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_bands * n_channels)
            Potentials in µV, band by band; laid out in memory channel by channel.
        """
        out = np.empty((len(self._filters), samples.shape[1], len(samples)))
        for k, causal in enumerate(self._filters):
            filtered, self._states[k] = causal.apply(samples, self._states[k])
            out[k] = filtered.T
        n_bands, n_channels, n_samples = out.shape
        return out.reshape(n_bands * n_channels, n_samples).T

"""What is done to the signal before features are computed: rebuild, re-reference, band-pass, notch. The same live and offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from sclcm_core.streaming.filters import CausalFilter, FilterState, bandpass, notch
from sclcm_core.streaming.interpolate import interpolate, rebuilding
from sclcm_core.streaming.reference import Reference, average_reference, bipolar, linked_reference
from sclcm_core.types import Float64Array

PASSBAND_ORDER = 4
"""Order of the band-pass prototype."""


class Preprocessor:
    """Rebuilds bad channels, re-references and filters a stream, chunk by chunk.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Names of the channels that will be pushed.
    rebuilt : sequence of str
        Bad channels that are rebuilt from the others.
    reference : {'as_recorded', 'average', 'linked'}
        Against what potentials are taken.
    bipolar_pairs : sequence of (str, str)
        When given, the output is these differences instead of the channels.
    passband : (float, float), optional
        Edges in Hz of a causal Butterworth band-pass; a lower edge of 0 makes a low-pass.
    notch_hz : float, optional
        Mains frequency in Hz to be cut out.

    Notes
    -----
    Causal: nothing is held back, and the filters' phase delay stays in the signal. Starts from rest: the first sample should be
    near 0 µV, as the gap bridge makes it. Chunking changes nothing, bit for bit. State: the delay values of the filters.
    """

    def __init__(
        self,
        sfreq: float,
        ch_names: Sequence[str],
        *,
        rebuilt: Sequence[str] = (),
        reference: Reference = "as_recorded",
        bipolar_pairs: Sequence[tuple[str, str]] = (),
        passband: tuple[float, float] | None = None,
        notch_hz: float | None = None,
    ) -> None:
        self._rebuild = rebuilding(ch_names, rebuilt) if rebuilt else None
        self._rereference = _rereference(tuple(ch_names), reference, tuple(bipolar_pairs))
        self._filters: list[CausalFilter] = []
        if passband is not None:
            self._filters.append(bandpass(*passband, sfreq, PASSBAND_ORDER))
        if notch_hz is not None:
            self._filters.append(notch(notch_hz, sfreq))
        n_out = len(bipolar_pairs) or len(ch_names)
        self._states = [FilterState(np.zeros((len(f.sos), 2, n_out))) for f in self._filters]

    def push(self, samples: Float64Array) -> Float64Array:
        """Process the next samples.

        Parameters
        ----------
        samples : ndarray of float64, shape (n_samples, n_channels)
            Finite potentials in µV.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_channels or n_pairs)
            Potentials in µV.
        """
        if self._rebuild:
            samples = interpolate(samples, *self._rebuild)
        data = self._rereference(samples)
        for k, causal in enumerate(self._filters):
            data, self._states[k] = causal.apply(data, self._states[k])
        return data


def _rereference(
    ch_names: tuple[str, ...], reference: Reference, pairs: tuple[tuple[str, str], ...]
) -> Callable[[Float64Array], Float64Array]:
    if pairs:
        return partial(bipolar, ch_names=ch_names, pairs=pairs)
    if reference == "linked":
        return partial(linked_reference, ch_names=ch_names)
    return average_reference if reference == "average" else _as_recorded


def _as_recorded(samples: Float64Array) -> Float64Array:
    return samples

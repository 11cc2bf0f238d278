"""The spectrogram of two channels along a visit, with the label of each moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from offline.datasets.dataset import LabelledRecording
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels, left_right_pairs
from sclcm_core.recordings import Recording
from sclcm_core.types import Float64Array

_WINDOW_S = 2.0
_HOP_S = 1.0
_HIGHEST_HZ = 50.0
_SMALLEST_DENSITY = 1e-6


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """Power over time and frequency.

    Parameters
    ----------
    ch_names : tuple of str
        The channels.
    frequencies : ndarray of float64, shape (n_frequencies,)
        In Hz.
    density : ndarray of float64, shape (n_channels, n_frequencies, n_columns)
        In dB relative to 1 µV²/Hz; NaN where samples are missing.
    label : ndarray of int64, shape (n_columns,)
        Class of each moment, a label; -1 for none.
    hop_s : float
        Time in s from one column to the next.
    title : str
        Whose it is.
    """

    ch_names: tuple[str, ...]
    frequencies: Float64Array
    density: Float64Array
    label: npt.NDArray[np.int64]
    hop_s: float
    title: str


class SpectrogramBuilder:
    """Takes the recordings of the first visit that is offered, one after the other.

    Parameters
    ----------
    spec : FeatureSpec
        Names the channels; T7 and T8 are taken where they are, otherwise the first left-right pair, otherwise the first two.
    """

    def __init__(self, spec: FeatureSpec) -> None:
        self.ch_names = _temporal_pair(spec.ch_names)
        self.visit: tuple[str, int] | None = None
        self.parts: list[Float64Array] = []
        self.labels: list[npt.NDArray[np.int64]] = []
        self.frequencies: Float64Array = np.zeros(0)

    def add(self, labelled: LabelledRecording) -> None:
        """Take a recording; those of other visits are passed over.

        Parameters
        ----------
        labelled : LabelledRecording
            The recording.
        """
        visit = (labelled.subject, labelled.session)
        self.visit = self.visit or visit
        if visit != self.visit:
            return
        self.frequencies, density = spectrogram(labelled.recording, self.ch_names)
        self.parts.append(density)
        self.labels.append(np.full(density.shape[-1], labelled.label, np.int64))

    def finish(self) -> Spectrogram:
        """Return what was taken."""
        subject, session = self.visit or ("nobody", 0)
        title = f"subject {subject}, session {session}, trials in the order of the files"
        density, label = np.concatenate(self.parts, axis=-1), np.concatenate(self.labels)
        return Spectrogram(self.ch_names, self.frequencies, density, label, _HOP_S, title)


def spectrogram(recording: Recording, ch_names: tuple[str, ...]) -> tuple[Float64Array, Float64Array]:
    """Compute the spectrogram of some channels.

    Parameters
    ----------
    recording : Recording
        The recording.
    ch_names : tuple of str
        Which channels.

    Returns
    -------
    frequencies : ndarray of float64, shape (n_frequencies,)
        From 1 to 50 Hz.
    density : ndarray of float64, shape (n_channels, n_frequencies, n_columns)
        Hann-windowed periodograms of 2 s every second, in dB relative to 1 µV²/Hz; NaN where samples are missing.
    """
    sfreq = recording.spec.sfreq
    length, hop = round(_WINDOW_S * sfreq), round(_HOP_S * sfreq)
    frequencies: Float64Array = np.fft.rfftfreq(length, 1 / sfreq).astype(np.float64)
    shown = (frequencies >= 1.0) & (frequencies <= _HIGHEST_HZ)
    signal = recording.samples[:, find_channels(ch_names, recording.spec.ch_names)[0]].astype(np.float64).T
    if signal.shape[1] < length:
        return frequencies[shown], np.zeros((len(ch_names), int(shown.sum()), 0))
    windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)[:, ::hop]
    taper = np.hanning(length + 1)[:-1]
    spectrum = np.fft.rfft((windows - windows.mean(axis=-1, keepdims=True)) * taper, axis=-1)[..., shown]
    density = 2 * np.abs(spectrum) ** 2 / (sfreq * np.sum(taper**2))
    decibel: Float64Array = 10 * np.log10(np.maximum(density, _SMALLEST_DENSITY))
    return frequencies[shown], decibel.transpose(0, 2, 1)


def _temporal_pair(ch_names: tuple[str, ...]) -> tuple[str, ...]:
    if {"T7", "T8"} <= set(ch_names):
        return ("T7", "T8")
    pairs = left_right_pairs(ch_names)
    return pairs[0] if pairs else ch_names[:2]

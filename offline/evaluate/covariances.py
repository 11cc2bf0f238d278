"""Covariance matrices of the windows' signals, for methods that look at the signal instead of its features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from offline.datasets.dataset import LabelledRecording
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels
from sclcm_core.streaming.bridge_gaps import GapBridge
from sclcm_core.streaming.resample import Resampler, rate_ratio
from sclcm_core.types import Float64Array

SHRINKAGE = 0.05
"""Share of the mean variance put onto the diagonal, so that every matrix has an inverse: averages leave a zero direction."""

_EPSILON_S = 1e-9


@dataclass(frozen=True, slots=True)
class Covariances:
    """Covariances of windows and of rests.

    Parameters
    ----------
    of_windows : ndarray of float64, shape (n, n_channels, n_channels)
        One for each window of the window set, in µV².
    of_rest : dict of int to ndarray of float64, shape (n_rest, n_channels, n_channels)
        Those of each person's baseline, cut into pieces of a window's length, in µV².
    """

    of_windows: Float64Array
    of_rest: dict[int, Float64Array]


def window_covariances(windows: WindowSet, recordings: Iterable[LabelledRecording]) -> Covariances:
    """Compute the covariances of the signals that windows were cut from.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    recordings : iterable of LabelledRecording
        The recordings that they were cut from, in the same order.

    Returns
    -------
    Covariances
        Of the channels of the windows' features, at their rate, in the band that the features cover.
    """
    n_channels = len(windows.spec.ch_names)
    out = np.tile(np.eye(n_channels), (len(windows), 1, 1))
    rest: dict[int, list[Float64Array]] = {}
    for number, labelled in enumerate(recordings):
        signal = _signal(labelled, windows.spec)
        mine = np.flatnonzero(windows.recording == number)
        starts = np.round(windows.t0[mine] * windows.spec.sfreq).astype(np.int64)
        out[mine] = _covariances(signal, starts, windows.spec)
        subject = windows.subject_names.index(labelled.subject)
        if windows.rest_recordings is None or number in windows.rest_recordings:
            starts = _rest_starts(labelled, signal, windows.spec)
            rest.setdefault(subject, []).append(_covariances(signal, starts, windows.spec))
    return Covariances(out, {subject: np.concatenate(parts) for subject, parts in rest.items()})


def _signal(labelled: LabelledRecording, spec: FeatureSpec) -> Float64Array:
    """Return the signal that the features were computed from, in the features' band, shape (n_samples, n_channels)."""
    from scipy.signal import butter, sosfiltfilt

    recording = labelled.recording
    columns, _ = find_channels(spec.ch_names, recording.spec.ch_names)
    bridged, valid = GapBridge(len(columns)).push(recording.samples[:, columns])
    if rate_ratio(recording.spec.sfreq, spec.sfreq) != 1:
        resampler = Resampler(recording.spec.sfreq, spec.sfreq, len(columns))
        bridged, _, _ = resampler.push(bridged, recording.timestamps, np.zeros(valid.shape, np.uint8))
    low, high = min(band.low for band in spec.bands), max(band.high for band in spec.bands)
    sos = butter(4, (low, min(high, 0.49 * spec.sfreq)), "bandpass", fs=spec.sfreq, output="sos")
    filtered: Float64Array = sosfiltfilt(sos, bridged, axis=0)
    return filtered


def _rest_starts(labelled: LabelledRecording, signal: Float64Array, spec: FeatureSpec) -> Int64Array:
    n_samples = min(len(signal), int(np.nan_to_num(labelled.baseline_s, posinf=1e9) * spec.sfreq + _EPSILON_S))
    length = round(spec.span_s * spec.sfreq)
    return np.arange(0, max(0, n_samples - length + 1), max(1, length // 2), dtype=np.int64)


def _covariances(signal: Float64Array, starts: Int64Array, spec: FeatureSpec) -> Float64Array:
    length = round(spec.span_s * spec.sfreq)
    out = np.empty((len(starts), signal.shape[1], signal.shape[1]))
    for row, start in enumerate(starts):
        piece = signal[start : start + length]
        covariance = np.cov(piece, rowvar=False)
        ridge = SHRINKAGE * np.trace(covariance) / len(covariance)
        out[row] = (1 - SHRINKAGE) * covariance + ridge * np.eye(len(covariance))
    return out

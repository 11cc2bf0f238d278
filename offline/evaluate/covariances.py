"""Covariance matrices of the windows' signals, for methods that look at the signal instead of its features."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from offline.datasets.dataset import LabelledRecording
from offline.datasets.rests import MOST_LATE_S, visit_of_rest
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
    session : ndarray of int64, shape (n,)
        Visit of each window.
    of_rest : dict of (int, int) to ndarray of float64, shape (n_rest, n_channels, n_channels)
        Those of the baseline of each person's visit, cut into pieces of a window's length, in µV².
    """

    of_windows: Float64Array
    session: Int64Array
    of_rest: dict[tuple[int, int], Float64Array]

    def rest(self, subject: int, session: int) -> Float64Array | None:
        """Return the covariances of the rest that is a person's baseline in a visit, shape (n_rest, n_channels, n_channels), in µV².

        Parameters
        ----------
        subject, session : int
            Index of the person, and number of the visit.

        Returns
        -------
        ndarray of float64, shape (n_rest, n_channels, n_channels), or None
            In µV², of the visit whose rest normalises the features (see `WindowSet.rest_of`); None when the person has none.
        """
        visits = [visit for person, visit in self.of_rest if person == subject]
        return self.of_rest[subject, visit_of_rest(visits, session)] if visits else None


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
    rests = _Rests(windows)
    for number, labelled in enumerate(recordings):
        signal = _signal(labelled, windows.spec)
        mine = np.flatnonzero(windows.recording == number)
        starts = np.round(windows.t0[mine] * windows.spec.sfreq).astype(np.int64)
        out[mine] = _covariances(_filtered(signal, windows.spec), starts, windows.spec)
        rests.add(number, labelled, signal)
    return Covariances(out, windows.session, rests.finish())


class _Rests:
    """Gathers the covariances of the rests that are baselines, recording by recording."""

    def __init__(self, windows: WindowSet) -> None:
        self._windows = windows
        self._found: dict[tuple[int, int], list[Float64Array]] = {}
        self._left_s: dict[tuple[int, int], float] = {}

    def add(self, number: int, labelled: LabelledRecording, signal: Float64Array) -> None:
        """Take the leading rest of a recording; of rests between trials no more than the features' baseline takes."""
        windows, spec = self._windows, self._windows.spec
        if windows.rest_recordings is not None and number not in windows.rest_recordings:
            return
        who = windows.subject_names.index(labelled.subject), labelled.session
        left_s = self._left_s.setdefault(who, MOST_LATE_S if who[0] in windows.late_rest else math.inf)
        duration_s = min(labelled.baseline_s, left_s, len(signal) / spec.sfreq)
        self._left_s[who] = left_s - duration_s
        n_samples, length = int(duration_s * spec.sfreq + _EPSILON_S), round(spec.span_s * spec.sfreq)
        if n_samples >= length:
            rest = _filtered(signal[:n_samples], spec)  # by itself: the filter looks ahead, and a trial may follow
            starts = np.arange(0, n_samples - length + 1, max(1, length // 2), dtype=np.int64)
            self._found.setdefault(who, []).append(_covariances(rest, starts, spec))

    def finish(self) -> dict[tuple[int, int], Float64Array]:
        """Return them by person and visit, each of shape (n_rest, n_channels, n_channels), in µV²."""
        return {who: np.concatenate(parts) for who, parts in self._found.items()}


def _signal(labelled: LabelledRecording, spec: FeatureSpec) -> Float64Array:
    """Return the signal that the features were computed from, at their rate, shape (n_samples, n_channels), in µV."""
    recording = labelled.recording
    columns, _ = find_channels(spec.ch_names, recording.spec.ch_names)
    bridged, valid = GapBridge(len(columns)).push(recording.samples[:, columns])
    if rate_ratio(recording.spec.sfreq, spec.sfreq) != 1:
        resampler = Resampler(recording.spec.sfreq, spec.sfreq, len(columns))
        bridged, _, _ = resampler.push(bridged, recording.timestamps, np.zeros(valid.shape, np.uint8))
    return bridged.astype(np.float64)


def _filtered(signal: Float64Array, spec: FeatureSpec) -> Float64Array:
    """Leave the features' band, forwards and backwards, shape (n_samples, n_channels), in µV."""
    from scipy.signal import butter, sosfiltfilt

    low, high = min(band.low for band in spec.bands), max(band.high for band in spec.bands)
    sos = butter(4, (low, min(high, 0.49 * spec.sfreq)), "bandpass", fs=spec.sfreq, output="sos")
    filtered: Float64Array = sosfiltfilt(sos, signal, axis=0)
    return filtered


def _covariances(signal: Float64Array, starts: Int64Array, spec: FeatureSpec) -> Float64Array:
    length = round(spec.span_s * spec.sfreq)
    out = np.empty((len(starts), signal.shape[1], signal.shape[1]))
    for row, start in enumerate(starts):
        piece = signal[start : start + length]
        covariance = np.cov(piece, rowvar=False)
        ridge = SHRINKAGE * np.trace(covariance) / len(covariance)
        out[row] = (1 - SHRINKAGE) * covariance + ridge * np.eye(len(covariance))
    return out

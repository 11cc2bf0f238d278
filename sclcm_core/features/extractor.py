"""From samples to feature frames: the same code for a live stream and for a whole recording."""

from __future__ import annotations

from dataclasses import replace
from math import gcd

import numpy as np
import numpy.typing as npt

from sclcm_core.errors import MatchError
from sclcm_core.features.frame import frame_function
from sclcm_core.features.smoothing import KalmanSmoother, MovingAverage, centred_average, kalman_ratio, lds_smooth
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels
from sclcm_core.streaming.bridge_gaps import GapBridge
from sclcm_core.streaming.filter_bank import FilterBank
from sclcm_core.streaming.marks import FLAT, MISSING, FlatWatch, merge
from sclcm_core.streaming.preprocess import Preprocessor
from sclcm_core.streaming.resample import Resampler, rate_ratio
from sclcm_core.types import BoolArray, FeatureFrame, Float32Array, Float64Array, FloatArray, MarkArray

MAX_INVALID_SHARE = 0.02
"""A frame is marked when more than this share of any channel's samples is missing or flat."""

_PIECE = 1024
"""Samples taken at once when a whole recording arrives in one chunk; bounds the memory, and changes nothing."""

_BATCH_BYTES = 2**19
"""Bytes of windows computed at once: with what is made of them, about what a core keeps at hand."""


class Extractor:
    """Turns samples into feature frames, chunk by chunk.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.
    sfreq : float
        Sampling rate in Hz of what will be pushed; resampled when it is not the spec's.

    Notes
    -----
    Chunking changes nothing, bit for bit. The order: bridge gaps, resample, rebuild, re-reference, band-pass, notch; then the filter
    bank for the kinds that need one; windows; features; smoothing. State: that of each of these, and the samples of the window in
    progress.
    """

    def __init__(self, spec: FeatureSpec, sfreq: float) -> None:
        check_rate(spec, sfreq)
        check_causal(spec)
        self.spec = spec
        self.sfreq = sfreq
        self._features = frame_function(spec)
        self.reset()

    @property
    def delay_s(self) -> float:
        """Time in s by which the resampler holds samples back; 0 without one."""
        return self._resampler.delay_s if self._resampler else 0.0

    @property
    def n_awaited(self) -> int:
        """How many more samples complete the next frame; at least 1."""
        n_missing = self._next_start + self.spec.window - len(self._samples)
        return self._resampler.n_awaited(n_missing) if self._resampler else n_missing

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        n_channels = len(self.spec.ch_names)
        self._bridge = GapBridge(n_channels)
        self._flat = FlatWatch(self.sfreq, n_channels)
        needs_resampling = rate_ratio(self.sfreq, self.spec.sfreq) != 1
        self._resampler = Resampler(self.sfreq, self.spec.sfreq, n_channels) if needs_resampling else None
        self._preprocessor = _preprocessor(self.spec)
        self._rebuilt = find_channels(self.spec.rebuilt, self.spec.ch_names)[0]
        n_signals = len(self.spec.signal_names)
        needs_bank = self.spec.needs_filter_bank
        self._bank = _filter_bank(self.spec) if needs_bank else None
        self._smoother = _smoother(self.spec)
        n_rows = n_signals * self.spec.n_bands if needs_bank else n_signals
        self._rows = (self.spec.n_bands, n_signals) if needs_bank else (n_signals,)
        self._batch = max(1, _BATCH_BYTES // (8 * n_rows * self.spec.window))
        self._samples: Float64Array = np.zeros((0, n_rows))
        self._marks: MarkArray = np.zeros((0, n_channels), dtype=np.uint8)
        self._times: Float64Array = np.zeros(0)
        self._next_frame = 0
        self._next_start = 0

    def push(self, samples: FloatArray, timestamps: Float64Array) -> list[FeatureFrame]:
        """Take the next samples and return the frames that are now complete.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Potentials in µV in the order of ``spec.ch_names``; NaN where a sample was lost.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s.

        Returns
        -------
        list of FeatureFrame
            In order; each of shape (n_bands, n_columns), in the spec's unit.
        """
        times = np.asarray(timestamps, dtype=np.float64)
        frames: list[FeatureFrame] = []
        for start in range(0, len(samples), _PIECE):
            self._take(samples[start : start + _PIECE], times[start : start + _PIECE])
            while batch := self._complete_frames(self._batch):
                frames += batch
        return frames

    def _take(self, samples: FloatArray, times: Float64Array) -> None:
        bridged, valid = self._bridge.push(samples)
        marks = merge(valid, self._flat.push(bridged))
        marks[:, self._rebuilt] = 0  # what such a channel recorded is not used
        if self._resampler:
            bridged, times, marks = self._resampler.push(bridged, times, marks)
        signal = self._preprocessor.push(bridged)
        if self._bank:
            signal = self._bank.push(signal)
        self._samples = np.concatenate([self._samples, signal])
        self._marks = np.concatenate([self._marks, marks])
        self._times = np.concatenate([self._times, times])

    def _complete_frames(self, most: int) -> list[FeatureFrame]:
        window, hop = self.spec.window, self.spec.hop
        n_frames = min(most, (len(self._samples) - self._next_start - window) // hop + 1)
        if n_frames <= 0:
            return []
        starts = self._next_start + np.arange(n_frames) * hop
        faults = self._faults(starts)
        values = self._smoothed(self._features(self._windows(n_frames)), faults)
        t_end = self._times[starts + window - 1]
        frames = [FeatureFrame(values[k], self._next_frame + k, float(t_end[k]), faults[k]) for k in range(n_frames)]
        self._next_frame += n_frames
        self._next_start += n_frames * hop
        self._forget()
        return frames

    def _windows(self, n_frames: int) -> Float64Array:
        """Return the next windows, (n_frames, ..., window), a view of what is held."""
        held = self._samples[self._next_start :].reshape(-1, *self._rows)
        return np.lib.stride_tricks.sliding_window_view(held, self.spec.window, axis=0)[:: self.spec.hop][:n_frames]

    def _forget(self) -> None:
        done = min(self._next_start, len(self._samples))
        self._samples, self._marks, self._times = self._samples[done:], self._marks[done:], self._times[done:]
        self._next_start -= done

    def _smoothed(self, values: Float64Array, faults: list[str | None]) -> Float32Array:
        if self._smoother is None:
            return values.astype(np.float32)
        smoothed = [self._smoother.push(v, is_good=fault is None) for v, fault in zip(values, faults, strict=True)]
        return np.stack(smoothed).astype(np.float32)

    def _faults(self, starts: npt.NDArray[np.int64]) -> list[str | None]:
        if not self._marks[starts[0] : starts[-1] + self.spec.window].any():
            return [None] * len(starts)
        windows = np.lib.stride_tricks.sliding_window_view(self._marks, self.spec.window, axis=0)
        return [self._fault(windows[start]) for start in starts]

    def _fault(self, marks: MarkArray) -> str | None:
        if not marks.any():
            return None
        for mark, text in ((MISSING, "of the samples missing"), (FLAT, "of the signal flat")):
            share = (marks == mark).mean(axis=-1)
            if share.max() > MAX_INVALID_SHARE:
                return f"{self.spec.ch_names[int(share.argmax())]}: {share.max():.0%} {text}"
        return None


def _preprocessor(spec: FeatureSpec) -> Preprocessor:
    return Preprocessor(
        spec.sfreq,
        spec.ch_names,
        rebuilt=spec.rebuilt,
        reference=spec.reference,
        bipolar_pairs=spec.bipolar,
        passband=spec.passband,
        notch_hz=spec.notch_hz,
    )


def _filter_bank(spec: FeatureSpec) -> FilterBank:
    grid = gcd(spec.window, spec.hop)  # a frame's last sample ends a block: no frame waits for samples that it does not need
    return FilterBank(spec.bands, spec.sfreq, len(spec.signal_names), spec.filter_order, grid)


def _smoother(spec: FeatureSpec) -> MovingAverage | KalmanSmoother | None:
    if spec.smoothing == "moving_average":
        return MovingAverage(spec.smoothing_frames)
    return KalmanSmoother(kalman_ratio(spec.smoothing_frames)) if spec.smoothing == "kalman" else None


def check_causal(spec: FeatureSpec) -> None:
    """Refuse features that cannot be computed live.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.

    Raises
    ------
    MatchError
        When its smoothing looks ahead.
    """
    if not spec.is_causal:
        raise MatchError(
            f"The features are smoothed by '{spec.smoothing}', which looks ahead: it needs the whole recording.",
            "Use a model whose features are smoothed by 'moving_average' or 'kalman', or not at all.",
        )


def check_rate(spec: FeatureSpec, sfreq: float) -> None:
    """Refuse a sampling rate at which the spec's highest band is not in the signal.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.
    sfreq : float
        Sampling rate in Hz of the signal.

    Raises
    ------
    MatchError
        When the rate is too low.
    """
    highest = max(band.high for band in spec.bands)
    if not sfreq >= 2 * highest:
        raise MatchError(
            f"The signal has {sfreq:g} Hz; the model's highest band ends at {highest:g} Hz.",
            f"Use a source of at least {2 * highest:g} Hz, or a model with lower bands.",
        )


def extract(spec: FeatureSpec, samples: FloatArray, sfreq: float, timestamps: Float64Array | None = None) -> list[FeatureFrame]:
    """Return all frames of a recording: one chunk through the live path, then smoothing that looks ahead where the spec asks so.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.
    samples : ndarray, shape (n_samples, n_channels)
        Potentials in µV in the order of ``spec.ch_names``; NaN where a sample was lost.
    sfreq : float
        Sampling rate in Hz.
    timestamps : ndarray of float64, shape (n_samples,), optional
        Capture times in s; counted from 0 when left out.

    Returns
    -------
    list of FeatureFrame
        Each of shape (n_bands, n_columns), in the spec's unit.
    """
    times = np.arange(len(samples)) / sfreq if timestamps is None else timestamps
    if spec.is_causal:
        return Extractor(spec, sfreq).push(samples, times)
    frames = Extractor(spec.model_copy(update={"smoothing": "none"}), sfreq).push(samples, times)
    return _smooth_ahead(spec, frames)


def _smooth_ahead(spec: FeatureSpec, frames: list[FeatureFrame]) -> list[FeatureFrame]:
    """Smooth the good frames of a recording; the others stay as they are, marked."""
    good = [k for k, frame in enumerate(frames) if frame.fault is None]
    if not good or spec.smoothing_frames == 1:
        return frames
    values = np.stack([frames[k].values for k in good])
    n = spec.smoothing_frames
    smooth = centred_average(values, n) if spec.smoothing == "moving_average_centred" else lds_smooth(values, kalman_ratio(n))
    out = list(frames)
    for k, value in zip(good, smooth.astype(np.float32), strict=True):
        out[k] = replace(out[k], values=value)
    return out


def stack(frames: list[FeatureFrame]) -> tuple[Float32Array, Float64Array, BoolArray]:
    """Lay frames out as arrays.

    Parameters
    ----------
    frames : list of FeatureFrame
        Frames in order.

    Returns
    -------
    values : ndarray of float32, shape (n, n_bands, n_columns)
        Features in the spec's unit.
    t_end : ndarray of float64, shape (n,)
        Capture times of the windows' last samples in s.
    ok : ndarray of bool, shape (n,)
        Whether the frame can be trusted.
    """
    if not frames:
        return np.zeros((0, 0, 0), np.float32), np.zeros(0), np.zeros(0, np.bool_)
    values = np.stack([frame.values for frame in frames])
    return values, np.array([f.t_end for f in frames]), np.array([f.fault is None for f in frames])

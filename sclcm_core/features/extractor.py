"""From samples to feature frames: the same code for a live stream and for a whole recording."""

from __future__ import annotations

import numpy as np

from sclcm_core.errors import MatchError
from sclcm_core.features.frame import frame_function
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.streaming.bridge_gaps import GapBridge
from sclcm_core.streaming.marks import FLAT, MISSING, FlatWatch, merge
from sclcm_core.streaming.resample import Resampler, rate_ratio
from sclcm_core.types import BoolArray, FeatureFrame, Float32Array, Float64Array, FloatArray, MarkArray

MAX_INVALID_SHARE = 0.02
"""A frame is marked when more than this share of any channel's samples is missing or flat."""

_BATCH = 256
"""Windows computed at once when a whole recording arrives in one chunk; bounds the memory."""


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
    Chunking changes nothing, bit for bit. State: the gap bridge, the resampler, and the samples of the window in progress.
    """

    def __init__(self, spec: FeatureSpec, sfreq: float) -> None:
        check_rate(spec, sfreq)
        self.spec = spec
        self.sfreq = sfreq
        self._features = frame_function(spec)
        self.reset()

    @property
    def delay_s(self) -> float:
        """Time in s by which the resampler holds samples back; 0 without one."""
        return self._resampler.delay_s if self._resampler else 0.0

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        n_channels = len(self.spec.ch_names)
        self._bridge = GapBridge(n_channels)
        self._flat = FlatWatch(self.sfreq, n_channels)
        needs_resampling = rate_ratio(self.sfreq, self.spec.sfreq) != 1
        self._resampler = Resampler(self.sfreq, self.spec.sfreq, n_channels) if needs_resampling else None
        self._samples: Float64Array = np.zeros((0, n_channels))
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
            In order; each of shape (n_bands, n_columns), in nats or dB.
        """
        bridged, valid = self._bridge.push(samples)
        marks = merge(valid, self._flat.push(bridged))
        times = np.asarray(timestamps, dtype=np.float64)
        if self._resampler:
            bridged, times, marks = self._resampler.push(bridged, times, marks)
        self._samples = np.concatenate([self._samples, bridged])
        self._marks = np.concatenate([self._marks, marks])
        self._times = np.concatenate([self._times, times])
        frames: list[FeatureFrame] = []
        while batch := self._complete_frames(_BATCH):
            frames += batch
        return frames

    def _complete_frames(self, most: int) -> list[FeatureFrame]:
        window, hop = self.spec.window, self.spec.hop
        n_frames = min(most, (len(self._samples) - self._next_start - window) // hop + 1)
        if n_frames <= 0:
            return []
        starts = self._next_start + np.arange(n_frames) * hop
        windows = np.lib.stride_tricks.sliding_window_view(self._samples, window, axis=0)[starts]
        marks = np.lib.stride_tricks.sliding_window_view(self._marks, window, axis=0)[starts]
        values = self._features(np.ascontiguousarray(windows)).astype(np.float32)
        t_end = self._times[starts + window - 1]
        frames = [
            FeatureFrame(values[k], self._next_frame + k, float(t_end[k]), self._fault(marks[k])) for k in range(n_frames)
        ]
        self._next_frame += n_frames
        self._next_start += n_frames * hop
        self._forget()
        return frames

    def _forget(self) -> None:
        done = min(self._next_start, len(self._samples))
        self._samples, self._marks, self._times = self._samples[done:], self._marks[done:], self._times[done:]
        self._next_start -= done

    def _fault(self, marks: MarkArray) -> str | None:
        if not marks.any():
            return None
        for mark, text in ((MISSING, "of the samples missing"), (FLAT, "of the signal flat")):
            share = (marks == mark).mean(axis=-1)
            if share.max() > MAX_INVALID_SHARE:
                return f"{self.spec.ch_names[int(share.argmax())]}: {share.max():.0%} {text}"
        return None


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
    """Return all frames of a recording: one chunk through the live path.

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
        Each of shape (n_bands, n_columns), in nats or dB.
    """
    times = np.arange(len(samples)) / sfreq if timestamps is None else timestamps
    return Extractor(spec, sfreq).push(samples, times)


def stack(frames: list[FeatureFrame]) -> tuple[Float32Array, Float64Array, BoolArray]:
    """Lay frames out as arrays.

    Parameters
    ----------
    frames : list of FeatureFrame
        Frames in order.

    Returns
    -------
    values : ndarray of float32, shape (n, n_bands, n_columns)
        Features in nats or dB.
    t_end : ndarray of float64, shape (n,)
        Capture times of the windows' last samples in s.
    ok : ndarray of bool, shape (n,)
        Whether the frame can be trusted.
    """
    if not frames:
        return np.zeros((0, 0, 0), np.float32), np.zeros(0), np.zeros(0, np.bool_)
    values = np.stack([frame.values for frame in frames])
    return values, np.array([f.t_end for f in frames]), np.array([f.fault is None for f in frames])

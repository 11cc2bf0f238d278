"""The journey from samples to predictions."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np

from sclcm_core.features.extractor import Extractor
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.personal_baseline import BaselineRecorder
from sclcm_core.inference.predictor import Embeds, Predictor, softmax
from sclcm_core.inference.smoothing import ProbabilitySmoother
from sclcm_core.inference.typicality import mean_frames
from sclcm_core.streaming.quality_watch import QualityGate
from sclcm_core.types import FeatureFrame, Float32Array, Float64Array, FloatArray, Prediction

ABSTENTIONS = ("the model knows no confidence", "not sure enough")
"""What the reasons begin with for which an answer is kept back that was made, and smoothed, all the same."""


class WindowPolicy(Enum):
    """Which windows are predicted when several have completed at once."""

    EVERY = "every"
    NEWEST = "newest"


class Pipeline:
    """Extracts, normalises, predicts, smooths; withholds what must not be trusted.

    Parameters
    ----------
    manifest : Manifest
        What the model needs.
    predictor : Predictor
        The model.
    sfreq : float
        Sampling rate of the stream in Hz.
    normaliser : Normaliser, optional
        The person's own statistics; the population's when left out.
    baseline_s : float
        Length in s of a rest at the start of the stream from which the person's own statistics are taken first; 0 for none.
    policy : WindowPolicy
        EVERY for evaluation and reruns; NEWEST skips to the newest window on screen, and counts what it skips.
    risk : float or None
        Share of wrong answers to be held to, 0..1: where the model is less sure than its manifest asks for that, it abstains.
    clock : callable
        Returns the local time in s.
    """

    def __init__(
        self,
        manifest: Manifest,
        predictor: Predictor,
        sfreq: float,
        *,
        normaliser: Normaliser | None = None,
        baseline_s: float = 0.0,
        policy: WindowPolicy = WindowPolicy.EVERY,
        risk: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.manifest = manifest
        self.n_skipped = 0
        self._predictor = predictor
        self._extractor = Extractor(manifest.features, sfreq)
        self._normaliser = normaliser or manifest.normaliser.normaliser()
        self._risk = risk
        self._trust(has_baseline=normaliser is not None)
        self._baseline = (
            BaselineRecorder(baseline_s, manifest.features.hop_s, is_raw=manifest.features.is_raw) if baseline_s > 0 else None
        )
        self._policy = policy
        self._clock = clock
        self._frames: deque[FeatureFrame] = deque(maxlen=manifest.features.n_frames)
        self._smoother = ProbabilitySmoother(manifest.smoothing_s)
        features = manifest.features
        self._gate = QualityGate(sfreq, features.ch_names, features.span_s)
        self._nothing = np.full(len(manifest.class_names), np.nan, dtype=np.float32)

    def _trust(self, *, has_baseline: bool) -> None:
        trust = self.manifest.trust(has_baseline=has_baseline)
        self._temperature = trust.temperature
        self._typicality = trust.typicality.model() if trust.typicality else None
        self._threshold = trust.threshold(self._risk) if self._risk is not None else None

    @property
    def normaliser(self) -> Normaliser:
        """The statistics in use."""
        return self._normaliser

    @property
    def baseline_progress_s(self) -> tuple[float, float] | None:
        """Good rest so far and rest needed in s, while a baseline is being taken; otherwise None."""
        return self._baseline.progress_s if self._baseline else None

    @property
    def n_awaited(self) -> int:
        """How many more samples complete the next window; at least 1."""
        return self._extractor.n_awaited

    def skip_nothing(self) -> None:
        """Predict every window from now on."""
        self._policy = WindowPolicy.EVERY

    def reset(self) -> None:
        """Start anew after a break in the stream; the person's statistics are kept."""
        self._extractor.reset()
        self._frames.clear()
        self._smoother.reset()
        self._gate.reset()

    def advance(self, samples: FloatArray, timestamps: Float64Array, t_arrived: float) -> list[Prediction]:
        """Take the next samples and return the predictions that they complete.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Potentials in µV in the order of the model's channels; NaN where a sample was lost.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s, on the clock of the stream.
        t_arrived : float
            When the newest of them arrived, in s on the local clock.

        Returns
        -------
        list of Prediction
            In order. A withheld prediction says why.
        """
        self._gate.push(samples, timestamps)
        frames = self._extractor.push(samples, timestamps)
        skip_to = len(frames) - 1 if self._policy is WindowPolicy.NEWEST else 0
        predictions = []
        for k, frame in enumerate(frames):
            self._frames.append(frame)
            if self._baseline:
                self._take_baseline(self._baseline, frame)
            if k < skip_to:
                self.n_skipped += 1
            else:
                predictions.append(self._predict(frame, t_arrived))
        return predictions

    def _take_baseline(self, baseline: BaselineRecorder, frame: FeatureFrame) -> None:
        if baseline.is_complete:  # the frames that made the baseline are not predicted with it
            self._normaliser = baseline.normaliser()
            self._trust(has_baseline=True)
            self._baseline = None
            self._frames.clear()
            self._frames.append(frame)
        elif self._why_no_rest(frame) is None:
            baseline.push(frame)

    def _why_no_rest(self, frame: FeatureFrame) -> str | None:
        """Return what speaks against a frame of the rest: a baseline of a clenched jaw would spoil every answer after it."""
        back_s = (self.manifest.features.window - 1) / self.manifest.features.sfreq
        return frame.fault or self._gate.why_withheld(frame.t_end - back_s, frame.t_end)

    def _predict(self, frame: FeatureFrame, t_arrived: float) -> Prediction:
        spec = self.manifest.features
        t_start = self._frames[0].t_end - (spec.window - 1) / spec.sfreq
        typicality = embedding = None
        withheld = self._why_withheld() or self._gate.why_withheld(t_start, frame.t_end)
        if withheld:
            self._smoother.reset()
            probabilities = self._nothing
        else:
            values = self._normaliser.transform(np.stack([f.values for f in self._frames]))
            features = np.moveaxis(values, 0, -1)[None]
            logits, embedding = self._look_at(features)
            at_once = softmax(logits, self._temperature)
            probabilities = self._smoother.push(at_once, frame.t_end)
            withheld = self._why_abstain(float(at_once.max()))
            probabilities = self._nothing if withheld else probabilities
            if self._typicality:
                typicality = float(self._typicality.typicality(mean_frames(features))[0])
        times = t_start, frame.t_end, t_arrived, self._clock()
        return Prediction(probabilities, self.manifest.class_names, frame.index, *times, withheld, frame, typicality, embedding)

    def _look_at(self, features: Float32Array) -> tuple[Float32Array, Float32Array | None]:
        if isinstance(self._predictor, Embeds) and self._predictor.has_embedding:
            logits, embedding = self._predictor.outputs(features)
            return logits[0], embedding[0]
        return self._predictor.logits(features)[0], None

    def _why_abstain(self, confidence: float) -> str | None:
        """Return why the model should rather say nothing; thresholds hold for answers before they are smoothed."""
        if self._risk is None:
            return None
        if self._threshold is None:
            return f"{ABSTENTIONS[0]} for at most {self._risk:.0%} wrong answers"
        if confidence >= self._threshold:
            return None
        return f"{ABSTENTIONS[1]}: {confidence:.2f} of {self._threshold:.2f} (for at most {self._risk:.0%} wrong answers)"

    def _why_withheld(self) -> str | None:
        if self._baseline:
            done, needed = self._baseline.progress_s
            against = self._why_no_rest(self._frames[-1])
            return f"taking your baseline: {done:.0f} of {needed:.0f} s" + (f"; {against}" if against else "")
        if len(self._frames) < self.manifest.features.n_frames:
            needed_s = self.manifest.features.span_s
            return f"filling the first window: {len(self._frames)} of {self.manifest.features.n_frames} frames ({needed_s:g} s)"
        return _newest_fault(self._frames)


def _newest_fault(frames: Sequence[FeatureFrame]) -> str | None:
    return next((frame.fault for frame in reversed(frames) if frame.fault), None)

"""A second model on the same windows: behind the first, in a thread of its own, and never in its way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.acquisition.matching import match
from app.session.comparison import Agreement, Comparison, Standing
from app.session.latency import CostMeter, LatencyMeter
from app.session.progress import Progress
from app.session.session_status import SessionSettings
from app.session.truth import TruthScorer
from sclcm_core.errors import MatchError
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Float32Array, Float64Array, Prediction, StreamSpec

log = logging.getLogger(__name__)

PATIENCE_S = 0.2
LONGEST_STEP = 4096
"""Samples taken at most in a step."""

LATE_S = 1.0
"""When samples that came this long ago, in s, are still not processed, the second model skips to where the first one is."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """What exists while a stream stays as it is."""

    spec: StreamSpec
    buffer: RingBuffer
    first: Progress
    progress: Progress
    channel_indices: tuple[int, ...]
    is_realtime: Callable[[], bool]


class Rival:
    """The second model of a session.

    Parameters
    ----------
    bundle : Bundle
        The model.
    first : Manifest
        The model that it is compared with.
    settings : SessionSettings
        Those of the session, but with this model's own normaliser.

    Notes
    -----
    It takes samples only when the first model is done with them, so that the two never compete for a window that has just come. What
    runs on the clock is never held back: a second model that falls behind skips, and counts what it skips. Its errors end the
    comparison, and never the session. `on_prediction` is called from its thread.
    """

    def __init__(self, bundle: Bundle, first: Manifest, settings: SessionSettings) -> None:
        self.bundle, self.manifest = bundle, bundle.manifest
        self.on_prediction: list[Callable[[Prediction], None]] = []
        self.truth = TruthScorer(self.manifest.class_names)
        self.trouble = ""
        self._settings = settings
        self._agreement = Agreement(first, self.manifest)
        self._latency, self._cost = LatencyMeter(), CostMeter()
        self._n_predictions = self._n_withheld = self._n_skipped = 0
        self._leg: _Leg | None = None
        self._pipeline: Pipeline | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def start(self, spec: StreamSpec, buffer: RingBuffer, first: Progress, is_realtime: Callable[[], bool]) -> None:
        """Follow the first model along a stream.

        Parameters
        ----------
        spec : StreamSpec
            The stream.
        buffer : RingBuffer
            Its samples.
        first : Progress
            How far the first model has come; closed when it goes no further.
        is_realtime : callable
            Tells whether samples come at the pace of the clock.

        Raises
        ------
        MatchError
            When the stream has not what this model needs.
        """
        indices = match(spec, self.manifest.features).channel_indices
        self._leg = leg = _Leg(spec, buffer, first, Progress(), indices, is_realtime)
        self._thread = threading.Thread(target=self._run, args=(leg,), name="rival", daemon=True)
        self._thread.start()

    def part_from(self, spec: StreamSpec) -> None:
        """Compare no more when a stream has changed into one that does not fit."""
        try:
            match(spec, self.manifest.features)
        except MatchError as error:
            self.trouble = self.trouble or str(error)

    def take_first(self, prediction: Prediction) -> None:
        """Hear what the first model says."""
        self._agreement.push_mine(prediction)

    def wait_for(self, position: int) -> None:
        """Wait until the samples before a number are processed, or never will be."""
        if self._leg is not None:
            self._leg.progress.wait_for(position)

    def finish(self) -> None:
        """Wait until all that the first model has processed is processed here as well, or it was told to stop."""
        while self._thread.is_alive() and not self._stop.is_set():
            self._thread.join(PATIENCE_S)

    def stop(self) -> None:
        """End at the next step."""
        self._stop.set()
        if self._leg is not None:
            self._leg.first.close()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def compare(self, mine: Standing) -> Comparison:
        """Return both models side by side, given how the first one does."""
        return self._agreement.compare(mine, self._standing(), self.trouble)

    def _standing(self) -> Standing:
        skipped = self._n_skipped + (self._pipeline.n_skipped if self._pipeline else 0)
        return Standing(
            self.manifest.name,
            self._n_predictions,
            self._n_withheld,
            skipped,
            self._latency.percentile(50),
            self._latency.percentile(99),
            self._cost.median_s,
            self.truth.score(),
        )

    def _plan(self, spec: StreamSpec) -> Pipeline:
        settings, own = self._settings, self._settings.normaliser
        return Pipeline(
            self.manifest,
            self.bundle.predictor,
            spec.sfreq,
            normaliser=own() if own else None,
            baseline_s=settings.baseline_s if self.manifest.personal_baseline else 0.0,
            policy=settings.policy,
        )

    # -- the thread ------------------------------------------------------------------------------------------------------------

    def _run(self, leg: _Leg) -> None:
        try:
            if self._pipeline is not None:
                self._n_skipped += self._pipeline.n_skipped
            self._pipeline = pipeline = self._plan(leg.spec)  # here, for a person's statistics may take their time
            while self._step(leg, pipeline):
                pass
        except Exception as error:
            log.exception("The second model has stopped; the session goes on.")
            self.trouble = f"'{self.manifest.name}' has stopped ({type(error).__name__}: {error}); the first model goes on."
        finally:
            leg.progress.close()

    def _step(self, leg: _Leg, pipeline: Pipeline) -> bool:
        """Process what the first model has processed; return False when nothing more will come."""
        position = leg.progress.position
        reached = leg.first.wait_for(position + 1, PATIENCE_S)
        if self._stop.is_set() or reached <= position:
            return not (self._stop.is_set() or leg.first.closed)
        stop = min(reached, position + LONGEST_STEP)
        if leg.buffer.holds(position) and not _is_late(leg, position):
            samples = leg.buffer.view(position, stop)[:, list(leg.channel_indices)]
            times, t_arrived = leg.buffer.timestamps(position, stop).copy(), leg.buffer.arrival(stop - 1)
            if leg.buffer.holds(position):
                self._advance(pipeline, samples, times, t_arrived)
                leg.progress.move_to(stop)
                return True
        self._skip(leg, pipeline, reached)
        return True

    def _skip(self, leg: _Leg, pipeline: Pipeline, reached: int) -> None:
        """Go to where the first model is, and count the windows on the way."""
        n_samples = reached - leg.progress.position
        self._n_skipped += int(n_samples / (self.manifest.features.hop_s * leg.spec.sfreq))
        pipeline.reset()
        leg.progress.move_to(reached)

    def _advance(self, pipeline: Pipeline, samples: Float32Array, times: Float64Array, t_arrived: float) -> None:
        """Predict what is new; samples (n_samples, n_channels) in µV, times (n_samples,) in s."""
        began = time.thread_time()
        predictions = pipeline.advance(samples, times, t_arrived)
        self._cost.push(time.thread_time() - began, len(predictions))
        for prediction in predictions:
            self._tell(prediction)

    def _tell(self, prediction: Prediction) -> None:
        self._n_predictions += 1
        if prediction.withheld is None:
            self._latency.push(prediction.latency_s)
        else:
            self._n_withheld += 1
        self.truth.push_prediction(prediction)
        self._agreement.push_theirs(prediction)
        for callback in self.on_prediction:
            callback(prediction)


def _is_late(leg: _Leg, position: int) -> bool:
    return leg.is_realtime() and time.perf_counter() - leg.buffer.arrival(position) > LATE_S

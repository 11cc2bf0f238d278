"""The session: a source, a buffer, a pipeline, and the two threads that run them."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from app.acquisition.source import Phase, SampleSource
from app.session.comparison import Comparison, Standing
from app.session.journey import LONGEST_STEP, Journey, prepare
from app.session.latency import CostMeter, LatencyMeter
from app.session.rival import Rival
from app.session.session_status import SessionSettings, SessionStatus
from app.session.trust_watch import TrustWatch
from app.session.truth import TruthScore, TruthScorer
from sclcm_core.errors import EndOfStream, MatchError, SclcmError, StreamError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Chunk, Float32Array, Float64Array, Marker, Prediction, StreamSpec

__all__ = ["Session", "SessionSettings", "SessionStatus"]

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 0.2
STOP_TIMEOUT_S = 2.0


class Session:
    """Runs a source through a bundle until it ends or is stopped.

    Parameters
    ----------
    source : SampleSource
        Where samples come from.
    bundle : Bundle
        The model.
    settings : SessionSettings
        What else it needs to know.
    rival : Rival, optional
        A second model that sees the same windows.

    Notes
    -----
    Callbacks are called from the session's own threads: `on_prediction`, `on_rival_prediction` and `on_marker` in order, `on_status`
    when the phase changes. `recorded_in` holds the files of its recording, where a recorder makes one.
    """

    def __init__(
        self, source: SampleSource, bundle: Bundle, settings: SessionSettings | None = None, rival: Rival | None = None
    ) -> None:
        self.source = source
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.settings = settings or SessionSettings()
        self.rival = rival
        self.truth = TruthScorer(self.manifest.class_names)
        self.trust: TrustWatch | None = None
        self.error: SclcmError | None = None
        self.recorded_in: list[Path] = []
        self.on_prediction: list[Callable[[Prediction], None]] = []
        self.on_marker: list[Callable[[Marker], None]] = []
        self.on_status: list[Callable[[SessionStatus], None]] = []
        self.on_rival_prediction: list[Callable[[Prediction], None]] = rival.on_prediction if rival else []
        self._journey: Journey | None = None
        self._status = SessionStatus(Phase.SEARCHING)
        self._lock = threading.Lock()
        self._latency, self._cost = LatencyMeter(), CostMeter()
        self._n_lost = self._n_predictions = self._n_withheld = self._n_overrun = 0
        self._own: Normaliser | None = None
        self._stop = threading.Event()
        self._over = threading.Event()
        self._acquiring = threading.Thread(target=self._guarded, args=(self._acquire,), name="acquire", daemon=True)
        self._processing = threading.Thread()
        self._is_changing = False
        self._n_samples_before = self._n_skipped_before = 0
        self._before_s = 0.0

    @property
    def buffer(self) -> RingBuffer | None:
        """The samples, once the stream is known."""
        return self._journey.buffer if self._journey else None

    @property
    def spec(self) -> StreamSpec | None:
        """The stream, once it is known."""
        return self._journey.spec if self._journey else None

    @property
    def normaliser(self) -> Normaliser | None:
        """The statistics in use, once the stream is known."""
        return self._journey.pipeline.normaliser if self._journey else None

    @property
    def rival_manifest(self) -> Manifest | None:
        """What the second model says of itself; None when there is none."""
        return self.rival.manifest if self.rival else None

    @property
    def channel_indices(self) -> tuple[int, ...]:
        """Where the model's channels stand in the stream; empty before it is known."""
        return self._journey.channel_indices if self._journey else ()

    def skip_nothing(self) -> None:
        """Predict every window from now on, as a calibration needs it."""
        if self._journey is not None:
            self._journey.pipeline.skip_nothing()

    def start(self) -> None:
        """Start to look for the source."""
        self._acquiring.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the session and wait for its threads; may be called at any moment, and twice."""
        self._stop.set()
        self._wake_everybody()
        self.source.close()
        deadline = time.monotonic() + timeout_s
        for thread in (self._acquiring, self._processing):
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        if self.rival is not None:
            self.rival.join(max(0.0, deadline - time.monotonic()))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that came has been processed; return whether it has."""
        return self._over.wait(timeout_s)

    def score(self) -> TruthScore | None:
        """Return how often the predictions agree with the markers, or None when no marker says."""
        return self.truth.score()

    def comparison(self) -> Comparison | None:
        """Return both models side by side, or None when there is no second one."""
        if self.rival is None:
            return None
        s = self.status
        counts = s.n_predictions, s.n_withheld, s.n_skipped
        times = s.latency_p50_s, s.latency_p99_s, s.cost_s
        return self.rival.compare(Standing(self.manifest.name, *counts, *times, self.score()))

    # -- the acquiring thread --------------------------------------------------------------------------------------------------

    def _acquire(self) -> None:
        try:
            journey = self._embark(self.source.open(self.settings.connect_timeout_s))
            while not self._stop.is_set() and self._acquire_step(journey):
                if self.source.status().phase is Phase.CHANGED:
                    journey = self._embark_anew(journey)
        except EndOfStream:  # stopped while it was looked for
            return
        finally:
            self.source.close()
        journey.buffer.close()  # after an error, only once it has been told: the processing must not end as if all were well

    def _embark(self, spec: StreamSpec) -> Journey:
        """Start to process a stream."""
        self._own = self.settings.normaliser() if self.settings.normaliser else None
        self._journey = journey = prepare(spec, self.bundle, self.settings, self._own, self._before_s)
        if self.rival is not None and not self.rival.trouble:
            self.rival.start(spec, journey.buffer, journey.progress, lambda: self.source.realtime)
        self._processing = threading.Thread(target=self._guarded, args=(self._process,), name="process", daemon=True)
        self._processing.start()
        self._set_phase(Phase.STREAMING, f"{spec.name}: {spec.n_channels} channels at {spec.sfreq:g} Hz")
        return journey

    def _embark_anew(self, old: Journey) -> Journey:
        """Finish what came before, and plan anew for a stream that returned with other channels or another rate."""
        try:
            spec = self.source.accept_change()
        except StreamError:
            if self.source.status().phase is Phase.LOST:  # gone again before it was taken: it is looked for
                return old
            raise
        self._is_changing = True
        old.buffer.close()
        self._processing.join()
        self._is_changing = False
        self._n_samples_before += old.buffer.head
        self._n_skipped_before += old.pipeline.n_skipped
        self._before_s += old.buffer.head / old.spec.sfreq
        if self.rival is not None:
            self.rival.part_from(spec)
        try:
            return self._embark(spec)
        except MatchError as error:
            raise MatchError(
                f"The stream came back changed, and the model no longer fits it. {error.what}", error.remedy
            ) from error

    def _acquire_step(self, journey: Journey) -> bool:
        """Take what the source has; return False when nothing more is wanted or will come."""
        try:
            chunks = self.source.read(READ_TIMEOUT_S)
        except EndOfStream:
            self._take_markers(self.source.markers())
            return False
        t_arrived = time.perf_counter()
        for chunk in chunks:
            self._write_bounded(journey, chunk, t_arrived)
        self._take_markers(self.source.markers())
        self._follow_source()
        return not journey.is_full

    def _write_bounded(self, journey: Journey, chunk: Chunk, t_arrived: float) -> None:
        """Write a chunk, but no more samples than are wanted."""
        buffer = journey.buffer
        room = sys.maxsize if journey.n_wanted is None else journey.n_wanted - buffer.head
        n_lost = min(chunk.n_lost_before, room)
        samples = chunk.samples[: room - n_lost]
        self._n_lost += n_lost
        buffer.write_lost(n_lost, 1.0 / journey.spec.sfreq, t_arrived)
        if self.source.realtime:
            buffer.write(samples, chunk.timestamps[: len(samples)], t_arrived)
        else:
            self._write_in_step(journey, samples, chunk.timestamps)

    def _write_in_step(self, journey: Journey, samples: Float32Array, timestamps: Float64Array) -> None:
        """Write hop by hop, each when the last has been processed: nothing is overrun, and latency is that of one window."""
        hop = max(1, round(self.manifest.features.hop_s * journey.spec.sfreq))
        for start in range(0, len(samples), hop):
            journey.progress.wait_for(journey.buffer.head)
            if self.rival is not None:
                self.rival.wait_for(journey.buffer.head)
            if self._stop.is_set():
                return
            piece = samples[start : start + hop]
            journey.buffer.write(piece, timestamps[start : start + len(piece)], time.perf_counter())

    def _take_markers(self, markers: Iterable[Marker]) -> None:
        for marker in markers:
            self.truth.push_marker(marker)
            if self.rival is not None:
                self.rival.truth.push_marker(marker)
            for callback in self.on_marker:
                callback(marker)

    def _follow_source(self) -> None:
        """Pass on what the source says of itself."""
        source = self.source.status()
        if source.phase is Phase.ENDED:
            return
        if source.phase is not self._status.phase:
            self._set_phase(source.phase, source.message)
        elif source.message:  # the seconds and counts in it change: polled, not signalled
            with self._lock:
                self._status = replace(self._status, message=source.message)

    # -- the processing thread -------------------------------------------------------------------------------------------------

    def _process(self) -> None:
        journey = self._journey
        if journey is None:
            raise RuntimeError("the processing was started before the stream was known")
        while self._process_step(journey):
            pass
        journey.progress.close()
        if self.rival is not None:
            self.rival.finish()
        if not self._is_changing:
            self._set_phase(Phase.ENDED, self._why_over(journey))

    def _why_over(self, journey: Journey) -> str:
        if self._stop.is_set():
            return "Stopped."
        return f"The wanted {self.settings.max_seconds:g} s have come." if journey.is_full else "The stream has ended."

    def _process_step(self, journey: Journey) -> bool:
        """Process what is new; return False when nothing more will come."""
        buffer, start = journey.buffer, journey.progress.position
        n_awaited = journey.pipeline.n_awaited if self.source.realtime else 1  # chunks that complete no window need not wake it
        head = buffer.wait_for(start + n_awaited, READ_TIMEOUT_S)
        if self._stop.is_set() or head == start:
            return not (self._stop.is_set() or buffer.closed)
        stop = min(head, start + LONGEST_STEP)
        if buffer.holds(start):
            samples = buffer.view(start, stop)[:, list(journey.channel_indices)]
            times, t_arrived = buffer.timestamps(start, stop).copy(), buffer.arrival(stop - 1)
            if buffer.holds(start):
                began = time.thread_time()
                predictions = journey.pipeline.advance(samples, times, t_arrived)
                self._cost.push(time.thread_time() - began, len(predictions))
                self._publish(predictions)
                journey.progress.move_to(stop)
                return True
        self._skip_to_newest(journey)
        return True

    def _skip_to_newest(self, journey: Journey) -> None:
        """Start anew at the newest samples when the processing fell a whole buffer behind, and count what was skipped."""
        newest = journey.buffer.head
        n_skipped = newest - journey.progress.position
        log.warning("The processing fell behind by %d samples and skips to the newest.", n_skipped)
        self._n_overrun += n_skipped
        journey.pipeline.reset()
        journey.progress.move_to(newest)

    def _publish(self, predictions: Iterable[Prediction]) -> None:
        for prediction in predictions:
            self._n_predictions += 1
            if prediction.withheld is None:
                self._latency.push(prediction.latency_s)
            else:
                self._n_withheld += 1
            self.truth.push_prediction(prediction)
            if self.rival is not None:
                self.rival.take_first(prediction)
            for callback in self.on_prediction:
                callback(prediction)

    # -- status ----------------------------------------------------------------------------------------------------------------

    def _guarded(self, body: Callable[[], None]) -> None:
        """Run a thread's body: the one place where an error ends the session."""
        try:
            body()
        except SclcmError as error:
            self._fail(error)
        except Exception as error:
            log.exception("The session failed.")
            self._fail(SclcmError(f"The session failed ({type(error).__name__}: {error}).", "Please report it with the log."))
        finally:
            is_last = threading.current_thread() is self._processing or not self._processing.is_alive()
            if is_last and not self._is_changing:
                self._over.set()

    def _fail(self, error: SclcmError) -> None:
        self.error = error
        self._set_phase(Phase.FAILED, str(error))
        self._stop.set()
        self._wake_everybody()

    def _wake_everybody(self) -> None:
        if self._journey:
            self._journey.buffer.close()
            self._journey.progress.close()
        if self.rival is not None:
            self.rival.stop()

    def _set_phase(self, phase: Phase, message: str) -> None:
        with self._lock:
            if self._status.is_over:  # the first end counts
                return
            self._status = replace(self._status, phase=phase, message=message)
        snapshot = self.status
        for callback in self.on_status:
            callback(snapshot)

    @property
    def status(self) -> SessionStatus:
        """The newest snapshot."""
        source, journey = self.source.status(), self._journey
        with self._lock:
            status = self._status
        buffer, pipeline, sfreq = (journey.buffer, journey.pipeline, journey.spec.sfreq) if journey else (None, None, 1.0)
        n_overrun = int(self._n_overrun / (self.manifest.features.hop_s * sfreq))
        return SessionStatus(
            status.phase,
            status.message,
            journey.spec if journey else None,
            sfreq_effective=source.sfreq_effective,
            clock_offset_s=source.clock_offset_s,
            n_lost=self._n_lost,
            n_predictions=self._n_predictions,
            n_withheld=self._n_withheld,
            latency_p50_s=self._latency.percentile(50),
            latency_p99_s=self._latency.percentile(99),
            cost_s=self._cost.median_s,
            n_samples=self._n_samples_before + buffer.head if buffer else 0,
            n_skipped=self._n_skipped_before + pipeline.n_skipped + n_overrun if pipeline else 0,
            backlog_s=(buffer.head - journey.progress.position) / sfreq if journey and buffer else 0.0,
            baseline_progress_s=pipeline.baseline_progress_s if pipeline else None,
            normalised_by=self._normalised_by(pipeline) if pipeline else "",
        )

    def _normalised_by(self, pipeline: Pipeline) -> str:
        """Say whose statistics the features are normalised by."""
        if pipeline.baseline_progress_s is not None:
            return "your rest, being taken"
        if self.settings.baseline_s > 0:
            return f"your first {self.settings.baseline_s:g} s of rest"
        return "your recorded rest" if self._own is not None else "the population"

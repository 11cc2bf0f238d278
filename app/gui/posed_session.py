"""A session that stands still for its picture: a simulated head through the real pipeline, without threads or a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from app.acquisition.source import Phase
from app.session.comparison import Agreement, Comparison, Standing
from app.session.session import SessionStatus
from app.session.truth import TruthScore, TruthScorer
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Marker, Origin, Prediction, StreamSpec

if TYPE_CHECKING:
    from sclcm_core.features.normalise import Normaliser
    from sclcm_core.inference.bundle import Bundle

STEP_S = 0.1
BUFFER_S = 180.0


class PosedSession:
    """Plays a simulated head into a buffer and a pipeline as fast as it is told to.

    Parameters
    ----------
    bundle : Bundle
        The model; it needs channels that the head has.
    ch_names : tuple of str
        Channels of the head.
    sfreq : float
        Sampling rate in Hz.
    origin : {'simulated', 'replay', 'live'}
        What the badge shall say.
    baseline_s : float
        Rest that the pipeline takes first, in s.
    seed : int
        Which head.
    rival : Bundle, optional
        A second model that sees the same windows.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        ch_names: tuple[str, ...] = HEADSET_CHANNELS,
        sfreq: float = 250.0,
        origin: Origin = "simulated",
        baseline_s: float = 0.0,
        seed: int = 7,
        rival: Bundle | None = None,
    ) -> None:
        self.on_prediction: list[Callable[[Prediction], None]] = []
        self.on_marker: list[Callable[[Marker], None]] = []
        self.on_status: list[Callable[[SessionStatus], None]] = []
        self.bundle, self.manifest = bundle, bundle.manifest
        self._stream = StreamSpec(sfreq, ch_names, "SCLCM simulated headset", f"simulated-{seed}", origin)
        self._head = SimulatedHead(np.random.default_rng(seed), sfreq, ch_names)
        self._ring = RingBuffer(round(BUFFER_S * sfreq), len(ch_names))
        self._pipeline = Pipeline(self.manifest, bundle.predictor, sfreq, baseline_s=baseline_s)
        self.on_rival_prediction: list[Callable[[Prediction], None]] = []
        self.rival_manifest = rival.manifest if rival else None
        self._second = Pipeline(rival.manifest, rival.predictor, sfreq, baseline_s=baseline_s) if rival else None
        self._second_truth = TruthScorer(rival.manifest.class_names if rival else ())
        self._agreement = Agreement(self.manifest, rival.manifest) if rival else None
        self._truth = TruthScorer(self.manifest.class_names)
        self._latencies: list[float] = []
        self._known = False
        self._dead: list[int] = []
        self.status = SessionStatus(Phase.SEARCHING, "Looking for an EEG stream on the network.")

    @property
    def buffer(self) -> RingBuffer | None:
        """The samples."""
        return self._ring if self._known else None

    @property
    def spec(self) -> StreamSpec | None:
        """The stream."""
        return self._stream if self._known else None

    @property
    def channel_indices(self) -> tuple[int, ...]:
        """Where the model's channels stand."""
        return tuple(self._stream.ch_names.index(name) for name in self.manifest.features.ch_names)

    @property
    def normaliser(self) -> Normaliser | None:
        """The statistics in use."""
        return self._pipeline.normaliser

    def start(self) -> None:
        """Do nothing: it is played."""

    def stop(self) -> None:
        """Do nothing."""

    def score(self) -> TruthScore | None:
        """How often the predictions agree with the states that were played."""
        return self._truth.score()

    def comparison(self) -> Comparison | None:
        """Both models side by side, or None when there is no second one."""
        if self._agreement is None or self.rival_manifest is None:
            return None
        n, score = self.status.n_predictions, self.score()
        mine = Standing(self.manifest.name, n, score=score)
        theirs = Standing(self.rival_manifest.name, n, score=self._second_truth.score())
        return self._agreement.compare(mine, theirs)

    def go(self, phase: Phase, message: str = "") -> None:
        """Change the phase, and tell of it."""
        self._known = self._known or phase is Phase.STREAMING
        self.status = replace(self.status, phase=phase, message=message, spec=self.spec)
        for callback in self.on_status:
            callback(self.status)

    def play(self, states: Iterable[tuple[Emotion, float]]) -> None:
        """Render states, each for so many seconds."""
        for state, seconds in states:
            self.mark(state)
            for _ in range(round(seconds / STEP_S)):
                self._take(self._head.render(round(STEP_S * self._stream.sfreq), state))

    def breathe(self) -> None:
        """Let a moment pass, while streaming, so that nothing looks old."""
        if self.status.phase is Phase.STREAMING:
            samples = self._head.render(round(STEP_S * self._stream.sfreq), "positive")
            samples[:, self._dead] = 0.0
            self._take(samples)

    def mark(self, text: str) -> None:
        """Tell of a marker at the newest sample."""
        marker = Marker(self.t_now, text)
        self._truth.push_marker(marker)
        self._second_truth.push_marker(marker)
        for callback in self.on_marker:
            callback(marker)

    def lose(self, seconds: float) -> None:
        """Lose samples."""
        n = round(seconds * self._stream.sfreq)
        self.status = replace(self.status, n_lost=self.status.n_lost + n)
        self._take(np.full((n, self._stream.n_channels), np.nan, dtype=np.float32))

    def unplug(self, name: str, seconds: float) -> None:
        """Render a neutral state with one channel flat; it stays so."""
        samples = self._head.render(round(seconds * self._stream.sfreq), "neutral")
        self._dead = [self._stream.ch_names.index(name)]
        samples[:, self._dead] = 0.0
        step = round(STEP_S * self._stream.sfreq)
        for start in range(0, len(samples), step):
            self._take(samples[start : start + step])

    @property
    def t_now(self) -> float:
        """Time of the newest sample in s."""
        return self._ring.head / self._stream.sfreq

    def _take(self, samples: np.ndarray) -> None:
        """Take samples, (n_samples, n_channels) in µV."""
        times = self.t_now + np.arange(1, len(samples) + 1) / self._stream.sfreq
        t_arrived = time.perf_counter()
        self._ring.write(samples, times, t_arrived)
        for prediction in self._pipeline.advance(samples[:, list(self.channel_indices)], times, t_arrived):
            self._publish(prediction)
        self._ask_second(samples, times, t_arrived)
        self._count()

    def _ask_second(self, samples: np.ndarray, times: np.ndarray, t_arrived: float) -> None:
        """Let the second model see samples, (n_samples, n_channels) in µV, of which each came at times, (n_samples,) in s."""
        if self._second is None or self._agreement is None:
            return
        for prediction in self._second.advance(samples[:, self._rival_columns()], times, t_arrived):
            self._second_truth.push_prediction(prediction)
            self._agreement.push_theirs(prediction)
            for callback in self.on_rival_prediction:
                callback(prediction)

    def _rival_columns(self) -> list[int]:
        names = self.rival_manifest.features.ch_names if self.rival_manifest else ()
        return [self._stream.ch_names.index(name) for name in names]

    def _publish(self, prediction: Prediction) -> None:
        self._latencies.append(prediction.latency_s)
        self._truth.push_prediction(prediction)
        if self._agreement is not None:
            self._agreement.push_mine(prediction)
        n_withheld = self.status.n_withheld + (prediction.withheld is not None)
        self.status = replace(self.status, n_predictions=self.status.n_predictions + 1, n_withheld=n_withheld)
        for callback in self.on_prediction:
            callback(prediction)

    def _count(self) -> None:
        p50, p99 = np.percentile(self._latencies, [50, 99]) if self._latencies else (None, None)
        self.status = replace(
            self.status,
            n_samples=self._ring.head,
            sfreq_effective=self._stream.sfreq,
            clock_offset_s=0.0,
            latency_p50_s=None if p50 is None else float(p50),
            latency_p99_s=None if p99 is None else float(p99),
            baseline_progress_s=self._pipeline.baseline_progress_s,
        )


def three_minutes() -> list[tuple[Emotion, float]]:
    """Return states that fill the history: each state in turn, 20 s long."""
    return [(EMOTIONS[k % 3], 20.0) for k in (0, 1, 2, 1, 0, 2, 0, 1, 2)]

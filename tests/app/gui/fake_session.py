"""A session made by hand: a real ring buffer, and everything else as the test wants it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from app.acquisition.source import Phase
from app.session.comparison import Comparison
from app.session.session import SessionStatus
from app.session.truth import TruthScore
from sclcm_core.bands import SEED_BANDS
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.manifest import Manifest
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import FeatureFrame, Marker, Prediction, StreamSpec

EIGHT = ("Fp1", "Fp2", "T7", "T8", "C3", "C4", "O1", "O2")


def a_manifest(class_names: Sequence[str] = ("negative", "neutral", "positive"), **changes: object) -> Manifest:
    """What a small model says of itself."""
    spec = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, n_frames=4)
    shape = (spec.n_bands, spec.n_columns)
    fields: dict[str, object] = {
        "format_version": 1,
        "name": "emotion-simulated",
        "title": "Emotion (simulated)",
        "description": "Trained on a simulator.",
        "target": "emotion",
        "class_names": tuple(class_names),
        "features": spec,
        "normaliser": {"mean": np.zeros(shape).tolist(), "sd": np.ones(shape).tolist()},
        "personal_baseline": True,
        "quantization": "int8",
        "training_data": {
            "name": "simulated emotion set",
            "licence": "MIT",
            "attribution": "none",
            "n_subjects": 12,
            "simulated": True,
        },
        "created": "2026-01-01",
    }
    return Manifest.model_validate(fields | changes)


class FakeSession:
    """Holds still until the test pushes something into it."""

    def __init__(
        self,
        ch_names: Sequence[str] = EIGHT,
        sfreq: float = 250.0,
        manifest: Manifest | None = None,
        origin: str = "simulated",
        seconds: float = 60.0,
    ) -> None:
        self.on_prediction: list[Callable[[Prediction], None]] = []
        self.on_marker: list[Callable[[Marker], None]] = []
        self.on_status: list[Callable[[SessionStatus], None]] = []
        self.on_rival_prediction: list[Callable[[Prediction], None]] = []
        self.rival_manifest: Manifest | None = None
        self.side_by_side: Comparison | None = None
        self.manifest = manifest or a_manifest()
        self.spec = StreamSpec(sfreq, tuple(ch_names), "Simulated headset", "sim-1", origin)  # type: ignore[arg-type]
        self.buffer = RingBuffer(round(seconds * sfreq), len(ch_names))
        wanted = [n for n in self.manifest.features.ch_names if n in ch_names]
        self.channel_indices = tuple(tuple(ch_names).index(n) for n in wanted)
        self.status = SessionStatus(
            Phase.STREAMING,
            "",
            self.spec,
            sfreq_effective=sfreq * 0.9996,
            clock_offset_s=0.0003,
            latency_p50_s=0.0021,
            latency_p99_s=0.0046,
        )
        self.started = self.stopped = False
        self.agreement: TruthScore | None = None
        self._index = 0

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True

    def score(self) -> TruthScore | None:
        return self.agreement

    def comparison(self) -> Comparison | None:
        return self.side_by_side

    @property
    def t(self) -> float:
        """Time of the newest sample in s."""
        return self.buffer.head / self.spec.sfreq

    def push(self, samples: np.ndarray) -> None:
        """Write samples, (n_samples, n_channels) in µV."""
        times = self.t + np.arange(1, len(samples) + 1) / self.spec.sfreq
        self.buffer.write(samples.astype(np.float32), times, time.perf_counter())
        self.status = replace(self.status, n_samples=self.buffer.head)

    def lose(self, n_lost: int) -> None:
        """Lose samples."""
        self.buffer.write_lost(n_lost, 1 / self.spec.sfreq, time.perf_counter())
        self.status = replace(self.status, n_samples=self.buffer.head, n_lost=self.status.n_lost + n_lost)

    def predict(self, *probabilities: float, withheld: str | None = None) -> Prediction:
        """Tell of a prediction at the newest sample."""
        names = self.manifest.class_names
        values = np.full(len(names), np.nan) if withheld else np.array(probabilities)
        now = time.perf_counter()
        prediction = Prediction(
            values.astype(np.float32), names, self._index, self.t - 2.5, self.t, now - 0.003, now, withheld, self.frame()
        )
        self._index += 1
        self.status = replace(
            self.status,
            n_predictions=self.status.n_predictions + 1,
            n_withheld=self.status.n_withheld + bool(withheld),
        )
        for callback in self.on_prediction:
            callback(prediction)
        return prediction

    def mark(self, text: str, t: float | None = None) -> None:
        """Tell of a marker."""
        for callback in self.on_marker:
            callback(Marker(self.t if t is None else t, text))

    def go(self, phase: Phase, message: str = "") -> None:
        """Tell of a phase."""
        self.status = replace(self.status, phase=phase, message=message)
        for callback in self.on_status:
            callback(self.status)

    def frame(self) -> FeatureFrame | None:
        """The features of the newest second."""
        n = round(self.spec.sfreq)
        samples, _, _ = self.buffer.latest(n)
        if len(samples) < n:
            return None
        data = samples[:, list(self.channel_indices)].T
        values = differential_entropy(np.nan_to_num(data), self.spec.sfreq, SEED_BANDS)
        return FeatureFrame(values.astype(np.float32), self._index, self.t)

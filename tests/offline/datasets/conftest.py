from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from offline.datasets.dataset import DatasetCard, RecordingFrames
from offline.datasets.window_set import WindowSet, build_window_set
from sclcm_core.bands import ALPHA, BETA
from sclcm_core.features.spec import FeatureSpec

CARD = DatasetCard("toy", "Toy set", "MIT", "nobody", simulated=True, target="emotion")


@pytest.fixture
def spec() -> FeatureSpec:
    """Two bands, two channels, windows of four frames of 1 s every 0.5 s: a span of 2.5 s."""
    return FeatureSpec(bands=(ALPHA, BETA), ch_names=("T7", "T8"), sfreq=128.0, n_frames=4)


@pytest.fixture
def card() -> DatasetCard:
    return CARD


@pytest.fixture
def make_frames(spec: FeatureSpec) -> Callable[..., RecordingFrames]:
    """Frames that hold their own number."""

    def make(n: int = 21, **facts: object) -> RecordingFrames:
        values = np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None], (n, spec.n_bands, spec.n_columns)).copy()
        known: dict[str, object] = {
            "subject": "1",
            "session": 1,
            "trial": "a",
            "stimulus": "a",
            "label": 0,
            "baseline_s": 0.0,
            "faults": {},
        }
        return RecordingFrames(values=values, **(known | facts))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_windows(spec: FeatureSpec, make_frames: Callable[..., RecordingFrames]) -> Callable[..., WindowSet]:
    """A set of subjects who all see the same stimuli, three classes in turn, after a rest."""

    def make(n_subjects: int = 5, n_stimuli: int = 9, n_classes: int = 3, n_sessions: int = 1) -> WindowSet:
        recordings = []
        for subject in range(n_subjects):
            for session in range(1, n_sessions + 1):
                facts = {"subject": f"s{subject}", "session": session}
                recordings.append(make_frames(9, trial="rest", stimulus="rest", label=-1, baseline_s=np.inf, **facts))
                for k in range(n_stimuli):
                    name = f"clip{k}"
                    recordings.append(make_frames(9, trial=name, stimulus=name, label=k % n_classes, **facts))
        class_names = ("negative", "neutral", "positive")[:n_classes]
        return build_window_set(recordings, spec, class_names=class_names, card=CARD)

    return make

"""Streams at the edges of what there is: one channel and 256, 4 Hz and 20 kHz."""

from pathlib import Path

import numpy as np
import pytest

from app.session.session import Session, SessionSettings
from sclcm_core.errors import SclcmError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Prediction
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import SPEC, write_bundle

ONE = FeatureSpec(ch_names=("T7",), sfreq=128.0, n_frames=4)
SECONDS = 8


def predicted(folder: Path, spec: FeatureSpec, sfreq: float, ch_names: tuple[str, ...]) -> tuple[Session, list[Prediction]]:
    steps = np.random.default_rng(1).normal(0.0, 11.0 / sfreq**0.5, (round(SECONDS * sfreq), len(ch_names)))
    samples = steps.cumsum(axis=0).astype(np.float32)  # a random walk, whose spectrum falls as that of EEG does
    source = ArraySource(samples, sfreq=sfreq, ch_names=ch_names, chunk=max(1, round(0.05 * sfreq)))
    session = Session(source, load_bundle(write_bundle(folder, spec)), SessionSettings(policy=WindowPolicy.EVERY))
    told: list[Prediction] = []
    session.on_prediction.append(told.append)
    session.start()
    assert session.wait(30)
    session.stop()
    return session, told


@pytest.mark.parametrize(
    ("spec", "sfreq", "ch_names"),
    [
        (ONE, 128.0, ("T7",)),
        (SPEC, 20_000.0, ("T7", "T8")),
        (SPEC, 250.0, (*(f"E{k}" for k in range(254)), "T8", "T7")),
    ],
    ids=["one channel", "20 kHz", "256 channels"],
)
def test_every_window_is_predicted(tmp_path: Path, spec: FeatureSpec, sfreq: float, ch_names: tuple[str, ...]) -> None:
    session, told = predicted(tmp_path, spec, sfreq, ch_names)
    assert session.error is None and session.status.n_samples == SECONDS * sfreq and session.status.n_lost == 0
    n_windows = round((SECONDS - spec.window_s) / spec.hop_s) + 1
    assert n_windows - 1 <= len(told) <= n_windows, "the resampler holds back less than a hop"
    assert sum(p.withheld is None for p in told) >= len(told) - spec.n_frames


def test_four_hertz_are_refused_with_what_would_do(tmp_path: Path) -> None:
    session, told = predicted(tmp_path, SPEC, 4.0, ("T7", "T8"))
    assert isinstance(session.error, SclcmError) and "4 Hz" in str(session.error) and not told

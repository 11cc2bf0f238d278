from types import SimpleNamespace

import numpy as np

from app.session.session_status import SessionSettings
from app.session.trust_watch import DRIFT_SD, MEMORY_S, TrustWatch
from sclcm_core.features.normalise import Normaliser
from sclcm_core.types import FeatureFrame, Prediction


def session(baseline_s: float = 60.0) -> SimpleNamespace:
    return SimpleNamespace(
        on_prediction=[],
        settings=SessionSettings(baseline_s=baseline_s),
        normaliser=Normaliser(np.ones((2, 2)), np.full((2, 2), 2.0)),
        manifest=SimpleNamespace(calibration=()),
    )


def prediction(t: float, typicality: float | None = None, level: float = 1.0, withheld: str | None = None) -> Prediction:
    frame = FeatureFrame(np.full((2, 2), level, np.float32), 0, t)
    return Prediction(np.ones(2, np.float32) / 2, ("a", "b"), 0, t - 1, t, 0.0, 0.0, withheld, frame, typicality)


def test_novelty_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    watch = TrustWatch(session())
    told: list[str] = []
    watch.on_notice.append(lambda kind, text: told.append(kind))
    for t in range(200):
        watch.take(prediction(float(t), 0.6 if t < 50 or t > 120 else 0.01))
    assert told == ["novel", "typical"] and [kind for kind, _ in watch.unread()] == told and watch.unread() == []
    assert watch.typicality == 0.6


def test_a_moment_of_novelty_is_not_told() -> None:
    watch = TrustWatch(session())
    for t in range(100):
        watch.take(prediction(float(t), 0.01 if 50 <= t < 50 + MEMORY_S / 3 else 0.5))
    assert watch.unread() == []


def test_a_signal_that_leaves_the_baseline_for_minutes_brings_an_offer() -> None:
    watch = TrustWatch(session())
    for t in range(400):
        watch.take(prediction(float(t), level=1.0 if t < 100 else 6.0))
    (notice,) = watch.unread()
    assert notice[0] == "drift" and "Calibrate again?" in notice[1] and watch.drift_sd > DRIFT_SD


def test_a_signal_around_its_baseline_does_not_drift_and_withheld_windows_say_nothing() -> None:
    watch, rng = TrustWatch(session()), np.random.default_rng(0)
    for t in range(400):
        watch.take(prediction(float(t), level=float(rng.normal(1.0, 2.0))))
        watch.take(prediction(float(t), level=100.0, withheld="poor signal"))
    assert watch.unread() == [] and watch.drift_sd < 0.5


def test_without_a_baseline_there_is_no_drift() -> None:
    watch = TrustWatch(session(baseline_s=0.0))
    for t in range(400):
        watch.take(prediction(float(t), level=50.0))
    assert watch.drift_sd is None and watch.typicality is None and watch.unread() == []

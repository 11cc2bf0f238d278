"""A constant offset of 0.1 to 0.2 V, as amplifiers without a high-pass deliver it: predictions are those without it."""

import numpy as np
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.simulated_headset import SimulatedHeadset
from app.paths import find_bundle
from app.session.quality_monitor import QualityMonitor
from app.session.session import Session, SessionSettings
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.streaming.quality import Light
from sclcm_core.types import Prediction
from tests.app.session.array_source import ArraySource

OFFSETS = np.array([150_000.0, -187_000.0])
MOST_NATS = 0.002
"""What the rounding of samples at 187 000 µV, which is 0.016 µV, may change of a differential entropy; measured: 0.0009."""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(find_bundle("emotion-simulated"))


def predictions_of(bundle: Bundle, samples: np.ndarray, sfreq: float) -> list[Prediction]:
    session = Session(ArraySource(samples, sfreq=sfreq), bundle, SessionSettings(policy=WindowPolicy.EVERY))
    told: list[Prediction] = []
    session.on_prediction.append(told.append)
    session.start()
    assert session.wait(20)
    session.stop()
    assert session.error is None
    return told


@pytest.mark.parametrize("sfreq", [250.0, 512.0])
def test_features_and_answers_are_those_of_the_signal_from_the_first_window_on(bundle: Bundle, sfreq: float) -> None:
    head = SimulatedHead(np.random.default_rng(3), sfreq, ("T7", "T8"))
    samples = head.render(round(20 * sfreq), "positive")
    plain, lifted = (predictions_of(bundle, data, sfreq) for data in (samples, samples + OFFSETS))
    assert [p.withheld for p in plain] == [p.withheld for p in lifted] and sum(p.withheld is None for p in plain) > 50
    for one, other in zip(plain, lifted, strict=True):
        assert one.frame is not None and other.frame is not None
        np.testing.assert_allclose(other.frame.values, one.frame.values, atol=MOST_NATS)
        if one.withheld is None:
            np.testing.assert_allclose(other.probabilities, one.probabilities, atol=0.02)


@pytest.mark.lsl
@pytest.mark.slow
def test_a_headset_without_a_high_pass_is_predicted_and_found_good(bundle: Bundle) -> None:
    faults = [f"offset:{value:g}uV/{name}" for value, name in zip(OFFSETS, ("T7", "T8"), strict=True)]
    with SimulatedHeadset(announce=False, seed=2, faults=faults) as headset:
        session = Session(LslInlet(source_id=headset.source_id), bundle)
        told: list[Prediction] = []
        session.on_prediction.append(told.append)
        with QualityMonitor(session) as monitor:
            session.start()
            session.wait(9.0)
            session.stop()
        assert session.buffer is not None
        samples, _, _ = session.buffer.latest(250)
    columns = list(session.channel_indices)
    np.testing.assert_allclose(samples[:, columns].mean(axis=0), OFFSETS, rtol=0.01)
    assert session.status.message == "Stopped.", "the unit is not doubted"
    assert sum(p.withheld is None for p in told) > 10
    assert monitor.latest is not None
    assert [monitor.latest.channels[column].light for column in columns] == [Light.GOOD] * 2

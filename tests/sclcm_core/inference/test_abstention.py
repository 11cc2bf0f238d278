from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.manifest import Abstention
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.types import Prediction
from tests.tiny_bundle import manifest, write_bundle

THRESHOLDS = (
    Abstention(risk=0.1, confidence=0.9, coverage=0.3),
    Abstention(risk=0.2, confidence=0.7, coverage=0.6),
)


def predictions(folder: Path, risk: float | None, abstention=THRESHOLDS) -> list[Prediction]:
    """Of a signal that grows from 1 to 30 µV: the model's confidence in 'loud' grows with it."""
    bundle = load_bundle(write_bundle(folder, abstention=abstention))
    noise = lfilter([1.0], [1.0, -0.95], np.random.default_rng(0).standard_normal((128 * 20, 2)), axis=0)
    samples = np.geomspace(0.3, 10.0, len(noise))[:, None] * noise
    pipeline = Pipeline(bundle.manifest, bundle.predictor, 128.0, risk=risk)
    made = pipeline.advance(samples, np.arange(len(samples)) / 128.0, 0.0)
    return [p for p in made if p.withheld is None or "filling" not in p.withheld]


@pytest.mark.parametrize(("risk", "confidence"), [(0.2, 0.7), (0.3, 0.7), (0.15, 0.9), (0.1, 0.9), (0.05, None)])
def test_the_threshold_is_that_of_the_largest_risk_within_what_was_asked(risk: float, confidence: float | None) -> None:
    assert manifest(abstention=THRESHOLDS).trust(has_baseline=False).threshold(risk) == confidence


def test_a_model_that_is_held_to_a_risk_says_nothing_where_it_is_not_sure(tmp_path: Path) -> None:
    free = predictions(tmp_path, None)
    held = predictions(tmp_path, 0.2)
    sure = [float(p.probabilities.max()) >= 0.7 for p in free]
    assert 0 < sum(sure) < len(sure)
    assert [p.withheld is None for p in held] == sure
    assert next(p.withheld for p in held if p.withheld).endswith("of 0.70 (for at most 20% wrong answers)")


def test_a_model_without_thresholds_cannot_be_held_to_a_risk(tmp_path: Path) -> None:
    assert all("knows no confidence" in p.withheld for p in predictions(tmp_path, 0.2, ()))

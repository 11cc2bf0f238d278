import numpy as np
import pytest

from offline.datasets.splits import grouped_folds
from offline.evaluate.abstention import NEVER, abstention_rows, selective_curve, threshold
from offline.evaluate.fold_result import FoldResult, ValidationSide
from offline.evaluate.run_fold import run_fold
from offline.evaluate.sealed import Reading
from offline.evaluate.summary import summarise
from offline.finetune.fit import Epochs
from offline.seeds import Seed
from sclcm_core.inference.predictor import softmax


def calibrated(n=20_000, seed=0):
    """Answers of two classes that are right as often as they say."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1.0, n)
    label = rng.integers(0, 2, n)
    right = rng.random(n) < sure
    said = np.where(right, label, 1 - label)
    probabilities = np.empty((n, 2))
    probabilities[np.arange(n), said], probabilities[np.arange(n), 1 - said] = sure, 1 - sure
    return probabilities, label


def test_the_threshold_of_honest_answers_is_the_one_that_theory_says():
    probabilities, label = calibrated()
    confidence, coverage = threshold(probabilities, label, np.arange(len(label)), 0.1)
    assert confidence == pytest.approx(0.8, abs=0.02)  # the mean of what lies above is 0.9
    assert coverage == pytest.approx(0.4, abs=0.04)
    kept = probabilities.max(axis=1) >= confidence
    assert np.mean(probabilities[kept].argmax(axis=1) != label[kept]) <= 0.101


def test_risk_falls_with_coverage_and_ends_at_the_error_of_all():
    probabilities, label = calibrated()
    confidence, risk, coverage = selective_curve(probabilities, label)
    assert np.all(np.diff(confidence) <= 0)
    assert coverage[-1] == pytest.approx(1)
    assert risk[len(risk) // 4] < risk[-1]
    assert risk[-1] == pytest.approx(np.mean(probabilities.argmax(axis=1) != label), abs=0.01)


def test_classes_count_alike():
    label = np.array([0] * 90 + [1] * 10)
    always_the_common_one = np.tile([0.9, 0.1], (100, 1))
    _, risk, _ = selective_curve(always_the_common_one, label)
    assert risk[-1] == pytest.approx(0.5)


def test_a_risk_that_cannot_be_kept_has_no_threshold():
    label = np.tile([0, 1], 50)
    assert threshold(np.tile([0.6, 0.4], (100, 1)), label, np.arange(100), 0.1) == (NEVER, 0.0)


def test_many_windows_of_few_people_promise_nothing():
    label = np.tile([0, 1], 500)
    all_right = np.where(label[:, None] == [0, 1], 0.9, 0.1)
    assert threshold(all_right, label, np.arange(1000), 0.1)[0] == pytest.approx(0.9)
    assert threshold(all_right, label, np.repeat([0, 1], 500), 0.1) == (NEVER, 0.0)


def test_thresholds_are_judged_on_people_on_whom_they_were_not_found(windows, make_config):
    config = make_config(finetune={"epochs": 2, "batch_size": 32, "head_lr": 1e-2}, quantize={"enabled": False})
    results = [run_fold(config, windows, fold) for fold in grouped_folds(windows, 2, seed=0, n_validation_subjects=1)]
    summary = summarise(results, windows, "p", main="sclcm", seed=Seed(0))
    rows = abstention_rows(results, summary.temperatures, "sclcm")
    assert rows == summary.abstention
    for row in rows:
        assert 0 < row.coverage <= 1
        assert row.confidence >= 0.5
        assert 0 <= row.test_coverage <= 1
    by_line = [row for row in rows if row.line == "personal"]
    assert [row.coverage for row in by_line] == sorted(row.coverage for row in by_line)


def test_thresholds_are_judged_on_the_scale_on_which_they_were_found():
    """A fold whose own temperature is another one answers the same windows of its test side."""
    rng = np.random.default_rng(3)
    label = np.tile([0, 1], 300)
    logits = (rng.normal(0, 1, (600, 2)) + 1.5 * np.eye(2)[label]).astype(np.float32)
    sides = ValidationSide(label, np.arange(600), logits)

    def rows(own_temperature):
        reading = Reading(
            np.arange(600), label, np.arange(600, 1200), label, {("sclcm", "personal"): softmax(logits, own_temperature)}
        )
        epochs, cooled = Epochs(1, 1), {"personal": own_temperature}
        return abstention_rows(
            [FoldResult("a", epochs, 0.5, cooled, (), {"personal": sides}, reading)], {"personal": 1.0}, "sclcm"
        )

    assert rows(1.0) and all(row.test_coverage == pytest.approx(row.coverage, abs=0.01) for row in rows(1.0))
    for same, other in zip(rows(1.0), rows(4.0), strict=True):
        assert other.test_coverage == pytest.approx(same.test_coverage, abs=0.01), (
            "a threshold of another scale lets little through"
        )

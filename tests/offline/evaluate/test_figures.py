import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from offline.evaluate.calibration import expected_calibration_error, fit_temperature, reliability
from offline.evaluate.intervals import Figure, bootstrap_mean, paired_test, wilson
from offline.evaluate.scores import balanced_accuracy, confusion, macro_f1, trial_probabilities


def test_scores_agree_with_scikit_learn(rng):
    truth, answer = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    table = confusion(truth, answer, 3)
    assert np.array_equal(table, confusion_matrix(truth, answer))
    assert balanced_accuracy(table) == pytest.approx(balanced_accuracy_score(truth, answer))
    assert macro_f1(table) == pytest.approx(f1_score(truth, answer, average="macro"))


def test_a_class_that_does_not_occur_costs_nothing():
    table = confusion(np.array([0, 0, 1]), np.array([0, 0, 1]), 3)
    assert (balanced_accuracy(table), macro_f1(table)) == (1.0, 1.0)


def test_trials_answer_with_the_mean_of_their_windows():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    means, first = trial_probabilities(probabilities, np.array([5, 5, 2]))
    np.testing.assert_allclose(means, [[0.4, 0.6], [0.55, 0.45]])
    assert first.tolist() == [2, 0]


def test_wilsons_interval_is_the_published_one():
    assert str(wilson(117, 135)) == "0.867 [0.799, 0.914]"


@pytest.mark.parametrize(("n_people", "least"), [(5, 0.88), (30, 0.93)])
def test_the_bootstrap_interval_covers_the_true_mean_nineteen_times_in_twenty(n_people, least):
    rng = np.random.default_rng(0)
    figures = [bootstrap_mean(rng.normal(0, 1, n_people), rng) for _ in range(400)]
    covered = [figure.low <= 0 <= figure.high for figure in figures]
    assert least < np.mean(covered) < 0.98


def test_one_person_alone_has_a_mean_and_no_width(rng):
    assert bootstrap_mean(np.array([0.7]), rng) == Figure(0.7, 0.7, 0.7)


def test_a_paired_test_finds_a_steady_gain_and_no_gain_in_noise(rng):
    base = rng.uniform(0.4, 0.9, 20)
    gain, p = paired_test(base + 0.05 + rng.normal(0, 0.02, 20), base, rng)
    assert gain.low > 0
    assert p < 0.01
    _, p_noise = paired_test(base + rng.normal(0, 0.1, 20), base, rng)
    assert p_noise > 0.01


def test_the_temperature_undoes_overconfidence(rng):
    n = 4000
    logits = rng.normal(0, 1.5, (n, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    label = (rng.random(n) < chance).astype(np.int64)
    assert fit_temperature(4 * logits, label) == pytest.approx(4, rel=0.1)


def test_honest_probabilities_have_no_calibration_error(rng):
    confidence = rng.uniform(0.5, 1, 20_000)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    label = (rng.random(20_000) > confidence).astype(np.int64)
    assert expected_calibration_error(probabilities, label) < 0.02
    assert expected_calibration_error(np.tile([1.0, 0.0], (100, 1)), np.arange(100) % 2) == pytest.approx(0.5)
    bins = reliability(probabilities, label)
    assert bins[:, 2].sum() == 20_000
    assert np.isnan(bins[0, 0])

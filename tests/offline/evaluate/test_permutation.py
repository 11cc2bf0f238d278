import numpy as np
import pytest

from offline.datasets.splits import grouped_folds
from offline.evaluate.permutation import (
    LABELS_ONLY,
    REFITTED,
    chance_level,
    permuted_labels,
    permuted_scores,
)
from offline.evaluate.report import refit_sentences
from offline.evaluate.run_fold import run_fold
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.summary import summarise
from offline.seeds import Seed


def trials(n_people=8, n_trials=4, n_windows=10):
    """Labels alternate between the trials of each person."""
    trial = np.repeat(np.arange(n_people * n_trials), n_windows)
    return trial % 2, trial // n_trials, trial


def test_labels_are_dealt_out_among_the_trials_of_each_person():
    label, subject, trial = trials()
    dealt = permuted_labels(label, subject, trial, np.random.default_rng(0))
    assert not np.array_equal(dealt, label)
    for person in np.unique(subject):
        mine = subject == person
        assert np.array_equal(np.sort(dealt[mine]), np.sort(label[mine]))
    assert all(len(set(dealt[trial == t])) == 1 for t in np.unique(trial))


def test_scores_are_those_of_the_permuted_labels():
    label, subject, trial = trials()
    answer = np.random.default_rng(1).integers(0, 2, len(label))
    fast = permuted_scores(answer, (label, subject, trial), 5, np.random.default_rng(3))
    rng, slow = np.random.default_rng(3), []
    for _ in range(5):
        dealt = permuted_labels(label, subject, trial, rng)
        people = [subject == person for person in np.unique(subject)]
        slow.append(np.mean([balanced_accuracy(confusion(dealt[mine], answer[mine], 2)) for mine in people]))
    np.testing.assert_allclose(fast, slow)


def test_answers_that_know_nothing_are_at_chance_and_those_that_know_are_not():
    label, subject, trial = trials()
    rng = np.random.default_rng(0)
    for answer, expected in ((label, True), (rng.integers(0, 2, len(label)), False)):
        people = [subject == person for person in np.unique(subject)]
        score = np.mean([balanced_accuracy(confusion(label[mine], answer[mine], 2)) for mine in people])
        level = chance_level(LABELS_ONLY, score, permuted_scores(answer, (label, subject, trial), 200, rng))
        assert (level.p < 0.02) is expected
        assert level.mean == pytest.approx(0.5, abs=0.02)


def test_one_trial_a_person_leaves_nothing_to_permute():
    label, subject, trial = trials(n_trials=1)
    level = chance_level(LABELS_ONLY, 1.0, permuted_scores(label, (label, subject, trial), 20, np.random.default_rng(0)))
    assert level.p == 1.0


def test_a_summary_names_both_kinds_and_refits_stay_out_of_the_methods(make_windows, make_config):
    windows = make_windows(n_subjects=12)
    config = make_config(
        finetune={"epochs": 1},
        quantize={"enabled": False},
        evaluate={"split": "grouped_folds", "options": {"k": 2, "n_validation_subjects": 1}, "n_refits": 12},
    )
    results = [run_fold(config, windows, fold) for fold in grouped_folds(windows, 2, seed=0, n_validation_subjects=1)]
    summary = summarise(results, windows, "p", main="sclcm", seed=Seed(0), n_permutations=50)
    assert {m.method for m in summary.methods} == {"majority", "logistic_regression", "sclcm"}
    level = summary.find("logistic_regression", "personal").permutation
    assert (level.kind, level.n) == (LABELS_ONLY, 50)
    assert level.p < 0.05
    refits = summary.refits["population"]
    assert (refits.kind, refits.n) == (REFITTED, 12)
    assert refits.p < 0.25
    assert refits.mean < 0.8
    assert refit_sentences(summary)[0].startswith(f"Logistic regression, population, {REFITTED}, 12 times: {refits.mean:.3f}, ")

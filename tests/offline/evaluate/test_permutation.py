import dataclasses

import numpy as np
import pytest

from offline.datasets.splits import grouped_folds
from offline.evaluate.permutation import (
    LABELS_ONLY,
    REFITTED,
    STIMULI_ONLY,
    chance_level,
    permuted_labels,
    permuted_scores,
    refit_answers,
    stimuli_are_dealt,
)
from offline.evaluate.report import refit_sentences
from offline.evaluate.run_fold import run_fold
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.summary import summarise
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser


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


def clips(n_people=10, n_clips=12):
    """Everybody watches the same clips, one trial each, of three classes."""
    subject, clip = (ids.ravel() for ids in np.meshgrid(np.arange(n_people), np.arange(n_clips), indexing="ij"))
    return clip % 3, subject, subject * n_clips + clip, clip


def test_labels_of_stimuli_are_dealt_alike_for_all_people():
    label, subject, trial, clip = clips()
    dealt = permuted_labels(label, subject, trial, np.random.default_rng(0), clip)
    assert not np.array_equal(dealt, label)
    assert np.array_equal(np.bincount(dealt), np.bincount(label))
    assert all(len(set(dealt[clip == one])) == 1 for one in np.unique(clip))


def test_people_who_answer_a_clip_alike_are_no_independent_witnesses():
    """Everybody gives each clip the same answer, drawn by chance: that must not be called better than chance too often."""
    label, subject, trial, clip = clips()
    found = {LABELS_ONLY: [], STIMULI_ONLY: []}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        answer = rng.integers(0, 3, 12)[clip]
        people = [subject == person for person in np.unique(subject)]
        score = np.mean([balanced_accuracy(confusion(label[mine], answer[mine], 3)) for mine in people])
        for kind, stimulus in ((LABELS_ONLY, None), (STIMULI_ONLY, clip)):
            scores = permuted_scores(answer, (label, subject, trial), 60, rng, stimulus)
            found[kind].append(chance_level(kind, score, scores).p < 0.05)
    assert np.mean(found[LABELS_ONLY]) > 0.25, "what the permutation by trial gets wrong"
    assert np.mean(found[STIMULI_ONLY]) < 0.12


def test_stimuli_are_dealt_where_each_has_one_label_and_there_are_enough():
    label, _, _, clip = clips()
    assert stimuli_are_dealt(label, clip)
    own = label.copy()
    own[0] = (own[0] + 1) % 3  # somebody calls a clip something else
    assert not stimuli_are_dealt(own, clip)
    assert not stimuli_are_dealt(np.array([0, 1, 0, 1]), np.array([0, 1, 0, 1]))  # a class is one task
    assert not stimuli_are_dealt(np.arange(6) % 3, np.arange(6))  # 90 ways


def test_a_refit_has_one_label_for_a_stimulus_whoever_is_tested(make_windows, config, monkeypatch):
    windows = make_windows(n_subjects=4, n_per_class=6, n_classes=2)
    clip = windows.trial % 2 * 6 + np.arange(len(windows)) % 6  # six clips a class
    trial = windows.subject * 12 + clip
    names = {"stimulus_names": tuple("abcdefghijkl"), "trial_names": tuple(f"trial {k}" for k in range(48))}
    windows = dataclasses.replace(windows, stimulus=clip, trial=trial, **names)
    dealt = []

    def keep(train, *_, **__):
        dealt.append({int(s): int(k) for s, k in zip(train.stimulus, train.label, strict=True)})

    monkeypatch.setattr("offline.evaluate.permutation.fit_logistic_regression", keep)
    for people in ((0, 1), (2, 3)):
        indices = np.flatnonzero(np.isin(windows.subject, people))
        train = normalised(windows, indices, "population", population_normaliser(windows, indices))
        refit_answers(train, 2, 3, Seed(0), by_stimulus=True)
    assert dealt[:4] == dealt[4:]
    assert dealt[1] != dealt[0] and all(len(labels) == 12 for labels in dealt)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offline.datasets.splits import (
    SPLITTERS,
    check_fold,
    first_trials,
    grouped_folds,
    leave_one_subject_out,
    make_folds,
    subject_and_stimulus_disjoint,
    within_subject,
)
from offline.datasets.stimulus_groups import stimulus_has_one_label
from sclcm_core.errors import DatasetError

FOR_NINE_TRIALS = {"within_subject": {"k": 3}, "first_trials": {"n_train": 6}}


def ids(windows, fold, name):
    return [set(getattr(windows, name)[part].tolist()) for part in (fold.train, fold.validation, fold.test)]


@pytest.mark.parametrize("name", SPLITTERS)
def test_every_split_uses_only_labelled_windows_outside_the_baseline(make_windows, name):
    windows = make_windows()
    for fold in make_folds(name, windows, seed=1, options=FOR_NINE_TRIALS.get(name)):
        for part in (fold.train, fold.validation, fold.test):
            assert part.dtype == np.int64
            assert windows.usable[part].all()


@pytest.mark.parametrize("name", SPLITTERS)
def test_no_two_parts_share_what_the_fold_claims(make_windows, name):
    windows = make_windows()
    for fold in make_folds(name, windows, seed=1, options=FOR_NINE_TRIALS.get(name)):
        for claim in fold.disjoint:
            train, validation, test = ids(windows, fold, claim)
            assert not train & validation and not train & test and not validation & test


@pytest.mark.parametrize("name", [name for name in SPLITTERS if name != "first_trials"])
def test_the_seed_determines_the_folds(make_windows, name):
    windows = make_windows(n_subjects=8, n_stimuli=15)
    first, again = (make_folds(name, windows, seed=3) for _ in range(2))
    other = make_folds(name, windows, seed=4)
    assert all((a.train == b.train).all() and (a.test == b.test).all() for a, b in zip(first, again, strict=True))
    assert any(a.train.tolist() != b.train.tolist() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", [name for name in SPLITTERS if name != "first_trials"])
def test_every_usable_window_is_tested_exactly_once(make_windows, name):
    windows = make_windows()
    folds = make_folds(name, windows, seed=1, options=FOR_NINE_TRIALS.get(name))
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == np.flatnonzero(windows.usable).tolist()


def test_leave_one_subject_out_tests_each_subject_and_validates_on_others(make_windows):
    windows = make_windows(n_subjects=6)
    folds = leave_one_subject_out(windows, n_validation_subjects=2)
    assert [fold.name for fold in folds] == [f"subject s{k}" for k in range(6)]
    for k, fold in enumerate(folds):
        train, validation, test = ids(windows, fold, "subject")
        assert (len(train), len(validation), test) == (3, 2, {k})


def test_disjoint_folds_share_neither_subjects_nor_stimuli(make_windows):
    windows = make_windows()
    folds = subject_and_stimulus_disjoint(windows, k_subjects=5, k_stimuli=3)
    assert len(folds) == 15
    for fold in folds:
        for part in (fold.train, fold.validation, fold.test):
            assert set(windows.label[part].tolist()) == {0, 1, 2}


def test_one_stimulus_a_class_makes_a_stimulus_disjoint_split_impossible_and_says_why(make_windows):
    with pytest.raises(DatasetError, match="cannot be told apart") as caught:
        subject_and_stimulus_disjoint(make_windows(n_stimuli=2, n_classes=2))
    assert "stimuli by class: {'negative': 1, 'neutral': 1}" in str(caught.value)


def test_more_stimulus_groups_than_stimuli_a_class_are_refused_with_the_possible_number(make_windows):
    with pytest.raises(DatasetError, match="between 3 and 3"):
        subject_and_stimulus_disjoint(make_windows(), k_stimuli=4)


def test_within_subject_tests_unseen_trials_of_the_same_subject(make_windows):
    windows = make_windows(n_subjects=2)
    folds = within_subject(windows, 3)
    assert len(folds) == 6
    for fold in folds:
        (train, validation, test) = ids(windows, fold, "subject")
        assert train == validation == test


def test_within_subject_can_keep_all_visits_to_a_stimulus_together(make_windows):
    windows = make_windows(n_subjects=2, n_sessions=2)
    (by_trial, by_stimulus) = (within_subject(windows, 3, unit=unit) for unit in ("trial", "stimulus"))
    train, _, test = ids(windows, by_stimulus[0], "stimulus")
    assert not train & test
    assert any(ids(windows, fold, "stimulus")[0] & ids(windows, fold, "stimulus")[2] for fold in by_trial)


def test_first_trials_are_trained_on_and_later_ones_tested(make_windows):
    windows = make_windows(n_subjects=2, n_stimuli=15, n_sessions=2)
    folds = first_trials(windows)
    assert [fold.name for fold in folds] == [f"subject s{s}, session {v}" for s in (0, 1) for v in (1, 2)]
    for fold in folds:
        names = [{windows.stimulus_names[k] for k in part} for part in ids(windows, fold, "stimulus")]
        assert names[0] == {f"clip{k}" for k in range(6)}
        assert names[1] == {f"clip{k}" for k in range(6, 9)}
        assert names[2] == {f"clip{k}" for k in range(9, 15)}


def test_a_session_that_is_too_short_for_its_first_trials_is_named(make_windows):
    with pytest.raises(DatasetError, match="subject s0, session 1 of Toy set has 9 trials"):
        first_trials(make_windows())


def test_too_few_trials_a_class_make_a_split_within_subjects_impossible(make_windows):
    with pytest.raises(DatasetError, match="'negative': 1"):
        within_subject(make_windows(n_stimuli=2, n_classes=2))


def test_two_subjects_cannot_be_split_by_subject(make_windows):
    with pytest.raises(DatasetError, match="2 subject"):
        leave_one_subject_out(make_windows(n_subjects=2))


@pytest.mark.parametrize("n", [0, 4, 9])
def test_validation_subjects_must_leave_one_to_train_on(make_windows, n):
    with pytest.raises(DatasetError, match="between 1 and 3"):
        leave_one_subject_out(make_windows(n_subjects=5), n_validation_subjects=n)


def test_more_folds_than_subjects_are_refused(make_windows):
    with pytest.raises(DatasetError, match="6 folds cannot be made of 5 subjects"):
        grouped_folds(make_windows(), 6)


def test_an_unknown_split_names_the_nearest(make_windows):
    with pytest.raises(DatasetError, match="Did you mean 'grouped_folds'"):
        make_folds("grouped_fold", make_windows(), seed=0)


def test_an_unknown_option_of_a_split_is_named(make_windows):
    with pytest.raises(DatasetError, match="kk"):
        make_folds("grouped_folds", make_windows(), seed=0, options={"kk": 2})


def test_whether_labels_belong_to_stimuli_is_seen(make_windows):
    windows = make_windows()
    assert stimulus_has_one_label(windows)
    windows.label[np.flatnonzero(windows.usable)[0]] = 2
    assert not stimulus_has_one_label(windows)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_subjects=st.integers(3, 8), per_class=st.integers(3, 6), seed=st.integers(0, 2**31))
def test_disjoint_folds_hold_for_any_number_of_subjects_and_stimuli(make_windows, n_subjects, per_class, seed):
    windows = make_windows(n_subjects=n_subjects, n_stimuli=3 * per_class)
    for fold in subject_and_stimulus_disjoint(windows, k_subjects=3, k_stimuli=per_class, seed=seed):
        check_fold(fold, windows)

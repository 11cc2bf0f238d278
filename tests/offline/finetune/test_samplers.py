"""Batches for triplets, and for contrast between trials."""

import numpy as np
import pytest

from offline.finetune.kin_sampler import KinSampler
from offline.finetune.trial_sampler import TrialSampler


def ids(n_subjects=5, n_classes=3, n_trials=2, n_windows=7):
    grid = np.meshgrid(*map(range, (n_subjects, n_classes, n_trials, n_windows)), indexing="ij")
    subject, label, trial, _ = (axis.ravel() for axis in grid)
    return label, subject, (subject * n_classes + label) * n_trials + trial


def test_every_batch_for_triplets_has_as_many_windows_of_each_class_from_all_people_and_trials():
    label, subject, trial = ids()
    sampler = KinSampler(label, subject, trial, n_windows=10)
    batches = list(sampler.epoch(np.random.default_rng(0)))
    assert len(batches) == sampler.n_batches == 7
    for batch in batches:
        assert np.bincount(label[batch]).tolist() == [10, 10, 10]
        for value in range(3):
            mine = batch[label[batch] == value]
            assert len(set(subject[mine])) == 5 and len(set(trial[mine])) == 10


def test_an_epoch_for_triplets_shows_the_largest_class_once_and_repeats_the_small_ones():
    label, subject, trial = ids()
    few = np.flatnonzero((label != 2) | (trial % 2 == 0))
    sampler = KinSampler(label[few], subject[few], trial[few], n_windows=10)
    shown = np.concatenate(list(sampler.epoch(np.random.default_rng(0))))
    counts = np.bincount(shown, minlength=len(few))
    assert (counts[label[few] != 2] == 1).all() and set(counts[label[few] == 2]) == {2}


def test_triplets_of_one_class_are_refused():
    with pytest.raises(ValueError, match="at least two classes"):
        KinSampler(*(np.zeros(4, np.int64),) * 3)


@pytest.mark.parametrize("n_per_trial", [1, 2, 3])
def test_no_batch_has_more_than_a_few_windows_of_a_trial_and_none_comes_twice(n_per_trial):
    label, _, trial = ids(n_subjects=8)
    sampler = TrialSampler(trial, batch_size=48, n_per_trial=n_per_trial, kind=label)
    batches = list(sampler.epoch(np.random.default_rng(0)))
    assert len(batches) == sampler.n_batches
    for batch in batches:
        assert np.bincount(trial[batch]).max() <= n_per_trial and 16 <= len(batch) <= 60
        assert len(set(label[batch])) == 3
    shown = np.concatenate(batches)
    assert sorted(shown) == list(range(len(label)))


def test_what_is_left_of_the_longest_trial_waits():
    trial = np.concatenate([np.repeat(np.arange(20), 2), np.full(10, 20)])
    shown = np.concatenate(list(TrialSampler(trial).epoch(np.random.default_rng(0))))
    assert len(set(shown)) == len(shown) == 42


def test_a_single_trial_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        TrialSampler(np.zeros(5, np.int64))

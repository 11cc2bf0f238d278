from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from offline.datasets.fold import Fold, check_fold
from offline.datasets.splits import leave_one_subject_out
from offline.datasets.window_set import build_window_set
from sclcm_core.errors import DatasetError


@pytest.fixture
def windows(make_windows):
    return make_windows()


@pytest.fixture
def fold(windows):
    return leave_one_subject_out(windows)[0]


def test_an_honest_fold_passes(fold, windows):
    check_fold(fold, windows)


def test_a_window_in_two_parts_is_caught(fold, windows):
    leaky = dataclasses.replace(fold, train=np.append(fold.train, fold.test[0]))
    with pytest.raises(DatasetError, match="share subject 's0'"):
        check_fold(leaky, windows)


def test_a_shared_stimulus_is_caught_when_the_fold_claims_otherwise(fold, windows):
    with pytest.raises(DatasetError, match="share stimulus"):
        check_fold(dataclasses.replace(fold, disjoint=("subject", "stimulus")), windows)


def test_windows_that_overlap_in_time_are_caught_whatever_the_fold_claims(windows):
    same_trial = np.flatnonzero((windows.trial == windows.trial[-1]) & windows.usable)
    others = np.flatnonzero(windows.usable & (windows.subject < 3))
    leaky = Fold("random windows", np.append(others, same_trial[0]), same_trial[1:2], same_trial[2:], disjoint=())
    with pytest.raises(DatasetError, match="overlap in recording"):
        check_fold(leaky, windows)


def test_windows_of_one_recording_a_span_apart_do_not_overlap(make_frames, spec, card):
    windows = build_window_set([make_frames(30)], spec, class_names=("all",), card=card, window_hop_frames=5)
    check_fold(Fold("in time", np.array([0, 1]), np.array([2]), np.array([3, 4]), disjoint=()), windows)


def test_baseline_windows_are_refused(fold, windows):
    with_rest = dataclasses.replace(fold, train=np.append(fold.train, np.flatnonzero(windows.is_baseline)[0]))
    with pytest.raises(DatasetError, match="baseline or unlabelled"):
        check_fold(with_rest, windows)


def test_an_empty_part_is_refused(fold, windows):
    with pytest.raises(DatasetError, match="validation part is empty"):
        check_fold(dataclasses.replace(fold, validation=fold.validation[:0]), windows)


def test_a_class_that_cannot_be_learnt_is_named(fold, windows):
    without = dataclasses.replace(fold, train=fold.train[windows.label[fold.train] != 2])
    with pytest.raises(DatasetError, match="class positive"):
        check_fold(without, windows)

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from offline.datasets.window_set import ACROSS_BASELINE, build_window_set
from sclcm_core.errors import DatasetError

NAMES = ("low", "high")


def test_windows_hold_consecutive_frames(make_frames, spec, card):
    windows = build_window_set([make_frames(10)], spec, class_names=NAMES, card=card, window_hop_frames=3)
    assert windows.features.shape == (3, 2, 2, 4)
    assert windows.features.dtype == np.float32
    assert windows.features[:, 0, 0].tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]


def test_windows_stand_half_a_window_apart_unless_told_otherwise(make_frames, spec, card):
    windows = build_window_set([make_frames(10)], spec, class_names=NAMES, card=card)
    assert windows.t0.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_no_window_crosses_from_one_recording_into_the_next(make_frames, spec, card):
    pair = [make_frames(6, trial="a"), make_frames(6, trial="b")]
    windows = build_window_set(pair, spec, class_names=NAMES, card=card, window_hop_frames=1)
    assert windows.recording.tolist() == [0, 0, 0, 1, 1, 1]
    assert (np.diff(windows.features[:, 0, 0], axis=-1) == 1).all()


def test_a_window_that_touches_an_invalid_frame_is_dropped_and_counted(make_frames, spec, card):
    frames = make_frames(10, faults={5: "T7: 40% of the samples missing"})
    windows = build_window_set([frames], spec, class_names=NAMES, card=card, window_hop_frames=1)
    assert not (windows.features == 5).any()
    assert len(windows) == 3
    assert windows.dropped == {"of the samples missing": 4}


def test_the_baseline_is_marked_kept_apart_and_never_straddled(make_frames, spec, card):
    frames = make_frames(21, baseline_s=5.0)
    windows = build_window_set([frames], spec, class_names=NAMES, card=card, window_hop_frames=1)
    ends = windows.t0 + spec.span_s
    assert (ends[windows.is_baseline] <= 5.0).all()
    assert (windows.t0[~windows.is_baseline] >= 5.0).all()
    assert windows.dropped == {ACROSS_BASELINE: 4}
    assert windows.baseline_frames[0][:, 0, 0].tolist() == list(range(9))
    assert windows.baseline_session[0].tolist() == [1] * 9


def test_an_invalid_frame_is_no_baseline(make_frames, spec, card):
    frames = make_frames(21, baseline_s=5.0, faults={2: "flat T8"})
    windows = build_window_set([frames], spec, class_names=NAMES, card=card)
    assert 2 not in windows.baseline_frames[0]


def test_baselines_of_all_visits_of_a_subject_are_gathered_with_their_session(make_windows):
    windows = make_windows(n_subjects=2, n_sessions=2)
    assert sorted(windows.baseline_frames) == [0, 1]
    assert np.unique(windows.baseline_session[1]).tolist() == [1, 2]


def test_rest_is_neither_trained_nor_tested_on(make_windows):
    windows = make_windows()
    assert not windows.usable[windows.is_baseline].any()
    assert windows.usable.sum() == 5 * 9 * 3


def test_ids_are_indices_into_their_names(make_windows):
    windows = make_windows(n_subjects=2)
    last = len(windows) - 1
    assert windows.subject_names[windows.subject[last]] == "s1"
    assert windows.stimulus_names[windows.stimulus[last]] == "clip8"
    assert windows.trial_names[windows.trial[last]] == "s1/1/clip8"


def test_the_same_trial_name_of_two_subjects_or_sessions_is_two_trials(make_windows):
    windows = make_windows(n_subjects=2, n_sessions=2)
    assert len(windows.trial_names) == 2 * 2 * 10
    assert len(windows.stimulus_names) == 10


def test_selecting_keeps_names_and_baselines(make_windows):
    windows = make_windows()
    chosen = windows.select(windows.subject == 3)
    assert set(chosen.subject.tolist()) == {3}
    assert chosen.subject_names == windows.subject_names
    assert chosen.baseline_frames is windows.baseline_frames
    assert len(windows.select(np.array([4, 2]))) == 2


def test_a_set_without_any_window_says_why(make_frames, spec, card):
    with pytest.raises(DatasetError, match=r"4 frames \(2\.5 s\) fit into no recording"):
        build_window_set([make_frames(3)], spec, class_names=NAMES, card=card)


def test_arrays_of_different_lengths_are_refused(make_windows):
    windows = make_windows()
    with pytest.raises(ValueError, match="one entry a window"):
        dataclasses.replace(windows, label=windows.label[:-1])


def test_a_hop_below_one_frame_is_refused(make_frames, spec, card):
    with pytest.raises(ValueError, match="at least 1"):
        build_window_set([make_frames()], spec, class_names=NAMES, card=card, window_hop_frames=0)


def test_one_simulated_recording_makes_the_whole_set_simulated(make_frames, spec, card):
    real = dataclasses.replace(card, simulated=False)
    for last, expected in ((False, False), (True, True)):
        recordings = [make_frames(), make_frames(trial="b", simulated=last)]
        windows = build_window_set(recordings, spec, class_names=NAMES, card=real)
        assert windows.dataset.simulated is expected

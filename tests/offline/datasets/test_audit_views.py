from __future__ import annotations

import numpy as np
import pytest

from offline.datasets.audit_views import course_view, window_view
from offline.datasets.window_set import build_window_set


@pytest.fixture
def windows(make_frames, spec, card, rng):
    recordings = []
    for trial, (n, baseline_s) in enumerate(((21, 0.0), (25, 2.5), (23, 0.0))):
        frames = make_frames(n, trial=str(trial), stimulus=str(trial), baseline_s=baseline_s, label=trial % 2)
        recordings.append(frames)
    return build_window_set(recordings, spec, class_names=("a", "b"), card=card, window_hop_frames=2)


def test_a_window_is_seen_against_the_subjects_own_rest(windows):
    view = window_view(windows)
    rest = windows.baseline_frames[0].mean(axis=0)
    assert len(view.x) == windows.usable.sum()
    first = windows.features[np.flatnonzero(windows.usable)[0]].mean(axis=-1) - rest
    assert np.allclose(view.x[0], first.ravel())


def test_a_course_has_a_row_a_trial_and_no_mean(windows):
    view = course_view(windows)
    assert view.trial.tolist() == [0, 1, 2]
    points = view.x.reshape(3, -1, 2, 2)
    assert np.allclose(points.mean(axis=1), 0)
    assert np.allclose(np.diff(points[:, :, 0, 0], axis=1), 2)


def test_a_course_holds_only_moments_that_all_trials_have(windows, spec):
    longest = max(np.sum(windows.usable & (windows.trial == trial)) for trial in range(3))
    shortest = min(np.sum(windows.usable & (windows.trial == trial)) for trial in range(3))
    assert longest > shortest
    assert course_view(windows).x.shape[1] == shortest * spec.n_bands * spec.n_columns


def test_a_rest_before_the_stimulus_does_not_shift_its_course(windows):
    view = course_view(windows)
    assert np.allclose(view.x[0], view.x[1])

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from offline.datasets import load_windows
from offline.datasets.audit import MADE_UP, SEEN, STIMULUS, SUBJECT, UNSEEN, audit
from offline.datasets.audit_plot import plot_audit
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.simulation import HEADSET_CHANNELS

SPEC = FeatureSpec(ch_names=HEADSET_CHANNELS, sfreq=250.0, window_s=1.0, hop_s=1.0, n_frames=2)
OPTIONS = {"n_subjects": 7, "n_stimuli": 9, "trial_s": 20.0, "rest_s": 10.0}


def simulate(**effects):
    return load_windows("simulated", None, SPEC, options=OPTIONS | effects, window_hop_frames=2)


@pytest.fixture(scope="module")
def clip_signature():
    """No emotion at all, but a time course that a clip leaves in everybody who watches it."""
    return simulate(class_effect=0.0, stimulus_effect=1.0)


@pytest.fixture(scope="module")
def report(clip_signature):
    return audit(clip_signature, n_made_up=3)


@pytest.fixture(scope="module")
def emotion():
    """Emotion, and no signature of any clip."""
    return audit(simulate(class_effect=1.0, stimulus_effect=0.0), n_made_up=5)


def test_without_any_emotion_a_clip_signature_makes_the_subject_split_look_excellent(report):
    assert report.score(SEEN, "trial course").mean > 0.8


def test_made_up_labels_then_look_as_good(report):
    seen, made_up = report.score(SEEN, "trial course"), report.score(MADE_UP, "trial course")
    assert made_up.mean > seen.mean - 0.1
    assert made_up.above_chance


def test_and_unseen_stimuli_stand_at_chance(report):
    assert not report.score(UNSEEN, "trial course").above_chance


def test_the_probe_reads_the_stimulus(report):
    assert report.score(STIMULUS, "trial course").mean > 0.8


def test_the_verdict_says_so(report):
    (course,) = (verdict for verdict in report.verdicts if verdict.startswith("trial course"))
    assert "recognises the stimuli" in course
    assert "which is chance" in course


def test_with_a_true_effect_and_no_signature_true_and_made_up_labels_part(emotion):
    seen, unseen, made_up = (emotion.score(what, "window") for what in (SEEN, UNSEEN, MADE_UP))
    assert seen.mean > 0.7
    assert unseen.mean > seen.mean - 0.1
    assert made_up.mean < made_up.chance + 0.1
    assert any("told with unseen stimuli too" in verdict for verdict in emotion.verdicts)


def test_single_windows_tell_the_subject(emotion):
    assert emotion.score(SUBJECT, "window").mean > 0.9


def test_without_any_effect_nothing_is_above_chance(clip_signature, rng):
    noise = rng.standard_normal(clip_signature.features.shape).astype(np.float32)
    found = audit(dataclasses.replace(clip_signature, features=noise, baseline_frames={}), n_made_up=3)
    for score in found.scores:
        assert abs(score.mean - score.chance) < 0.15


def test_equal_subjects_are_not_told_by_the_error_of_their_rests(clip_signature, rng):
    noise = rng.standard_normal(clip_signature.features.shape).astype(np.float32)
    rests = {subject: rng.standard_normal((5, 5, 8)) for subject in clip_signature.baseline_frames}
    found = audit(dataclasses.replace(clip_signature, features=noise, baseline_frames=rests), units=["window"], n_made_up=1)
    assert found.score(SUBJECT, "window").mean < 0.4


def test_chance_of_made_up_labels_is_what_knowing_the_true_class_reaches(report):
    """Three stimuli a class get one of each label: the true class says nothing."""
    assert report.score(MADE_UP, "window").chance == pytest.approx(1 / 3)


def test_the_seed_determines_the_audit(clip_signature):
    first, again = (audit(clip_signature, units=["window"], n_made_up=2, seed=5) for _ in range(2))
    assert first == again


def test_progress_counts_the_questions(clip_signature):
    steps = []
    audit(clip_signature, units=["window"], n_made_up=1, progress=lambda *step: steps.append(step))
    assert [step[:2] for step in steps] == [(k, 5) for k in range(1, 6)]


def test_where_every_class_is_one_stimulus_the_audit_says_that_they_cannot_be_told_apart(clip_signature):
    two = clip_signature.select(np.isin(clip_signature.stimulus, [1, 2]) & clip_signature.usable)
    labels = np.unique(two.stimulus, return_inverse=True)[1]
    tied = dataclasses.replace(two, label=labels, class_names=("rest", "task"))
    found = audit(tied, units=["window"], n_made_up=1)
    assert np.isnan(found.score(UNSEEN, "window").mean)
    assert found.score(UNSEEN, "window").note == "too few stimuli (rest 1, task 1)"
    assert "cannot be told apart" in found.verdicts[0]
    assert "not possible: too few stimuli (rest 1, task 1)" in found.table()


def test_a_probe_that_has_one_trial_of_each_to_learn_from_is_left_out_with_the_reason(clip_signature):
    two = clip_signature.select(np.isin(clip_signature.stimulus, [1, 2]) & clip_signature.usable)
    labels = np.unique(two.stimulus, return_inverse=True)[1]
    found = audit(dataclasses.replace(two, label=labels, class_names=("rest", "task")), units=["trial course"], n_made_up=1)
    assert found.score(SUBJECT, "trial course").text == "not possible: one trial of each subject to learn from"
    assert not np.isnan(found.score(STIMULUS, "trial course").mean)


def test_a_course_that_is_not_possible_leaves_the_windows_audited(make_windows):
    windows = make_windows()
    found = audit(windows.select(windows.t0 < 1.0), n_made_up=1)
    assert {score.unit for score in found.scores} == {"window"}
    assert "a course needs 3" in found.verdicts[1]


def test_one_subject_cannot_be_audited(clip_signature):
    with pytest.raises(DatasetError, match="has one subject"):
        audit(clip_signature.select(clip_signature.subject == 0))


def test_the_table_has_a_row_a_question(report):
    lines = report.table().splitlines()
    assert sum(line.startswith("|") for line in lines) == 2 + len(report.scores)
    assert "Simulated emotion set" in lines[0]
    assert lines[2] == "7 subjects, 63 trials, 630 windows; stimuli by class: negative 3, neutral 3, positive 3."


def test_the_picture_is_written(report, tmp_path):
    plot_audit(report, tmp_path / "audit.png")
    assert (tmp_path / "audit.png").stat().st_size > 20_000

from dataclasses import replace

import numpy as np
import pytest

from offline.finetune.few_shot import (
    AS_TRAINED,
    FEW_SHOT_TABLE,
    MEANS,
    MOVED,
    PROBE,
    NewPerson,
    can_draw,
    class_means,
    few_shot,
    few_shot_notes,
    few_shot_rows,
    held_apart,
    once_each,
    person_scores,
)
from offline.progress import silent
from offline.seeds import Seed
from sclcm_core.errors import DatasetError


def person(n_trials=4, n_windows=6, shift=0.0, spread=0.3, seed=0):
    """Somebody whose classes lie elsewhere than those of the training people."""
    rng = np.random.default_rng(seed)
    label = np.repeat([0, 1], n_trials * n_windows)
    trial = np.repeat(np.arange(2 * n_trials), n_windows)
    angle = np.where(label == 0, 0.0, 1.5) + shift + spread * rng.normal(size=len(label))
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    anchors = np.array([[1, 0], [np.cos(1.5), np.sin(1.5)]], np.float32)
    return NewPerson(places, (places @ anchors.T).argmax(axis=1), label, trial, anchors)


def test_a_few_trials_mend_what_is_shifted():
    scores = person_scores(person(shift=1.2), 1, Seed(0), n_draws=5)
    assert scores[AS_TRAINED] < 0.7
    assert min(scores[MEANS], scores[PROBE]) > 0.9
    assert scores[AS_TRAINED] < scores[MOVED]


def test_who_needs_no_calibration_loses_little():
    scores = person_scores(person(), 1, Seed(0), n_draws=5)
    assert min(scores.values()) > 0.9


def test_trials_that_calibrate_are_not_tested():
    one = person(n_trials=3)
    blind = NewPerson(one.embedding, one.answer, one.label, np.arange(len(one.label)), one.anchors)
    assert can_draw(one, 2) and not can_draw(one, 3)
    assert can_draw(blind, 17)


def test_a_stimulus_is_held_apart_where_a_class_has_several_and_a_trial_where_it_has_one(make_windows):
    one_each = make_windows()
    several = replace(one_each, stimulus=3 * one_each.label + np.arange(len(one_each)) % 3, trial=np.arange(len(one_each)))
    assert held_apart(one_each) is one_each.trial and held_apart(several) is several.stimulus


def test_who_knows_clips_again_and_nothing_of_emotions_gains_nothing():
    """Three sessions of the same fifteen clips, which an embedding tells apart, dealt to three classes."""
    rng = np.random.default_rng(0)
    clip = np.tile(np.repeat(np.arange(15), 4), 3)
    trial, label = np.repeat(np.arange(45), 4), clip % 3
    gains = {"clip": 0.0, "trial": 0.0}
    for _ in range(10):
        places = rng.normal(size=(15, 32))[clip] + 0.5 * rng.normal(size=(180, 32))
        places = (places / np.linalg.norm(places, axis=1, keepdims=True)).astype(np.float32)
        for name, unit in (("clip", clip), ("trial", trial)):
            one = NewPerson(places, np.zeros(180, np.int64), label, unit, np.eye(3, 32, dtype=np.float32))
            gains[name] += person_scores(one, 3, Seed(0), n_draws=2)[MEANS] / 10
    assert gains["trial"] > 0.55 and gains["clip"] == pytest.approx(1 / 3, abs=0.1)


def test_class_means_are_directions_and_a_missing_class_has_none():
    means = class_means(np.array([[1, 0], [0, 1]], np.float32), np.array([0, 0]), 2)
    np.testing.assert_allclose(means, [[0.5**0.5, 0.5**0.5], [0, 0]])


@pytest.mark.parametrize("method", ["ce", "triplet"])
def test_the_table_has_a_line_for_each_way_over_all_people(method, make_config, make_windows):
    windows = make_windows(effect=2.0)
    trial = windows.trial * 3 + np.arange(len(windows)) % 3
    config = make_config(finetune={"epochs": 2, "batch_size": 32, "method": method})
    rows = few_shot(config, replace(windows, trial=trial), (1, 2), n_draws=2, report=silent)
    assert [(row.n_trials, row.told_by) for row in rows] == [
        (n, way) for n in (1, 2) for way in (AS_TRAINED, MEANS, MOVED, PROBE)
    ]
    assert {row.n_people for row in rows} == {6}
    assert all(row.figure.low <= row.figure.value <= row.figure.high for row in rows)
    for row in rows:
        usual = next(other for other in rows if (other.n_trials, other.told_by) == (row.n_trials, AS_TRAINED))
        assert (row.gain is None) == (row is usual)
        assert row.gain is None or row.gain.value == pytest.approx(row.figure.value - usual.figure.value)
    assert {len(cells) for cells in few_shot_rows(rows)} == {len(FEW_SHOT_TABLE)}


def test_a_person_whom_several_folds_test_counts_once():
    scores = [{MEANS: 0.4}, {MEANS: 0.9}, {MEANS: 0.6}, {MEANS: 0.7}]
    assert once_each([3, 5, 3, 5], scores) == [{MEANS: pytest.approx(0.5)}, {MEANS: pytest.approx(0.8)}]


def test_what_is_read_with_the_table_says_what_is_simulated_and_what_chance_is(windows):
    card = replace(windows.dataset, simulated=True)
    told = " ".join(few_shot_notes(card, 2))
    assert "simulated" in told and "Chance is 0.500" in told and all(way in told for way in (AS_TRAINED, MEANS, MOVED, PROBE))


def test_one_trial_a_class_is_too_few_to_calibrate_and_test(make_config, windows):
    with pytest.raises(DatasetError, match="one must be left to test"):
        few_shot(make_config(finetune={"epochs": 1, "batch_size": 32}), windows, (1,), report=silent)

import dataclasses

import numpy as np
import pytest

from offline.datasets.window_set import build_window_set
from offline.evaluate.cross_validate import fold_fingerprint
from offline.runs import open_run
from offline.stages import Run, measure, rest_text
from offline.training.inputs import normalised, population_normaliser
from sclcm_core.features.normalise import Normaliser

NAMES = ("low", "high")


@pytest.fixture
def build(make_frames, spec, card):
    """Make a set of (how many frames of rest, at which level, and whether a trial follows) in their order."""

    def of(*parts, session=1, as_list=False):
        recordings = []
        for k, (kind, n, level) in enumerate(parts):
            facts = {"trial": str(k), "stimulus": str(k), "session": session, "label": -1, "baseline_s": np.inf}
            if kind == "trial":
                facts |= {"label": k % 2, "baseline_s": 0.0}
            frames = make_frames(n, **facts)
            recordings.append(dataclasses.replace(frames, values=frames.values + np.float32(level)))
        return recordings if as_list else build_window_set(recordings, spec, class_names=NAMES, card=card)

    return of


def test_rest_after_the_first_trial_is_no_baseline_as_live_it_has_not_come_yet(build):
    windows = build(("rest", 12, 100), ("rest", 12, 100), ("trial", 9, 0), ("rest", 30, 500), ("trial", 9, 0))
    assert len(windows.baseline_frames[0]) == 24 and windows.baseline_frames[0].max() < 200
    assert windows.rest_recordings == {0, 1} and not windows.late_rest


def test_where_too_little_rest_comes_first_the_first_minute_of_all_is_taken_and_said_to_be_late(build):
    parts = [part for k in range(30) for part in (("rest", 5, k), ("trial", 9, 0))]
    windows = build(*parts)
    assert windows.late_rest == {0}
    assert len(windows.baseline_frames[0]) == 120  # a frame every half second
    assert windows.rest_recordings == set(range(0, 48, 2))


def test_a_visit_before_all_rests_takes_a_later_one_and_is_said_to(build, spec, card):
    first = build(("trial", 9, 0), ("trial", 9, 0), as_list=True)
    second = build(("rest", 20, 500), ("trial", 9, 0), session=2, as_list=True)
    windows = build_window_set([*first, *second], spec, class_names=NAMES, card=card)
    assert int(windows.rest_of(0, 1)[0, 0, 0]) == 500 and windows.late_rest == {0}
    after = build(("trial", 9, 0), session=3, as_list=True)
    assert not build_window_set([*second, *after], spec, class_names=NAMES, card=card).late_rest


def test_a_later_visit_is_normalised_by_its_own_rest_and_an_earlier_one_never_by_it(build, spec, card):
    first = build(("rest", 20, 100), ("trial", 9, 0), ("trial", 9, 0), as_list=True)
    second = build(("rest", 20, 500), ("trial", 9, 0), session=2, as_list=True)
    third = build(("trial", 9, 0), session=3, as_list=True)
    windows = build_window_set([*first, *second, *third], spec, class_names=NAMES, card=card)
    assert [int(windows.rest_of(0, visit)[0, 0, 0]) for visit in (1, 2, 3)] == [100, 500, 500]
    usable = np.flatnonzero(windows.usable)
    inputs = normalised(windows, usable, "personal", population_normaliser(windows, usable))
    own = Normaliser.fit(windows.rest_of(0, 2))
    row = np.flatnonzero(windows.session[usable] == 2)[0]
    expected = np.moveaxis(own.transform(np.moveaxis(windows.features[usable[row]], -1, 0)), 0, -1)
    np.testing.assert_allclose(inputs.features[row], expected, rtol=1e-5)


def test_a_fold_along_the_personal_line_depends_on_the_rests(windows, config, make_config):
    from offline.datasets.splits import grouped_folds

    fold = grouped_folds(windows, 2, seed=0, n_validation_subjects=1)[0]
    other = dataclasses.replace(windows, baseline_frames={k: v + 1 for k, v in windows.baseline_frames.items()})
    assert fold_fingerprint(config, windows, fold) != fold_fingerprint(config, other, fold)
    plain = make_config(lines=["population"])
    assert fold_fingerprint(plain, windows, fold) == fold_fingerprint(plain, other, fold)


def test_the_protocol_says_whose_baseline_live_would_come_later(windows, make_config, tmp_path):
    evaluate = {"split": "grouped_folds", "options": {"k": 2, "n_validation_subjects": 1}, "baselines": ["majority"]}
    config = make_config(finetune={"epochs": 1}, quantize={"enabled": False}, evaluate=evaluate | {"n_permutations": 0})
    late = dataclasses.replace(windows, late_rest=frozenset((0, 3)))
    summary = measure(Run(config, open_run(config, tmp_path), late))
    assert "Along the line 'personal', 2 of 6 people are normalised by rest that comes later" in summary.protocol
    assert rest_text(config, windows) == "" == rest_text(make_config(lines=["population"]), late)

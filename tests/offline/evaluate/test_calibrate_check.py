import dataclasses
from pathlib import Path

import numpy as np
import pytest

from offline.datasets.dataset import RecordingFrames
from offline.datasets.splits import make_folds
from offline.evaluate.calibrate_check import (
    ALWAYS,
    APPLIED,
    BASELINE,
    METHODS,
    POPULATION,
    PersonCheck,
    _refuse_known_people,
    blocks_of,
    check_person,
    halves,
    own_rest,
    summarise_check,
)  # fmt: skip
from offline.evaluate.calibrate_report import gains_rows, means_rows, summary_sentence
from offline.evaluate.fold_bundles import fold_bundle
from offline.seeds import Seed
from sclcm_core.errors import DatasetError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.calibration import LabelledBlock
from tests.tiny_bundle import SPEC, write_bundle

BLOCK_S = 6.0
FEW = np.zeros((1, *SPEC.input_shape), np.float32)


def recording(label: int, n_frames: int, level: float, baseline_s: float = 0.0, *, rng=None) -> RecordingFrames:
    rng = rng or np.random.default_rng(label)
    pattern = np.where(np.arange(SPEC.n_bands) % 2, 1.0, -1.0)[:, None]
    values = rng.normal(0, 1, (n_frames, SPEC.n_bands, SPEC.n_columns)) + level * pattern
    return RecordingFrames("07", 1, str(label), "s", label, baseline_s, values.astype(np.float32), {3: "gap"} if label else {})


REST = Normaliser.fit(recording(0, 160, -0.7, 20.0).values[:39])


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(write_bundle(tmp_path))


def test_blocks_lie_behind_the_baseline_and_share_no_sample() -> None:
    blocks = blocks_of([recording(0, 120, 0.0, 20.0)], SPEC, ("a", "b"), BLOCK_S)
    starts = [int(block.name.split()[1]) for block in blocks]
    assert starts[0] == 40 and set(np.diff(starts)) == {14}  # 11 frames of 0.5 s, then a second that no window touches
    assert all(len(block.features) == 8 for block in blocks)


def test_windows_with_a_fault_are_left_out() -> None:
    first = blocks_of([recording(1, 60, 0.0)], SPEC, ("a", "b"), BLOCK_S)[0]
    assert len(first.features) == 4


def test_a_block_too_short_for_a_window_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"A block of 2 s holds no window of 2\.5 s"):
        blocks_of([recording(0, 60, 0.0)], SPEC, ("a", "b"), 2.0)


def test_the_first_half_of_each_class_comes_before_its_second() -> None:
    blocks = blocks_of([recording(0, 100, 0.0), recording(1, 80, 0.0)], SPEC, ("a", "b"), BLOCK_S)
    first, second = halves(blocks)
    assert len(first) == 7 and len(second) == 5 and {b.label for b in second} == {"a", "b"}
    assert [b.name for b in first if b.label == "a"] + [b.name for b in second if b.label == "a"] == [
        b.name for b in blocks if b.label == "a"
    ]


def test_a_person_whose_classes_the_model_cannot_see_gains_by_calibration(bundle: Bundle) -> None:
    person, result = check_person(bundle, "07", [recording(0, 160, -0.7, 20.0), recording(1, 120, 0.7)], BLOCK_S, REST)
    assert result.is_accepted and person.is_accepted and person.n_blocks == person.n_test_blocks == 8
    assert person.scores[APPLIED] == person.scores[ALWAYS] > 0.9 > person.scores[BASELINE]
    assert set(person.scores) == set(METHODS) and result.caveats


def test_the_own_rest_is_that_of_the_first_visit_and_holds_nothing_that_live_comes_later(windows) -> None:
    early, late = windows.baseline_frames[0], windows.baseline_frames[0] + 100
    two = dataclasses.replace(
        windows,
        baseline_frames={0: np.concatenate([early, late])},
        baseline_session={0: np.repeat([1, 2], [len(early), len(late)])},
    )
    own = own_rest(two, "00")
    assert own is not None
    np.testing.assert_array_equal(own.mean, Normaliser.fit(early).mean)
    assert own_rest(two, "01") is None


def test_a_clip_that_calibrates_is_not_tested_where_a_class_has_several() -> None:
    blocks = [
        LabelledBlock(label, f"{label} clip {clip} {100 * visit}", FEW)
        for visit in (1, 2, 3)
        for label in "ab"
        for clip in (1, 2, 3)
    ]
    first, second = halves(blocks)
    known, tested = ({block.name.rpartition(" ")[0] for block in part} for part in (first, second))
    one_task = [LabelledBlock(label, f"{label} task 0", FEW) for _ in range(4) for label in "ab"]  # visits begin alike
    assert [len(half) for half in halves(one_task)] == [4, 4]
    assert not known & tested and len(known) == 4 and len(tested) == 2 and len(first) + len(second) == len(blocks)


@pytest.mark.parametrize(
    ("split", "options", "refused"),
    [
        ("grouped_folds", {"k": 2, "n_validation_subjects": 1}, False),
        ("leave_one_subject_out", {}, False),
        ("within_subject", {"k": 3}, True),
        ("selected_on_test", {"test_subjects": "00,01"}, True),
        ("subject_and_stimulus_disjoint", {"k_subjects": 2, "n_validation_subjects": 1}, True),
    ],
)
def test_only_people_whom_their_network_never_saw_are_checked_and_each_once(windows, split, options, refused) -> None:
    number = np.arange(len(windows)) % 12
    several = dataclasses.replace(
        windows,
        trial=windows.trial * 12 + number,
        trial_names=tuple(map(str, range(144))),
        stimulus=windows.label * 12 + number,
        stimulus_names=tuple(map(str, range(24))),
    )
    folds = make_folds(split, several, seed=0, options=options)
    if refused:
        with pytest.raises(DatasetError, match=f"The split '{split}' does not test each person once"):
            _refuse_known_people(folds, several, split)
    else:
        _refuse_known_people(folds, several, split)


def test_what_is_not_accepted_changes_nothing(bundle: Bundle) -> None:
    person, _ = check_person(bundle, "07", [recording(0, 160, 0.0, 20.0), recording(1, 120, 0.0)], BLOCK_S, None)
    assert not person.is_accepted and person.scores[APPLIED] == person.scores[BASELINE]


def test_differences_are_paired_over_people() -> None:
    people = [
        PersonCheck(
            str(k), {POPULATION: 0.5 + k / 50, BASELINE: 0.6, APPLIED: 0.6 + k / 50, ALWAYS: 0.7}, k > 3, "", 6, 6, 0.01
        )
        for k in range(10)
    ]
    check = summarise_check(people, Seed(1))
    gain, p = check.gains[f"{APPLIED} - {POPULATION}"]
    assert gain.value == pytest.approx(0.1) and gain.low == pytest.approx(0.1) and p < 0.01
    assert len(means_rows(check)) == 4 and len(gains_rows(check)) == 4
    assert summary_sentence(check).startswith("Accepted for 6 of 10 people.")
    assert len(check.as_dict()["people"]) == 10


@pytest.mark.slow
def test_the_bundle_of_a_fold_is_trained_once_and_never_on_whom_it_tests(config, windows, tmp_path: Path) -> None:
    from offline.datasets.splits import make_folds

    fold = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)[0]
    made = fold_bundle(config, windows, fold, tmp_path)
    assert made.manifest.training_data.n_subjects == len(set(windows.subject[fold.train].tolist()))
    assert not set(windows.subject[fold.train].tolist()) & set(windows.subject[fold.test].tolist())
    stamp = made.path.stat().st_mtime_ns
    assert fold_bundle(config, windows, fold, tmp_path).path.stat().st_mtime_ns == stamp
    assert made.manifest.personal is not None and made.manifest.temperature != made.manifest.personal.temperature

from pathlib import Path

import numpy as np
import pytest

from offline.datasets.dataset import RecordingFrames
from offline.evaluate.calibrate_check import (
    ALWAYS,
    APPLIED,
    BASELINE,
    METHODS,
    POPULATION,
    PersonCheck,
    _rest,
    blocks_of,
    check_person,
    halves,
    summarise_check,
)  # fmt: skip
from offline.evaluate.calibrate_report import gains_rows, means_rows, summary_sentence
from offline.evaluate.fold_bundles import fold_bundle
from offline.seeds import Seed
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle, load_bundle
from tests.tiny_bundle import SPEC, write_bundle

BLOCK_S = 6.0


def recording(label: int, n_frames: int, level: float, baseline_s: float = 0.0, *, rng=None) -> RecordingFrames:
    rng = rng or np.random.default_rng(label)
    pattern = np.where(np.arange(SPEC.n_bands) % 2, 1.0, -1.0)[:, None]
    values = rng.normal(0, 1, (n_frames, SPEC.n_bands, SPEC.n_columns)) + level * pattern
    return RecordingFrames("07", 1, str(label), "s", label, baseline_s, values.astype(np.float32), {3: "gap"} if label else {})


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
    person, result = check_person(bundle, "07", [recording(0, 160, -0.7, 20.0), recording(1, 120, 0.7)], BLOCK_S)
    assert result.is_accepted and person.is_accepted and person.n_blocks == person.n_test_blocks == 8
    assert person.scores[APPLIED] == person.scores[ALWAYS] > 0.9 > person.scores[BASELINE]
    assert set(person.scores) == set(METHODS) and result.caveats


def test_patches_of_the_signal_keep_one_level_and_one_scale_a_channel(rng) -> None:
    raw = FeatureSpec(kind="raw", ch_names=("T7", "T8"), sfreq=128.0, window_s=0.25, hop_s=0.25, n_frames=4)
    patches = rng.normal(0, 1, (60, raw.window, 2)).astype(np.float32)
    own = _rest([RecordingFrames("07", 1, "0", "s", 0, 15.0, patches, {})], raw)
    assert own is not None and np.ptp(own.mean, axis=0).max() == np.ptp(own.sd, axis=0).max() == 0.0


def test_what_is_not_accepted_changes_nothing(bundle: Bundle) -> None:
    person, _ = check_person(bundle, "07", [recording(0, 160, 0.0, 20.0), recording(1, 120, 0.0)], BLOCK_S)
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

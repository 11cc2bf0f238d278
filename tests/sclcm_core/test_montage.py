import numpy as np
import pytest

from sclcm_core.montage import (
    DASM_PAIRS_62,
    DCAU_PAIRS_62,
    DEAP_CHANNELS,
    GRID_9X9,
    POSITIONS,
    SEED_CHANNELS,
    canonical_name,
    find_channels,
    positions,
)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("T3", "T7"), ("EEG T4", "T8"), ("T7-REF", "T7"), ("eeg fp1-le", "Fp1"), ("Fc5.", "FC5"), ("CZ", "Cz"), ("T5", "P7"),
        ("EEG F3-A2", "F3"), ("  o1 ", "O1"), ("FPZ", "Fpz"), ("EEG:T8", "T8"), ("P7 (uV)", "P7"), ("A2", "A2"), ("M1", "A1"),
    ],
)  # fmt: skip
def test_a_label_means_its_electrode_however_it_is_written(label: str, name: str) -> None:
    assert canonical_name(label) == name


@pytest.mark.parametrize("label", ["", "Trigger", "ECG ECG", "X1", "EEG", "EEG A2-A1", "Status", "ACC_X", "T77", "COUNTER"])
def test_what_is_no_electrode_has_no_name(label: str) -> None:
    assert canonical_name(label) is None


def test_an_exact_label_wins_over_one_that_means_the_same() -> None:
    assert find_channels(["T7"], ["T3", "T7"]) == ([1], [])


def test_seed_has_62_channels_27_left_right_and_23_front_back_pairs() -> None:
    assert len(set(SEED_CHANNELS)) == 62
    assert len(set(DASM_PAIRS_62)) == 27
    assert len(set(DCAU_PAIRS_62)) == 23
    for first, second in (*DASM_PAIRS_62, *DCAU_PAIRS_62):
        assert {first, second} <= set(SEED_CHANNELS)


def test_deap_channels_are_32_known_electrodes() -> None:
    assert len(set(DEAP_CHANNELS)) == 32
    assert all(name in POSITIONS for name in DEAP_CHANNELS)


def test_the_grid_holds_every_channel_of_seed_once() -> None:
    cells = [name for row in GRID_9X9 for name in row if name]
    assert sorted(cells) == sorted(SEED_CHANNELS)


def test_left_right_pairs_mirror_each_other_on_the_head() -> None:
    left, right = (positions([pair[side] for pair in DASM_PAIRS_62]) for side in (0, 1))
    assert np.all(left[:, 0] < 0) and np.all(right[:, 0] > 0)
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=0.05)


def test_front_back_pairs_run_from_front_to_back() -> None:
    front, back = (positions([pair[side] for pair in DCAU_PAIRS_62]) for side in (0, 1))
    assert np.all(front[:, 1] > back[:, 1])


def test_every_position_lies_on_the_unit_sphere() -> None:
    radii = np.linalg.norm(np.array(list(POSITIONS.values())), axis=1)
    np.testing.assert_allclose(radii, 1.0, atol=0.01)

"""Time stamps become rows: losses open holes, jitter does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.grid import grid_from_losses, grid_from_stamps


@settings(max_examples=60, deadline=None)
@given(
    losses=st.dictionaries(st.integers(10, 990), st.integers(1, 500), max_size=6),
    sfreq=st.sampled_from([100.0, 250.0, 256.0, 1000.0]),
)
def test_every_loss_of_even_stamps_is_found_exactly(losses: dict[int, int], sfreq: float) -> None:
    lost = np.zeros(1000, np.int64)
    lost[list(losses)] = list(losses.values())
    rows = np.arange(1000) + np.cumsum(lost)
    grid = grid_from_stamps(5.0 + rows / sfreq, sfreq, "a")
    assert np.array_equal(grid.rows, rows) and grid.sfreq == sfreq


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n_lost=st.integers(20, 600), burst=st.integers(1, 12))
def test_a_loss_among_jittered_bursts_is_found_to_a_sample(seed: int, n_lost: int, burst: int) -> None:
    rows = np.arange(4000)
    rows[2000:] += n_lost
    last_of_burst = np.minimum(np.arange(4000) // burst * burst + burst - 1, 3999)
    last_of_burst = np.where((np.arange(4000) < 2000) & (last_of_burst >= 2000), 1999, last_of_burst)
    stamps = rows[last_of_burst] / 256 + np.random.default_rng(seed).uniform(0, 0.004, 4000)
    grid = grid_from_stamps(np.sort(stamps), 256.0, "a")
    assert abs(grid.n_rows - rows[-1] - 1) <= burst


def test_a_rate_near_a_common_one_is_taken_for_it() -> None:
    stamps = np.round(np.arange(3000) / 256.03, 3)
    assert grid_from_stamps(stamps, None, "a").sfreq == 256.0


def test_samples_are_placed_with_nan_where_some_were_lost() -> None:
    grid = grid_from_losses(np.array([0, 0, 2, 0]), 10.0, "a")
    placed = grid.place(np.arange(4.0)[:, None])
    assert placed[:, 0].tolist()[:2] == [0.0, 1.0] and np.isnan(placed[2:4, 0]).all() and placed[4:, 0].tolist() == [2.0, 3.0]


def test_times_are_carried_over_gaps_and_beyond_the_ends() -> None:
    stamps = np.array([7.0, 7.1, 7.2, 8.2, 8.3])
    grid = grid_from_stamps(stamps, 10.0, "a")
    assert grid.time_of(np.array([6.5, 7.1, 8.25, 9.0])) == pytest.approx([-0.5, 0.1, 1.25, 2.0])


def test_stamps_that_jump_back_are_told() -> None:
    stamps = np.concatenate([np.arange(500), np.arange(500)]) / 100 + 1000
    grid = grid_from_stamps(stamps, 100.0, "a")
    assert grid.n_rows == 1000 and "jump back 1 times" in grid.notes[0]


@pytest.mark.parametrize("stamps", [np.zeros(50), np.full(50, np.nan), np.array([1.0]), np.arange(50.0)[::-1]])
def test_stamps_without_sense_are_refused(stamps: np.ndarray) -> None:
    with pytest.raises(RecordingError, match="do not tell when"):
        grid_from_stamps(stamps, 100.0, "a")

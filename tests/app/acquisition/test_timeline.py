"""The laws of the time line: what was lost is counted, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.acquisition.timeline import Piece, Timeline

SFREQ = 250.0


def run(
    numbers: np.ndarray, stamps: np.ndarray, sizes: Sequence[int], *, sfreq: float = SFREQ, delay_s: float = 0.0
) -> tuple[Timeline, list[Piece]]:
    """Push samples that carry their own numbers, in chunks, each when its newest stamp has passed."""
    line, pieces, at, k = Timeline(sfreq), [], 0, 0
    while at < len(stamps):
        stop = min(at + sizes[k % len(sizes)], len(stamps))
        now = float(stamps[:stop].max()) + delay_s
        pieces += line.push(numbers[at:stop, None].astype(np.float32), stamps[at:stop], now, now)
        at, k = stop, k + 1
    return line, pieces + line.flush()


def told(pieces: list[Piece]) -> np.ndarray:
    """Return the sample numbers that the time line gives, shape (n_samples,)."""
    out, number = [], 0
    for piece in pieces:
        number += piece.n_lost_before
        out.append(number + np.arange(len(piece.stamps)))
        number += len(piece.stamps)
    return np.concatenate(out)


def true_numbers(pieces: list[Piece]) -> np.ndarray:
    return np.concatenate([piece.samples[:, 0] for piece in pieces])


def kept_after(losses: dict[int, int], n: int) -> np.ndarray:
    keep = np.ones(n, bool)
    for start, count in losses.items():
        keep[start : start + count] = False
    return np.flatnonzero(keep)


@given(
    losses=st.dictionaries(st.integers(30, 500), st.integers(1, 300), max_size=6),
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5),
    offset=st.floats(-1e6, 1e6),
)
@settings(max_examples=30, deadline=None)
def test_with_exact_stamps_every_sample_keeps_its_number_whatever_is_lost(losses, sizes, offset):
    numbers = kept_after(losses, 600)
    first = numbers[0]
    _, pieces = run(numbers, offset + numbers / SFREQ, sizes)
    assert np.array_equal(told(pieces) + first, true_numbers(pieces))


@pytest.mark.parametrize("size", [60, 250, 3000])
def test_losses_inside_large_chunks_are_exact_from_the_first_chunk_on(size):
    numbers = kept_after({30: 1, 777: 3, 1505: 40}, 3000)
    _, pieces = run(numbers, numbers / SFREQ, [size])
    assert np.array_equal(told(pieces), true_numbers(pieces))


@pytest.mark.parametrize("size", [1, 5, 50, 1500])
def test_a_stream_without_loss_is_passed_on_at_once_and_unchanged(size):
    numbers = np.arange(1500)
    line, pieces = run(numbers, numbers / SFREQ, [size])
    assert line.n_lost == 0
    assert not line.is_holding
    assert len(pieces) == 1500 // size


def test_the_rate_is_read_from_the_stamps():
    numbers = np.arange(5000)
    line, _ = run(numbers, numbers / 252.5, [5])
    assert line.n_lost == 0
    assert line.rate.sfreq == pytest.approx(252.5, abs=0.01)


@pytest.mark.parametrize("sfreq", [247.5, 252.5])
def test_stamps_counted_back_at_a_wrong_rate_are_no_loss(sfreq):
    numbers = np.arange(250 * 30)
    ends = (numbers // 250 + 1) * 250 / sfreq
    line, _ = run(numbers, ends - (249 - numbers % 250) / SFREQ, [250])
    assert line.n_lost == 0


def test_jitter_is_no_loss(rng):
    numbers = np.arange(15_000)
    line, pieces = run(numbers, numbers / SFREQ + rng.uniform(-0.05, 0.05, len(numbers)), [5], delay_s=0.1)
    assert line.n_lost == 0
    assert np.array_equal(true_numbers(pieces), numbers)


def test_a_long_loss_under_jitter_is_counted_to_within_the_jitter(rng):
    numbers = kept_after({5000: 750}, 10_000)
    line, _ = run(numbers, numbers / SFREQ + rng.uniform(-0.05, 0.05, len(numbers)), [5], delay_s=0.1)
    assert line.n_gaps == 1
    assert abs(line.n_lost - 750) <= 12


@pytest.mark.parametrize("sizes", [[12], [5, 7], [1], [30, 6]])
def test_bursts_with_one_stamp_are_no_loss(sizes):
    numbers = np.arange(12 * 300)
    line, pieces = run(numbers, (numbers // 12 + 1) * 12 / 256.0, sizes, sfreq=256.0)
    assert line.n_lost == 0
    assert len(true_numbers(pieces)) == len(numbers)


def test_lost_bursts_are_counted_exactly():
    numbers = kept_after({1200: 36}, 12 * 300)
    line, pieces = run(numbers, (numbers // 12 + 1) * 12 / 256.0, [12], sfreq=256.0)
    assert line.n_lost == 36
    assert np.array_equal(told(pieces), true_numbers(pieces))


def test_a_burst_after_a_freeze_that_is_stamped_late_is_no_loss():
    numbers = np.arange(5000)
    stamps = numbers / SFREQ
    frozen = (numbers >= 1000) & (numbers < 2000)
    stamps[frozen] = 2000 / SFREQ + 20e-6 * np.arange(1000)
    line, pieces = run(numbers, stamps, [5], delay_s=0.01)
    assert line.n_lost == 0
    assert np.array_equal(true_numbers(pieces), numbers)


def test_one_late_stamp_is_no_loss():
    numbers = np.arange(2000)
    stamps = numbers / SFREQ
    stamps[1000:1008] = stamps[1007]
    line, _ = run(numbers, stamps, [1])
    assert line.n_lost == 0


@pytest.mark.parametrize("jump_s", [-1000.0, 1000.0])
def test_a_jump_of_the_clock_is_no_loss(jump_s):
    line, steady = Timeline(SFREQ), np.arange(2000) / SFREQ
    stamps = steady + np.where(np.arange(2000) >= 1000, jump_s, 0.0)
    n = 0
    for at in range(0, 2000, 5):
        now = steady[at + 4]
        n += sum(len(p.stamps) for p in line.push(np.zeros((5, 1), np.float32), stamps[at : at + 5], now, now))
    assert (line.n_lost, line.n_jumps, n) == (0, 1, 2000)


@pytest.mark.parametrize(("silence_s", "is_loss"), [(0.8, False), (3.0, True)])
def test_times_of_arrival_tell_only_of_a_loss_that_is_long(rng, silence_s, is_loss):
    line, counted_back = Timeline(SFREQ), np.arange(-24, 1) / SFREQ
    line.patience_s = 1.0
    for k in range(60):
        now = k * 0.1 + rng.uniform(0, 0.05) + (silence_s if k >= 30 else 0.0)
        line.push(np.zeros((25, 1), np.float32), now + counted_back, now, now)
    line.flush()
    assert (line.n_lost > 0) is is_loss


@pytest.mark.parametrize("k", [1, 7])
def test_stamps_that_repeat_or_step_back_are_no_loss(k):
    numbers = np.arange(2000)
    stamps = numbers / SFREQ
    stamps[1000 : 1000 + k] -= 0.014
    line, _ = run(numbers, stamps, [1])
    assert line.n_lost == 0


def test_samples_go_through_while_a_gap_is_judged_within_the_longest_hold(rng):
    line = Timeline(SFREQ)
    stamps = np.arange(500) / SFREQ + rng.uniform(0, 0.05, 500)
    stamps[250:] += 3.0
    for k in range(0, 500, 5):
        line.push(np.zeros((5, 1), np.float32), stamps[k : k + 5], float(stamps[k : k + 5].max()))
    assert not line.is_holding


def test_an_interruption_is_reported_before_the_next_piece():
    line = Timeline(SFREQ)
    line.push(np.zeros((10, 1), np.float32), np.arange(10) / SFREQ, 0.0)
    assert line.take_up(gap_s=1.0) == 249
    (piece,) = line.push(np.zeros((10, 1), np.float32), 77.0 + np.arange(10) / SFREQ, 1.0)
    assert piece.n_lost_before == 249

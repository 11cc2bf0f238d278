"""The short way changes nothing but the time it takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.acquisition.feed import Feed
from app.acquisition.steady_run import LONGEST, SteadyRun
from app.acquisition.stream_description import StreamDescription
from app.acquisition.units import Scaling

SFREQ = 250.0


class Wire:
    """A connection that hands over chunks when it is told to, and its clock."""

    def __init__(self, sfreq: float = SFREQ, correction_s: float = 0.5) -> None:
        self.description = StreamDescription("box", "EEG", "box-1", "here", "uid", 2, sfreq, "float32", ("T7", "T8"))
        self.now, self.correction = 0.0, correction_s
        self.waiting: tuple[np.ndarray, np.ndarray] | None = None

    def pull(self, timeout_s: float) -> tuple[np.ndarray, np.ndarray]:
        assert self.waiting is not None
        return self.waiting

    def correction_s(self) -> float:
        return self.correction

    def close(self) -> None:
        pass


def feed_of(wire: Wire, *, short_way: bool = True) -> Feed:
    feed = Feed(wire, [])
    feed._set_scaling(Scaling(np.ones(2)))
    feed._now = lambda: wire.now
    if not short_way:
        feed._run.begin = lambda *_: None
    return feed


def run(stamps: np.ndarray, sizes: list[int], *, short_way: bool = True) -> tuple[Feed, np.ndarray, np.ndarray, list[int], int]:
    """Send samples that carry their stamps, each chunk when its newest stamp has passed, and what is known when all is told."""
    wire = Wire()
    feed, chunks, n_short, at, k = feed_of(wire, short_way=short_way), [], 0, 0, 0
    while at < len(stamps):
        span = stamps[at : at + sizes[k % len(sizes)]]
        wire.now = float(span.max()) + wire.correction
        wire.waiting = np.repeat(np.arange(at, at + len(span), dtype=np.float32)[:, None], 2, axis=1), span
        chunks += feed.pull(0.2) or []
        n_short += feed.is_steady
        at, k = at + len(span), k + 1
    chunks += feed.flush()
    samples, times = (np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("samples", "timestamps"))
    return feed, samples, times, [chunk.n_lost_before for chunk in chunks if chunk.n_lost_before], n_short


@given(
    losses=st.dictionaries(st.integers(30, 700), st.integers(1, 300), max_size=4),
    sizes=st.lists(st.integers(1, 2 * LONGEST), min_size=1, max_size=5),
    jump=st.tuples(st.integers(100, 700), st.sampled_from([0.0, 0.0, -50.0, 3.0])),
)
@settings(max_examples=25, deadline=None)
def test_samples_times_losses_and_what_is_learned_are_those_of_the_thorough_way(losses, sizes, jump):
    keep = np.ones(1000, bool)
    for start, count in losses.items():
        keep[start : start + count] = False
    stamps = 1000.0 + np.flatnonzero(keep) / SFREQ
    stamps[jump[0] :] += jump[1]
    (short, *told, _), (thorough, *expected, n_none) = (run(stamps, sizes, short_way=way) for way in (True, False))
    for ours, theirs in zip(told, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("n_samples", "t_newest", "is_complete"):
        assert getattr(short, name) == getattr(thorough, name), name
    for name in ("n_lost", "n_gaps", "n_jumps", "last_stamp"):
        assert getattr(short.timeline, name) == getattr(thorough.timeline, name), name
    assert (short.timeline.rate.sfreq or 0.0) == pytest.approx(thorough.timeline.rate.sfreq or 0.0, rel=1e-9)
    assert n_none == 0


def test_nearly_all_chunks_of_a_good_stream_go_the_short_way():
    stamps = 1000.0 + np.arange(2500) / SFREQ
    *_, n_short = run(stamps, [2])
    assert n_short > 0.9 * 1250


def test_the_watch_on_silence_hears_of_each_chunk_once():
    stamps = 1000.0 + np.arange(100) / SFREQ
    feed, *_, n_short = run(stamps, [2])
    heard_at = feed.arrivals()
    assert len(heard_at) == n_short > 30
    assert heard_at == sorted(heard_at) and feed.arrivals() == []


@pytest.mark.parametrize("steps", [[1, 1, 2, 1], [1, 1, 0, 1], [2, 1, 1, 1], [1, 1, 1, -3]])
def test_a_stamp_out_of_step_goes_the_thorough_way(steps):
    run = SteadyRun()
    run.begin(10.0, 0.1, 0.0, until=np.inf)
    stamps = 10.0 + 0.1 * np.cumsum(steps)
    assert run.take(np.zeros((4, 1), np.float32), stamps, 11.0) is None
    assert run.end() == []


def test_a_run_ends_when_something_else_is_due():
    run, samples = SteadyRun(), np.zeros((1, 1), np.float32)
    assert run.take(samples, np.array([0.1]), 0.0) is None  # it has not begun
    run.begin(0.0, 0.1, 5.0, until=1.0)
    chunk = run.take(samples, np.array([0.1]), 0.5)
    assert chunk is not None and chunk.timestamps.tolist() == [5.1]
    assert run.take(samples, np.array([0.2]), 1.0) is None
    assert [(stamps.tolist(), now) for stamps, now in run.end()] == [([0.1], 0.5)]
    assert run.take(samples, np.array([0.2]), 0.6) is None


def test_the_times_of_a_chunk_are_never_written_again():
    run, kept, stamp = SteadyRun(), [], 0.0
    run.begin(0.0, 0.1, 0.0, until=np.inf)
    for _ in range(200):
        stamps = stamp + 0.1 * np.arange(1, LONGEST + 1)
        chunk, stamp = run.take(np.zeros((LONGEST, 1), np.float32), stamps, 0.0), float(stamps[-1])
        assert chunk is not None
        kept.append((chunk.timestamps, stamps))
    for times, stamps in kept:
        np.testing.assert_array_equal(times, stamps)

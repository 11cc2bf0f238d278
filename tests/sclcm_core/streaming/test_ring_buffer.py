import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sclcm_core.streaming.ring_buffer import RingBuffer


def numbered(start: int, stop: int, n_channels: int = 2) -> np.ndarray:
    return np.repeat(np.arange(start, stop, dtype=np.float32)[:, None], n_channels, axis=1)


@given(capacity=st.integers(1, 40), sizes=st.lists(st.integers(0, 60), max_size=30))
def test_every_held_sample_keeps_its_number_whatever_the_chunks(capacity: int, sizes: list[int]) -> None:
    buffer = RingBuffer(capacity, 2)
    for size in sizes:
        start = buffer.head
        buffer.write(numbered(start, start + size), np.arange(start, start + size, dtype=float), t_arrived=start)
        assert buffer.head == start + size
        held = buffer.view(buffer.tail, buffer.head)
        np.testing.assert_array_equal(held[:, 0], np.arange(buffer.tail, buffer.head))
        np.testing.assert_array_equal(buffer.timestamps(buffer.tail, buffer.head), held[:, 0])


def test_a_view_is_contiguous_and_copies_nothing() -> None:
    buffer = RingBuffer(8, 3)
    buffer.write(np.zeros((13, 3), np.float32), np.zeros(13))
    view = buffer.view(6, 13)
    assert view.flags.c_contiguous and view.base is not None and not view.flags.writeable


def test_a_span_that_is_gone_or_still_to_come_is_refused() -> None:
    buffer = RingBuffer(4, 1)
    buffer.write(np.zeros((6, 1)), np.zeros(6))
    for start, stop in ((1, 3), (4, 7), (5, 4)):
        with pytest.raises(ValueError, match="not held"):
            buffer.view(start, stop)


def test_lost_samples_are_numbered_not_numbers_and_marked() -> None:
    buffer = RingBuffer(10, 1)
    buffer.write(np.ones((2, 1)), np.array([0.0, 0.1]))
    buffer.write_lost(3, 0.1)
    buffer.write(np.ones((1, 1)), np.array([0.5]))
    assert buffer.head == 6
    assert buffer.lost(0, 6).tolist() == [False, False, True, True, True, False]
    assert np.isnan(buffer.view(2, 5)).all()
    np.testing.assert_allclose(buffer.timestamps(0, 6), [0, 0.1, 0.2, 0.3, 0.4, 0.5])


@given(capacity=st.integers(1, 20), pieces=st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=30))
def test_what_was_lost_stays_marked_and_nothing_else_whatever_is_overwritten(
    capacity: int, pieces: list[tuple[int, bool]]
) -> None:
    buffer, truth = RingBuffer(capacity, 1), []
    for size, is_lost in pieces:
        if is_lost:
            buffer.write_lost(size, 0.1)
        else:
            buffer.write(np.zeros((size, 1)), np.zeros(size))
        truth += [is_lost] * size
        assert buffer.lost(buffer.tail, buffer.head).tolist() == truth[buffer.tail :]


def test_a_loss_longer_than_the_buffer_costs_no_more_than_the_buffer() -> None:
    buffer = RingBuffer(5, 1)
    buffer.write(np.ones((1, 1)), np.zeros(1))
    buffer.write_lost(10**12, 0.01)
    assert buffer.head == 10**12 + 1
    assert buffer.lost(buffer.tail, buffer.head).all()


def test_holds_says_when_a_sample_is_overwritten() -> None:
    buffer = RingBuffer(4, 1)
    buffer.write(np.zeros((4, 1)), np.zeros(4))
    assert buffer.holds(0) and not buffer.holds(4)
    buffer.write(np.zeros((1, 1)), np.zeros(1))
    assert not buffer.holds(0) and buffer.holds(1)


def test_a_waiting_reader_wakes_when_its_sample_arrives() -> None:
    buffer = RingBuffer(100, 1)
    writer = threading.Timer(0.02, lambda: buffer.write(np.zeros((5, 1)), np.zeros(5)))
    writer.start()
    assert buffer.wait_for(5, timeout_s=5.0) == 5
    writer.join()


def test_a_waiting_reader_is_not_woken_before_all_that_it_waits_for_is_there(monkeypatch) -> None:
    asked, waits, has_come = [], threading.Event(), RingBuffer._has_come

    def counted(buffer: RingBuffer, stop: int) -> bool:
        asked.append(stop)
        waits.set()
        return has_come(buffer, stop)

    monkeypatch.setattr(RingBuffer, "_has_come", counted)
    buffer = RingBuffer(100, 1)
    reader = threading.Thread(target=buffer.wait_for, args=(50, 30.0))
    reader.start()
    assert waits.wait(10)
    for _ in range(49):
        buffer.write(np.zeros((1, 1)), np.zeros(1))
    assert asked == [50]
    buffer.write(np.zeros((1, 1)), np.zeros(1))
    reader.join(10)
    assert not reader.is_alive()
    assert asked == [50, 50]


def test_a_sample_that_comes_while_a_reader_is_about_to_wait_wakes_it() -> None:
    class Busy(RingBuffer):
        """Is written to right after a reader has seen that its sample is not there."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_awaited" and value == 5:
                self.write(np.zeros((5, 1)), np.zeros(5))

    started = time.monotonic()
    assert Busy(100, 1).wait_for(5, timeout_s=30.0) == 5
    assert time.monotonic() - started < 10


def test_a_waiting_reader_wakes_when_the_buffer_is_closed() -> None:
    buffer = RingBuffer(100, 1)
    closer = threading.Timer(0.02, buffer.close)
    closer.start()
    started = time.monotonic()
    assert buffer.wait_for(5, timeout_s=30.0) == 0
    assert time.monotonic() - started < 10 and buffer.closed
    closer.join()


def test_latest_is_never_torn_by_a_writer() -> None:
    buffer = RingBuffer(64, 2)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            buffer.write(numbered(buffer.head, buffer.head + 7), np.zeros(7))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(500):
            samples, _, start = buffer.latest(60)
            np.testing.assert_array_equal(samples[:, 1], np.arange(start, start + len(samples), dtype=np.float32))
    finally:
        stop.set()
        writer.join()

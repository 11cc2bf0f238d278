"""Recordings read one ahead of their use."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from offline.datasets.read_ahead import read_ahead
from offline.datasets.simulated import SimulatedEmotion
from sclcm_core.errors import RecordingError

PATIENCE_S = 10.0


def recordings() -> Iterator:
    dataset = SimulatedEmotion(n_subjects=1)
    return dataset.read(dataset.sources(None)[0])


def test_reading_ahead_changes_neither_the_recordings_nor_their_order() -> None:
    for ahead, plain in zip(read_ahead(recordings()), recordings(), strict=True):
        assert (ahead.trial, ahead.label) == (plain.trial, plain.label)
        np.testing.assert_array_equal(ahead.recording.samples, plain.recording.samples)


def test_the_next_recording_is_read_while_this_one_is_in_use_and_no_more_than_that() -> None:
    started = [threading.Event() for _ in range(4)]

    def read() -> Iterator:
        for event, recording in zip(started, recordings(), strict=False):
            event.set()
            yield recording

    ahead = read_ahead(read())
    next(ahead)
    assert started[1].wait(PATIENCE_S)
    assert not started[2].is_set()
    ahead.close()


def test_an_error_of_the_reader_comes_in_its_turn() -> None:
    def read() -> Iterator:
        yield next(recordings())
        raise RecordingError("The second recording is damaged.", "Copy it again.")

    ahead = read_ahead(read())
    next(ahead)
    with pytest.raises(RecordingError, match="second recording"):
        next(ahead)


def test_a_caller_who_stops_early_leaves_nothing_running() -> None:
    ahead = read_ahead(recordings())
    next(ahead)
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]

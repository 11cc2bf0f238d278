"""A recorder whose disk is full or slow: the session goes on, and what is missing is told."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.session.inbox import Inbox, Listener
from app.session.recorded_session import read_session
from app.session.recorder import Recorder, RecorderState, RecorderStatus
from app.session.session import Session, SessionSettings
from app.session.session_file import SampleRun
from app.session.xdf_writer import NewFile
from sclcm_core.errors import RecordingError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Chunk, Prediction
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def eeg(seconds: float, n_channels: int = 2, sfreq: float = 128.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.standard_normal((int(seconds * sfreq), n_channels)).cumsum(axis=0).astype(np.float32)


class FullDisk(NewFile):
    """A file on a disk with little room."""

    room = 20_000

    def write_at(self, data: bytes, position: int) -> None:
        if position + len(data) > self.room:
            super().write_at(data[: max(0, self.room - position)], position)
            raise OSError(28, "No space left on device")
        super().write_at(data, position)


def test_a_disk_that_is_full_from_the_start_leaves_no_file(bundle: Bundle, tmp_path: Path) -> None:
    class NoRoom(FullDisk):
        room = 2

    with pytest.raises(RecordingError, match="No space left"):
        Recorder(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path, new_file=NoRoom).start()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_session(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    samples = eeg(60)
    session = Session(ArraySource(samples, chunk=64, realtime=True), bundle, EVERY)
    statuses: list[RecorderStatus] = []
    recorder = Recorder(session, tmp_path, new_file=FullDisk)
    recorder.on_status.append(statuses.append)
    session.on_prediction.append(lambda _: time.sleep(0.005))
    with recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    assert session.error is None and session.status.n_samples == len(samples)
    assert [s.state for s in statuses] == [RecorderState.RECORDING, RecorderState.FAILED]
    assert "No space left on device" in statuses[-1].message and "the session goes on" in statuses[-1].message
    found = read_session(recorder.status.path)
    assert 0 <= len(found.samples) < len(samples)
    assert found.samples.tobytes() == samples[: len(found.samples)].tobytes()


class SlowDisk(NewFile):
    """A disk that stands still until it is told to go on."""

    may_go = threading.Event()

    def write_at(self, data: bytes, position: int) -> None:
        if position > 3000:
            self.may_go.wait(10)
        super().write_at(data, position)


def test_a_slow_disk_costs_samples_of_the_recording_and_says_so(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    samples = eeg(60)
    session = Session(ArraySource(samples, chunk=64, realtime=True), bundle, EVERY)
    SlowDisk.may_go.clear()
    predictions: list[Prediction] = []
    session.on_prediction.append(predictions.append)
    recorder = Recorder(session, tmp_path, new_file=SlowDisk, inbox=Inbox(10_000))
    with recorder:
        session.start()
        assert session.wait(20), "the session runs on while the disk stands still"
        session.stop()
        SlowDisk.may_go.set()
    status, found = recorder.status, read_session(recorder.status.path)
    assert len(predictions) == (len(samples) - 128) // 64 + 1
    assert status.state is RecorderState.FINISHED
    assert status.message == f"The disk was too slow: {status.n_not_recorded} samples are not in the recording."
    assert 0 < status.n_samples < len(samples)
    there = ~np.isnan(found.samples).all(axis=1)
    np.testing.assert_array_equal(found.samples[there], samples[: len(there)][there])
    assert found.n_not_recorded == status.n_not_recorded == len(samples) - status.n_samples
    assert len(found.samples) == len(samples)


def test_a_file_that_is_read_as_fast_as_it_can_waits_for_the_disk() -> None:
    inbox = Inbox(1000)
    listener = Listener(ArraySource(eeg(60), chunk=50), inbox)
    listener.open(1.0)
    while listener.read(0.01):
        pass
    items, _ = inbox.take(0.0)
    n_taken = sum(len(item.chunk.samples) for item in items if isinstance(item, SampleRun))
    assert 0 < n_taken < 200, "it has stopped to read"
    assert len(listener.read(0.01)) == 1, "it goes on where it stopped"
    runs = [item for item in inbox.take(0.0)[0] if isinstance(item, SampleRun)]
    assert runs[0].first == n_taken


def test_samples_that_found_no_room_are_missing_by_their_numbers() -> None:
    inbox = Inbox(1000)
    listener = Listener(ArraySource(eeg(60), chunk=50, realtime=True), inbox)
    listener.open(1.0)
    for _ in range(10):
        assert len(listener.read(0.01)) == 1
    inbox.take(0.0)
    listener.read(0.01)
    assert [item.first for item in inbox.take(0.0)[0]] == [500]


def test_the_inbox_takes_nothing_once_it_is_closed() -> None:
    inbox = Inbox()
    inbox.close()
    assert not inbox.put("x") and not inbox.put_samples(SampleRun(0, Chunk(eeg(1), np.arange(128.0))))
    assert inbox.take(5.0) == ([], True)

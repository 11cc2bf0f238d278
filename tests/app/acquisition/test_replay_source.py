"""A recording played as a source."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.replay_source import ReplaySource
from app.acquisition.source import Phase, SampleSource
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.recordings import Recording
from sclcm_core.types import Chunk, Marker, StreamSpec

SFREQ = 250.0


def recording(n_samples: int, markers: tuple[Marker, ...] = ()) -> Recording:
    numbers = np.arange(n_samples, dtype=np.float32)
    spec = StreamSpec(SFREQ, ("T7", "T8"), "numbers", "", "replay")
    return Recording(spec, np.stack([numbers, -numbers], axis=1), np.arange(n_samples) / SFREQ, markers, Path("numbers.npz"))


def play(source: SampleSource, timeout_s: float = 0.2, longest_s: float = 10.0) -> list[Chunk]:
    chunks, deadline = [], time.monotonic() + longest_s
    while time.monotonic() < deadline:
        try:
            chunks += source.read(timeout_s)
        except EndOfStream:
            return chunks
    raise AssertionError("the source did not end")


def rows(chunks: list[Chunk]) -> list[int]:
    return np.concatenate([chunk.samples[:, 0] for chunk in chunks]).astype(int).tolist()


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_full_speed_all_samples_come_with_the_times_of_the_recording():
    source = ReplaySource(recording(1234), "max")
    assert source.open(1.0).ch_names == ("T7", "T8")
    chunks = play(source)
    assert rows(chunks) == list(range(1234))
    assert np.array_equal(np.concatenate([c.timestamps for c in chunks]), np.arange(1234) / SFREQ)
    assert not source.realtime
    assert source.status().phase is Phase.ENDED


def test_chunks_belong_to_the_reader_and_do_not_touch_the_recording():
    played = recording(300)
    source = ReplaySource(played, "max")
    source.open(1.0)
    source.read(0.0)[0].samples[:] = 7.0
    assert played.samples[5, 0] == 5.0


def test_a_paced_replay_takes_the_time_that_its_speed_says():
    source = ReplaySource(recording(250), 4.0)
    source.open(1.0)
    started = time.monotonic()
    assert rows(play(source)) == list(range(250))
    assert time.monotonic() - started == pytest.approx(0.25, abs=0.1)


def test_capture_times_of_a_replay_in_real_time_are_on_the_clock():
    clock = HandClock()
    source = ReplaySource(recording(2500), 1.0, clock=clock)
    source.open(1.0)
    source.read(0.0)
    clock.now += 0.5
    (chunk,) = source.read(0.0)
    assert source.realtime
    assert chunk.timestamps[-1] == pytest.approx(clock.now, abs=0.005)
    assert np.allclose(np.diff(chunk.timestamps), 1 / SFREQ)


def test_a_pause_moves_capture_times_on_and_loses_nothing():
    clock = HandClock()
    source = ReplaySource(recording(2500), 1.0, clock=clock)
    source.open(1.0)
    source.read(0.0)
    clock.now += 0.2
    before = source.read(0.0)[0]
    source.transport.pause()
    clock.now += 60.0
    assert source.read(0.0) == []
    source.transport.play()
    source.read(0.0)
    clock.now += 0.2
    after = source.read(0.0)[0]
    assert after.samples[0, 0] == before.samples[-1, 0] + 1
    assert after.timestamps[-1] == pytest.approx(clock.now, abs=0.005)


def test_seeking_goes_on_elsewhere_with_capture_times_that_never_step_back():
    clock = HandClock()
    source = ReplaySource(recording(2500), 2.0, clock=clock)
    source.open(1.0)
    chunks = []
    for position_s in (None, None, 8.0, None, 0.0, None):
        if position_s is not None:
            source.transport.seek(position_s)
        chunks += source.read(0.0)
        clock.now += 0.3
    assert chunks[-1].samples[0, 0] < 2000 <= max(c.samples[0, 0] for c in chunks)
    assert np.all(np.diff(np.concatenate([c.timestamps for c in chunks])) > 0)


def test_a_loop_begins_again_with_its_markers():
    clock = HandClock()
    source = ReplaySource(recording(100, (Marker(0.0, "begin"), Marker(0.2, "middle"))), 1.0, loop=True, clock=clock)
    source.open(1.0)
    chunks, markers = [], []
    for _ in range(40):
        chunks += source.read(0.0)
        markers += source.markers()
        clock.now += 0.02
    assert rows(chunks)[:150] == [*range(100), *range(50)]
    assert [m.text for m in markers] == ["begin", "middle", "begin", "middle"]
    assert markers[2].t - markers[0].t == pytest.approx(0.4)


def test_markers_come_once_each_with_times_on_the_clock_of_the_samples():
    source = ReplaySource(recording(1000, (Marker(0.5, "a", 1.0), Marker(3.999, "b"))), "max")
    source.open(1.0)
    play(source)
    assert source.markers() == [Marker(0.5, "a", 1.0), Marker(3.999, "b")]
    assert source.markers() == []


def test_closing_ends_a_reader_in_another_thread():
    source = ReplaySource(recording(100_000), 1.0)
    source.open(1.0)
    reader = threading.Thread(target=play, args=(source,), name="reader")
    reader.start()
    source.close()
    reader.join(1.0)
    assert not reader.is_alive()


@pytest.mark.parametrize("speed", [0.0, 0.1, 21.0, float("nan")])
def test_an_impossible_speed_is_refused(speed):
    with pytest.raises(ValueError, match=r"0\.25 to 20"):
        ReplaySource(recording(10), speed)


def test_an_empty_recording_is_refused():
    with pytest.raises(StreamError, match="no samples"):
        ReplaySource(recording(0), "max").open(1.0)

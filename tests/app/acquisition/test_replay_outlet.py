"""A recording on the network is heard sample for sample."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.faults import FaultInjector
from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.replay_outlet import ReplayOutlet, ReplaySettings, obey, outlet_spec
from app.acquisition.sender import Sender
from app.acquisition.source import Phase
from app.acquisition.transport import Transport
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.recordings import Recording, read_recording, write_npz
from sclcm_core.types import Marker, StreamSpec

SFREQ = 250.0
LABELS = ("T7", "T8", "TRIG")


def recording(n_samples: int, path: Path = Path("walk.npz")) -> Recording:
    rng = np.random.default_rng(5)
    samples = np.cumsum(rng.standard_normal((n_samples, 3)), axis=0).astype(np.float32)
    samples[:, 0] = np.arange(n_samples)
    samples[100:110] = np.nan
    samples[100:110, 0] = np.arange(100, 110)
    markers = (Marker(0.0, "rest", 1.0), Marker(1.5, "task", 0.5))
    return Recording(StreamSpec(SFREQ, LABELS, "walk", "", "replay"), samples, np.arange(n_samples) / SFREQ, markers, path)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "walk.npz"
    write_npz(path, recording(750))
    return path


@pytest.mark.lsl
@pytest.mark.parametrize("speed", [4.0, pytest.param(1.0, marks=pytest.mark.slow), pytest.param(20.0, marks=pytest.mark.slow)])
def test_every_sample_and_marker_arrives_unchanged_and_then_it_ends(saved, speed):
    original = read_recording(saved)
    inlet = LslInlet(source_id="walk-1")
    chunks, markers = [], []
    with ReplayOutlet(saved, speed, source_id="walk-1") as outlet:
        spec = inlet.open(5.0)
        with pytest.raises(EndOfStream):
            while True:
                chunks += inlet.read(0.2)
                markers += inlet.markers()
        assert inlet.status().phase is Phase.ENDED
        inlet.close()
        assert outlet.wait(2.0)
    assert (spec.origin, spec.ch_names, spec.sfreq) == ("replay", LABELS, SFREQ)
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), original.samples, equal_nan=True)
    stamps = np.concatenate([c.timestamps for c in chunks])
    assert np.allclose(np.diff(stamps), 1 / SFREQ, atol=1e-3)
    assert sum(c.n_lost_before for c in chunks) == 0
    assert [(round(m.t - stamps[0], 2), m.text, m.duration_s) for m in markers] == [(0.0, "rest", 1.0), (1.5, "task", 0.5)]


@pytest.mark.lsl
@pytest.mark.slow
def test_a_pause_is_shown_and_loses_nothing(saved, hear):
    with ReplayOutlet(saved, source_id="walk-2") as outlet:
        ear = hear(source_id="walk-2")
        ear.listen(lambda: ear.n_samples > 200, 3.0)
        outlet.pause()
        assert ear.listen(lambda: ear.phase is Phase.STALLED, 3.0)
        outlet.play()
        assert ear.listen(lambda: ear.phase is Phase.ENDED, 5.0)
    assert (ear.n_samples, ear.n_lost) == (750, 0)


@pytest.mark.lsl
@pytest.mark.slow
def test_seeking_and_looping_go_on_without_a_gap(saved, hear):
    with ReplayOutlet(saved, 2.0, loop=True, source_id="walk-3") as outlet:
        ear = hear(source_id="walk-3")
        ear.listen(lambda: ear.n_samples > 200, 3.0, counted=False)
        outlet.seek(2.8)
        ear.listen(lambda: ear.n_samples > 900, 5.0, counted=False)
    numbers = np.concatenate([chunk.samples[:, 0] for chunk in ear.chunks])
    steps = np.diff(numbers)
    assert np.count_nonzero(steps != 1) in (2, 3)
    assert ear.n_lost == 0


@pytest.mark.lsl
@pytest.mark.slow
def test_a_replay_that_dies_is_lost_not_ended(saved, hear):
    with ReplayOutlet(saved, source_id="walk-4") as outlet:
        ear = hear(source_id="walk-4")
        ear.for_s(0.3)
        outlet.kill()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 2.0)


@pytest.mark.lsl
@pytest.mark.slow
def test_when_nobody_comes_a_replay_begins_alone_after_its_patience(saved):
    with ReplayOutlet(saved, 20.0, wait_s=0.3) as outlet:
        assert outlet.wait(10.0)


@pytest.mark.lsl
def test_what_the_reader_found_odd_is_told(tmp_path):
    path = tmp_path / "cut.csv"
    path.write_text("timestamps,T7,T8\n" + "".join(f"{k / 250.0:.4f},{k},1.5\n" for k in range(500)) + "2.0,1")
    with ReplayOutlet(path) as outlet:
        assert outlet.notes == read_recording(path).notes != ()


def test_who_hears_of_the_markers_only_now_is_told_the_newest_again():
    class Outlet:
        is_heard, told = False, []

        def has_consumers(self):
            return self.is_heard

        def mark(self, text, stamp, duration_s):
            self.told.append(text)

    outlet = Outlet()
    sender = Sender(lambda: None, outlet, FaultInjector((), SFREQ, LABELS, np.random.default_rng(0)), threading.Event())
    sender.mark(Marker(1.0, "rest"), Marker(2.0, "end"))
    sender.mark()
    outlet.is_heard = True
    sender.mark()
    sender.mark()
    assert outlet.told == ["rest", "end", "end"]


def test_a_file_that_cannot_be_read_says_why():
    with pytest.raises(StreamError, match=r"'nowhere\.edf' does not exist"):
        ReplayOutlet(Path("nowhere.edf")).start()


def test_the_outlet_describes_the_recording():
    spec = outlet_spec(recording(200), ReplaySettings(speed=2.0))
    assert (spec.name, spec.source_id, spec.speed) == ("walk", "sclcm-replay-walk", 2.0)
    assert spec.ch_types == ("EEG", "EEG", "MISC")
    assert spec.units == ("microvolts", "microvolts", "")


def test_commands_steer_the_transport_and_nonsense_is_left_alone():
    transport = Transport(1000, SFREQ, 1.0, time.monotonic)
    for command in ("pause", "seek 2", "speed 4", "loop 1", "fly", "seek far", "speed 99", ""):
        obey(transport, command)
    assert (transport.is_paused, transport.position_s, transport.speed, transport.loop) == (True, 2.0, 4.0, True)
    obey(transport, "play")
    assert not transport.is_paused

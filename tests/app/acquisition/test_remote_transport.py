"""The transport of a replay in another process stands where that replay stands."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.remote_transport import RemoteTransport
from app.acquisition.replay_outlet import ReplayOutlet
from app.acquisition.served_inlet import ServedInlet
from app.acquisition.source import Phase, SourceStatus
from app.acquisition.transport import Transport
from sclcm_core.recordings import Recording, write_npz
from sclcm_core.types import StreamSpec


class Told:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.commands: list[tuple[object, ...]] = []

    def __getattr__(self, name: str):
        return lambda *values: self.commands.append((name, *values))


def test_it_says_and_does_what_a_transport_in_this_process_would():
    told = Told()
    here, there = Transport(1000, 100.0, 1.0, time.monotonic), RemoteTransport(told, 1000, 100.0)
    for transport in (here, there):
        transport.pause()
        transport.set_speed(2.0)
        transport.seek(12.0)
        transport.set_loop(True)
    for name in ("n_samples", "loop", "position_s", "is_paused", "speed"):
        assert getattr(here, name) == getattr(there, name)
    assert told.commands == [("pause",), ("set_speed", 2.0), ("seek", 12.0), ("set_loop", True)]


@pytest.mark.parametrize(("loops", "position_s"), [(False, 10.0), (True, 2.5)])
def test_at_the_end_it_stands_still_or_begins_again(loops, position_s):
    transport = RemoteTransport(Told(), 1000, 100.0)
    transport.set_loop(loops)
    for n_samples in (600, 0, 650):
        transport.heard(n_samples)
    assert transport.position_s == position_s


@pytest.mark.parametrize("phase", [Phase.STREAMING, Phase.STALLED, Phase.RECOVERED, Phase.LOST])
def test_a_pause_that_was_ordered_is_called_so(phase, monkeypatch):
    transport = RemoteTransport(Told(), 1000, 100.0)
    source = ServedInlet(ReplayOutlet(Path("walk.npz")), (), transport)
    monkeypatch.setattr(source._inlet, "status", lambda: SourceStatus(phase, "the inlet's words"))
    assert source.status() == SourceStatus(phase, "the inlet's words")
    transport.pause()
    is_lost = phase is Phase.LOST
    assert source.status() == SourceStatus(
        *((phase, "the inlet's words") if is_lost else (Phase.PAUSED, "The replay is paused."))
    )
    transport.play()
    assert source.status() == SourceStatus(phase, "the inlet's words")


@pytest.mark.lsl
def test_a_replay_through_lsl_is_led_by_it(tmp_path, caplog):
    path = tmp_path / "walk.npz"
    samples = np.stack([np.arange(5000), np.sin(np.arange(5000))], axis=1).astype(np.float32)
    write_npz(
        path, Recording(StreamSpec(250.0, ("TRIG", "T7"), "walk", "", "replay"), samples, np.arange(5000) / 250.0, (), path)
    )
    outlet = ReplayOutlet(path)
    transport = RemoteTransport(outlet, 5000, 250.0)
    source = ServedInlet(outlet, (), transport)
    source.open(10.0)
    try:
        newest = -1.0
        source.read(0.5)  # what was heard while it opened
        transport.seek(15.0)
        deadline = time.monotonic() + 5.0
        while newest < 15.2 * 250.0 and time.monotonic() < deadline:
            newest = max([newest, *(float(chunk.samples[-1, 0]) for chunk in source.read(0.1) if len(chunk.samples))])
        assert newest >= 15.2 * 250.0
        assert abs(transport.position_s - newest / 250.0) < 0.5
        phases = pause_for(source, transport, 1.3)
        assert phases <= {Phase.STREAMING, Phase.PAUSED} and Phase.PAUSED in phases
        assert not caplog.records, "who paused it is not asked whether the device is switched on"
    finally:
        source.close()


def pause_for(source: ServedInlet, transport: RemoteTransport, seconds: float) -> set[Phase]:
    """Pause for longer than a stream may be silent, go on until samples come; return the phases that were seen."""
    phases = set()
    transport.pause()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        source.read(0.1)
        phases.add(source.status().phase)
    transport.play()
    while not source.read(0.1):
        phases.add(source.status().phase)
    return phases | {source.status().phase}

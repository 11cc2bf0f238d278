"""Devices that die, come late, come back and come in pairs: each an outlet in a process of its own; channel 0 counts samples."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid

import numpy as np
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import Resolver, local_clock
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase
from sclcm_core.errors import EndOfStream, StreamError

pytestmark = [pytest.mark.lsl, pytest.mark.slow]

SHOWN_S, RESUMED_S = 2.0, 3.0
START_S = 2.5
"""What starting a process of Python may take beside that, in s, on a busy computer."""


def headset(source_id: str, *options: str) -> SimulatedHeadset:
    return SimulatedHeadset(announce=False, source_id=source_id, extra=("--count", "--plain", "--channels=T7,T8", *options))


@pytest.fixture
def source_id():
    return f"box-{uuid.uuid4().hex}"


@pytest.fixture
def opening():
    """Open an inlet in a thread; return the inlet and what came of it."""
    inlets: list[LslInlet] = []
    threads: list[threading.Thread] = []

    def start(timeout_s: float, **query: str) -> tuple[LslInlet, list[object]]:
        inlet, came = LslInlet(**query), []

        def open_it() -> None:
            try:
                came.append(inlet.open(timeout_s))
            except (StreamError, EndOfStream) as error:
                came.append(error)

        threads.append(threading.Thread(target=open_it, name="opening"))
        inlets.append(inlet)
        threads[-1].start()
        return inlet, came

    yield start
    for inlet, thread in zip(inlets, threads, strict=True):
        inlet.close()
        thread.join(10.0)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_device_that_ends_kindly_or_not_is_lost_within_two_seconds(hear, source_id, ending):
    with headset(source_id) as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.3)
        died = time.monotonic()
        os.kill(device.pid, ending)
        assert ear.listen(lambda: ear.phase is Phase.LOST, 4.0)
        assert time.monotonic() - died < SHOWN_S
        assert "has been gone for" in ear.source.status().message


@pytest.mark.parametrize("form", ["double64", "int32"])
def test_a_device_that_returns_with_another_number_format_is_taken_up_and_its_loss_is_counted(hear, source_id, form):
    start = f"--start={local_clock()}"
    with headset(source_id, start) as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.3)
        device.kill()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 4.0)
    with headset(source_id, start, f"--format={form}"):
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, RESUMED_S)
        ear.for_s(0.3)
    assert ear.n_lost > 50


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--channels=T7,T8,Cz", "4 channels instead of 3"),
        ("--channels=T8,T7", "other channel labels (T7 → T8, T8 → T7)"),
        ("--sfreq=500", "500 Hz instead of 250 Hz"),
        ("--unit=counts", "a unit that is not known (microvolts → counts)"),
    ],
)
def test_a_device_that_returns_changed_is_told_and_not_accepted_in_silence(hear, source_id, option, told):
    with headset(source_id) as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.3)
        device.kill()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 4.0)
    n_before = ear.n_samples
    with headset(source_id, option):
        back = time.monotonic()
        assert ear.listen(lambda: ear.phase is Phase.CHANGED, 6.0)
        assert time.monotonic() - back < SHOWN_S
    assert told in ear.source.status().message
    assert ear.n_samples == n_before


@pytest.mark.parametrize("ids", [("", ""), ("-8412345", "5512345")])
def test_a_device_without_a_lasting_source_id_is_found_again_by_its_name(hear, ids):
    name = f"box {uuid.uuid4().hex}"
    start = f"--start={local_clock()}"
    with headset(ids[0], f"--name={name}", start) as device:
        ear = hear(name=name)
        ear.for_s(0.3)
        device.kill()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 4.0)
    with headset(ids[1], f"--name={name}", start):
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, RESUMED_S)
        ear.for_s(0.3)
    assert ear.n_lost > 50


def test_when_a_twin_dies_the_other_takes_over(hear, source_id):
    start = f"--start={local_clock()}"
    with headset(source_id, start) as first:
        ear = hear(source_id=source_id)
        with headset(source_id, start):
            ear.for_s(1.2)
            first.kill()
            died = time.monotonic()
            assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 8.0)
            assert time.monotonic() - died < SHOWN_S + RESUMED_S
            ear.for_s(0.3)


def test_a_device_that_is_switched_on_later_is_found(opening, source_id):
    inlet, came = opening(15.0, source_id=source_id)
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        assert inlet.status().phase is Phase.SEARCHING and not came
    with headset(source_id):
        back = time.monotonic()
        while not came and time.monotonic() < back + 10.0:
            inlet._closing.wait(0.02)
        assert time.monotonic() - back < RESUMED_S
    assert came[0].source_id == source_id


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3])
def test_a_device_that_dies_while_it_is_connected_to_gives_a_clear_error_or_is_lost(opening, source_id, after_s):
    with headset(source_id) as device:
        resolver = Resolver()
        while not resolver.infos():
            threading.Event().wait(0.02)
        resolver.close()
        inlet, came = opening(4.0, source_id=source_id)
        while inlet.status().phase is Phase.SEARCHING and not came:
            inlet._closing.wait(0.005)
        inlet._closing.wait(after_s)
        device.kill()
    deadline = time.monotonic() + 12.0
    while not came and time.monotonic() < deadline:
        inlet._closing.wait(0.05)
    assert came, "opening hangs"
    if isinstance(came[0], StreamError):
        assert came[0].remedy
        assert "does not answer" in came[0].what or "was found" in came[0].what
    else:
        until = time.monotonic() + SHOWN_S + 2.0
        while inlet.status().phase is not Phase.LOST and time.monotonic() < until:
            inlet.read(0.05)
        assert inlet.status().phase is Phase.LOST


def test_a_device_that_is_announced_but_does_not_answer_is_told_and_can_be_left_at_once(opening, source_id):
    with headset(source_id) as device:
        resolver = Resolver()
        while not resolver.infos():
            threading.Event().wait(0.02)
        inlet, came = opening(1.0, source_id=source_id)
        other, _ = opening(30.0, source_id=source_id)
        while Phase.SEARCHING in (inlet.status().phase, other.status().phase):
            inlet._closing.wait(0.001)
        os.kill(device.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 10.0
        while not came and time.monotonic() < deadline:
            inlet._closing.wait(0.05)
        assert came, "opening hangs"
        leaving = time.monotonic()
        other.close()
        assert time.monotonic() - leaving < 2.0
        os.kill(device.pid, signal.SIGCONT)
        resolver.close()


def test_a_burst_after_a_freeze_larger_than_one_pull_is_delivered_whole(hear, source_id):
    with headset(source_id, "--sfreq=4000") as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.3)
        os.kill(device.pid, signal.SIGSTOP)
        assert ear.listen(lambda: ear.phase is Phase.STALLED, 4.0)
        ear.for_s(1.0)
        os.kill(device.pid, signal.SIGCONT)
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 2.0)
        ear.for_s(1.0)
    assert ear.n_lost == 0
    assert ear.n_samples > 8000


def test_what_a_reader_slept_through_is_counted_exactly(hear, source_id, monkeypatch):
    monkeypatch.setattr("app.acquisition.connection.BUFFER_S", 1)
    with headset(source_id, "--sfreq=1000") as _:
        ear = hear(source_id=source_id)
        ear.for_s(0.5)
        threading.Event().wait(4.0)
        ear.for_s(1.0)
    assert 1500 < ear.n_lost < 4500
    assert ear.source.status().n_gaps >= 1


@pytest.mark.parametrize("fault", ["flat:0.4s@0.6/T7", "line:2000uV@0.6/T7", "nan:0.4s@0.6"])
def test_a_signal_that_goes_wrong_is_still_passed_on_sample_by_sample(hear, source_id, fault):
    with headset(source_id, f"--fault={fault}") as _:
        ear = hear(source_id=source_id)
        ear.for_s(1.5, counted=fault.startswith(("flat", "line")))
    stamps = np.concatenate([chunk.timestamps for chunk in ear.chunks])
    assert ear.n_lost == 0
    assert np.allclose(np.diff(stamps), 1 / 250.0, atol=1e-3)

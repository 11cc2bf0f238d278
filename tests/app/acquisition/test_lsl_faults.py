"""What goes wrong in the lab, done to a real outlet in a child process; the first channel counts samples."""

from __future__ import annotations

import os
import signal
import time
import uuid

import pytest

from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase

pytestmark = pytest.mark.lsl

COUNTED = ("--count", "--plain", "--channels=T7,T8")


def headset(*faults: str, **settings) -> SimulatedHeadset:
    extra = (*COUNTED, *settings.pop("extra", ()))
    return SimulatedHeadset(announce=settings.pop("announce", False), faults=faults, extra=extra, **settings)


def test_samples_that_were_never_sent_are_counted_exactly_and_shown(hear):
    with headset("drop:0.004s@1", "drop:0.04s@1.5", "drop:1.4s@2") as device:
        ear = hear(source_id=device.source_id)
        assert ear.listen(lambda: ear.n_lost >= 361, 6.0)
    assert ear.n_lost == 1 + 10 + 350
    assert ear.source.status().n_gaps == 3
    assert ear.when(Phase.STALLED)


def test_a_frozen_sender_loses_nothing(hear):
    with headset() as device:
        ear = hear(source_id=device.source_id)
        ear.for_s(0.5)
        os.kill(device.pid, signal.SIGSTOP)
        frozen = time.monotonic()
        ear.for_s(2.5)
        os.kill(device.pid, signal.SIGCONT)
        ear.for_s(0.6)
    assert ear.when(Phase.STALLED) - frozen < 2.0
    assert ear.phase is Phase.RECOVERED
    assert ear.n_lost == 0


def test_a_device_that_comes_back_is_taken_up_and_what_was_missed_is_counted(hear):
    source_id, start = f"box-{uuid.uuid4().hex}", str(time.monotonic())
    with headset(source_id=source_id, extra=(f"--start={start}",)) as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.5)
        device.kill()
        died = time.monotonic()
        ear.for_s(0.5)
        assert ear.phase is Phase.LOST
    with headset(source_id=source_id, extra=(f"--start={start}",)):
        back = time.monotonic()
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 5.0)
        assert time.monotonic() - back < 3.0
        ear.for_s(0.3)
    assert ear.when(Phase.LOST) - died < 2.0
    assert ear.n_lost > 100
    assert ear.source.status().n_reconnects == 1

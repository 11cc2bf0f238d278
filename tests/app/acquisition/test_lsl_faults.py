"""What goes wrong in the lab, done to a real outlet in a child process; the first channel counts samples."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import numpy as np
import psutil
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import local_clock
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase
from sclcm_core.errors import EndOfStream

pytestmark = pytest.mark.lsl

COUNTED = ("--count", "--plain", "--channels=T7,T8")


def headset(*faults: str, **settings) -> SimulatedHeadset:
    extra = (*COUNTED, *settings.pop("extra", ()))
    return SimulatedHeadset(announce=False, faults=faults, extra=extra, **settings)


def test_samples_that_were_never_sent_are_counted_exactly_and_shown(hear):
    with headset("drop:0.006s@0.701", "drop:0.04s@0.801", "drop:1.4s@1.001") as device:
        ear = hear(source_id=device.source_id)
        assert ear.listen(lambda: ear.n_lost >= 361, 6.0)
    assert ear.n_lost == 1 + 10 + 350
    assert ear.source.status().n_gaps == 3
    assert ear.when(Phase.STALLED)


@pytest.mark.slow
def test_a_device_that_crashes_and_comes_back_is_taken_up_and_what_was_missed_is_counted(hear):
    source_id, start = f"box-{uuid.uuid4().hex}", f"--start={local_clock()}"
    with headset(source_id=source_id, extra=(start,)) as device:
        ear = hear(source_id=source_id)
        ear.for_s(0.3)
        died = time.monotonic()
        device.kill()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 2.0)
        assert time.monotonic() - died < 2.0
    with headset(source_id=source_id, extra=(start,)):
        back = time.monotonic()
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 5.0)
        assert time.monotonic() - back < 3.0
        ear.for_s(0.3)
    assert ear.n_lost > 50
    assert ear.source.status().n_reconnects == 1


@pytest.mark.slow
def test_a_frozen_sender_loses_nothing(hear):
    with headset() as device:
        ear = hear(source_id=device.source_id)
        os.kill(device.pid, signal.SIGSTOP)
        frozen = time.monotonic()
        assert ear.listen(lambda: ear.phase is Phase.STALLED, 2.0)
        assert time.monotonic() - frozen < 2.0
        os.kill(device.pid, signal.SIGCONT)
        ear.for_s(0.4)
    assert ear.phase is Phase.RECOVERED
    assert ear.n_lost == 0


@pytest.mark.slow
def test_a_sender_that_is_frozen_for_long_is_lost_and_then_goes_on_without_loss(hear):
    with headset() as device:
        ear = hear(source_id=device.source_id)
        os.kill(device.pid, signal.SIGSTOP)
        assert ear.listen(lambda: ear.phase is Phase.LOST, 6.0)
        ear.for_s(3.0)
        os.kill(device.pid, signal.SIGCONT)
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 2.0)
        ear.for_s(1.0)
    assert ear.n_lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["freeze:2s@1", "mute:2s@1", "jitter:50ms", "drift:1%", "drift:-1%"])
def test_what_comes_late_or_uneven_is_no_loss(hear, fault):
    with headset(fault) as device:
        ear = hear(source_id=device.source_id)
        ear.for_s(5.0)
    assert ear.n_lost == 0
    assert ear.n_samples > 600


@pytest.mark.slow
def test_a_device_that_runs_fast_is_told(hear):
    with headset("drift:1%") as device:
        ear = hear(source_id=device.source_id)
        assert ear.listen(lambda: "delivers 252.5 Hz" in ear.source.status().message, 6.0)


@pytest.mark.slow
@pytest.mark.parametrize("jump", ["jump:-1000s@1.5", "jump:1000s@1.5"])
def test_a_jump_of_the_devices_clock_is_no_loss_and_capture_times_stay_near(hear, jump):
    with headset(jump) as device:
        ear = hear(source_id=device.source_id)
        ear.for_s(3.0)
    assert ear.n_lost == 0
    assert ear.n_samples > 700
    assert abs(ear.chunks[-1].timestamps[-1] - local_clock()) < 1.0


@pytest.mark.slow
def test_a_stream_that_restarts_in_the_same_process_is_taken_up(hear):
    with headset("restart:2s@1") as device:
        ear = hear(source_id=device.source_id)
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 6.0)
    assert 500 <= ear.n_lost < 500 + 250


@pytest.mark.slow
def test_faults_of_the_signal_arrive_as_they_are(hear):
    with headset("nan:0.4s@0.6/T7", "railed:0.4s@0.6/T8") as device:
        ear = hear(source_id=device.source_id)
        ear.for_s(1.5)
    samples = np.concatenate([chunk.samples for chunk in ear.chunks])
    assert np.isnan(samples[:, 1]).sum() == 100
    assert (samples[:, 2] > 1e5).sum() == 100


@pytest.mark.slow
def test_two_listeners_hear_the_same(hear):
    with headset() as device:
        ears = [hear(source_id=device.source_id) for _ in range(2)]
        for _ in range(20):
            for ear in ears:
                ear.for_s(0.02)
    assert all(ear.n_samples > 100 and ear.n_lost == 0 for ear in ears)


@pytest.mark.slow
@pytest.mark.parametrize("block_s", [0.004, 1.0])
def test_small_and_large_chunks_are_no_loss(hear, block_s):
    with headset(extra=(f"--block={block_s}",)) as device:
        ear = hear(source_id=device.source_id)
        ear.for_s(4.0)
    assert ear.n_lost == 0
    assert ear.when(Phase.STALLED) is None


@pytest.mark.slow
def test_many_connections_leave_no_thread_handle_or_memory_behind():
    me = psutil.Process()
    with headset() as device:
        seen = []
        for k in range(60):
            inlet = LslInlet(source_id=device.source_id)
            inlet.open(5.0)
            inlet.read(0.1)
            inlet.close()
            if k >= 10:
                seen.append((me.num_threads(), me.num_fds(), me.memory_info().rss / 1e6))
    threads, handles, megabytes = np.array(seen).T
    assert threads[-5:].max() <= threads[:5].max() + 2
    assert handles[-5:].max() <= handles[:5].max() + 4
    assert megabytes[-1] - megabytes[0] < 10.0


@pytest.mark.slow
@pytest.mark.parametrize("moment_s", [0.0, 0.05, 0.3, 0.8])
def test_closing_while_searching_or_connecting_takes_under_two_seconds(moment_s):
    with headset() as device:
        inlet = LslInlet(source_id=device.source_id)

        def use() -> None:
            try:
                inlet.open(10.0)
                while True:
                    inlet.read(0.2)
            except EndOfStream:
                return

        reader = threading.Thread(target=use, name="reader")
        reader.start()
        time.sleep(moment_s)
        started = time.monotonic()
        inlet.close()
        reader.join(5.0)
        assert time.monotonic() - started < 2.0


@pytest.mark.slow
def test_a_headset_ends_when_its_parent_is_killed():
    program = (
        "from app.acquisition.simulated_headset import SimulatedHeadset as H; import time\n"
        "h = H(extra=('--plain',)).start(); print(h.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=3.0)
    assert not alive

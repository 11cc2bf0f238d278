"""The program ends within two seconds of Ctrl-C whatever it is doing, and what it has recorded can be read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import pytest

from app.acquisition.simulated_headset import SimulatedHeadset
from sclcm_core.recordings import read_recording

pytestmark = [
    pytest.mark.lsl,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process"),
]

LIVE = [sys.executable, "-m", "app.cli", "live", "--headless", "--json", "--model", "emotion-simulated"]
QUICK_S = 2.0
SOFT_ENDS = (0, 2, 130, -signal.SIGINT)
"""Done, ended before the stream was open, interrupted, interrupted while Python itself was starting or ending."""


def leave(source_id: str, when: Callable[[subprocess.Popen[str]], object], *options: str) -> tuple[float, int, str, str]:
    """Start the program, interrupt it at a moment, and return how long it took to end, its status and what it wrote."""
    with subprocess.Popen(
        [*LIVE, "--source-id", source_id, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        when(program)
        interrupted = time.monotonic()
        program.send_signal(signal.SIGINT)
        try:
            out, said = program.communicate(timeout=20.0)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
        return time.monotonic() - interrupted, program.returncode, out, said


def predicting(program: subprocess.Popen[str]) -> None:
    """Wait until the first prediction is told."""
    assert program.stdout.readline().startswith("{")


def after(seconds: float) -> Callable[[subprocess.Popen[str]], None]:
    """Wait for a time in s, or until the program ends by itself."""

    def wait(program: subprocess.Popen[str]) -> None:
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(seconds)

    return wait


def test_while_it_records_and_the_recording_is_whole(tmp_path):
    with SimulatedHeadset(announce=False) as headset:
        took_s, status, out, _ = leave(headset.source_id, predicting, "--record", str(tmp_path))
    assert took_s < QUICK_S and status == 0
    assert '"summary"' in out.splitlines()[-1]
    (path,) = tmp_path.glob("*.xdf")
    assert read_recording(path).n_samples > 100


@pytest.mark.slow
@pytest.mark.parametrize("moment_s", [0.4, 1.2, 2.0, 3.0])
def test_while_it_starts_or_searches(moment_s):
    took_s, status, _, said = leave(f"nobody-{uuid.uuid4().hex}", after(moment_s))
    assert took_s < QUICK_S and status in SOFT_ENDS
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("moment_s", [0.8, 1.1, 1.4, 1.7, 2.0])
def test_while_it_connects(moment_s):
    with SimulatedHeadset(announce=False) as headset:
        took_s, status, _, said = leave(headset.source_id, after(moment_s))
    assert took_s < QUICK_S and status in SOFT_ENDS
    assert "Traceback" not in said


@pytest.mark.slow
def test_while_the_stream_is_stalled():
    with SimulatedHeadset(announce=False) as headset:

        def stalled(program: subprocess.Popen[str]) -> None:
            predicting(program)
            os.kill(headset.pid, signal.SIGSTOP)
            after(1.5)(program)

        took_s, status, _, said = leave(headset.source_id, stalled)
        os.kill(headset.pid, signal.SIGCONT)
    assert took_s < QUICK_S and status == 0
    assert "has sent nothing for" in said


@pytest.mark.slow
@pytest.mark.parametrize("later_s", [0.3, 2.5])
def test_while_the_stream_is_lost_and_looked_for(later_s):
    with SimulatedHeadset(announce=False) as headset:

        def lost(program: subprocess.Popen[str]) -> None:
            predicting(program)
            headset.kill()
            after(later_s)(program)

        took_s, status, _, said = leave(headset.source_id, lost)
    assert took_s < QUICK_S and status == 0
    assert "has been gone for" in said

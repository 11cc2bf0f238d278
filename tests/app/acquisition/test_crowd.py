"""A laboratory full of streams: ten devices, two listeners for each, and others that come and go."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import list_streams
from app.acquisition.source import Phase
from tests.app.acquisition.conftest import Ear

pytestmark = [pytest.mark.lsl, pytest.mark.slow]

N_DEVICES, SFREQ, LISTENED_S = 10, 250.0, 4.0
DEVICES = """
import sys, time
import numpy as np
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import OutletSpec, SampleOutlet
identity, n_devices, sfreq = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
labels = ("COUNT", "T7", "T8", "C3", "C4", "O1", "O2", "Fz")
units, kinds = ("none",) + ("microvolts",) * 7, ("AUX",) + ("EEG",) * 7
def outlet(name, source_id):
    return SampleOutlet(OutletSpec(name, "EEG", source_id, labels, sfreq, units, kinds))
outlets = [outlet(f"device {k}", f"{identity}-{k}") for k in range(n_devices)]
passing, n_sent, started, n_turns = None, 0, local_clock(), 0
waves = np.random.default_rng(1).normal(0.0, 20.0, (100_000, 8)).astype(np.float32)
waves[:, 0] = np.arange(100_000)
print("ready", flush=True)
while True:
    time.sleep(0.02)
    n_due = int((local_clock() - started) * sfreq)
    stamps = started + np.arange(n_sent, n_due) / sfreq
    for each in outlets:
        each.push(waves[n_sent:n_due], stamps)
    n_sent, n_turns = n_due, n_turns + 1
    if n_turns % 25 == 0:  # twice a second another stream appears, and the one before is gone
        if passing is not None:
            passing.close()
        passing = outlet(f"passing {n_turns}", f"{identity}-passing-{n_turns}")
"""


@pytest.fixture
def identity() -> Iterator[str]:
    name = f"crowd-{uuid.uuid4().hex}"
    with subprocess.Popen(
        [sys.executable, "-c", DEVICES, name, str(N_DEVICES), str(SFREQ)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield name
        process.kill()


def listen(inlet: LslInlet, ready: threading.Barrier) -> Ear:
    """Open an inlet, and listen once all others are open."""
    inlet.open(20.0)
    ear = Ear(inlet)
    ready.wait(30.0)
    ear.for_s(LISTENED_S)
    return ear


def test_ten_streams_are_all_listed_while_others_come_and_go(identity):
    for _ in range(3):
        found = [stream.name for stream in list_streams(2.0) if stream.source_id.startswith(f"{identity}-")]
        assert sorted(name for name in found if name.startswith("device")) == [f"device {k}" for k in range(N_DEVICES)]


def test_two_listeners_of_each_of_ten_streams_lose_nothing(identity):
    inlets = [LslInlet(source_id=f"{identity}-{k}") for k in range(N_DEVICES) for _ in range(2)]
    with ThreadPoolExecutor(len(inlets)) as pool:
        ready = threading.Barrier(len(inlets))
        ears = list(pool.map(lambda inlet: listen(inlet, ready), inlets))
        leaving = time.monotonic()
        list(pool.map(lambda inlet: inlet.close(), inlets))
        assert time.monotonic() - leaving < 2.0
    for ear in ears:
        assert ear.n_lost == 0 and ear.n_samples > 0.8 * LISTENED_S * SFREQ
        assert not {phase for _, phase, _ in ear.phases} & {Phase.LOST, Phase.STALLED, Phase.CHANGED}

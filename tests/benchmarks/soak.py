"""Hours of stream in minutes, and many connections: what must stay flat. The references are the limits that were set."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from tests.benchmarks.row import Row

if TYPE_CHECKING:
    from sclcm_core.recordings.recording import Recording

MINUTES = float(os.environ.get("SCLCM_SOAK_MINUTES", "3"))
"""How long the run takes, in min of the clock; at `SPEED` three are an hour of stream."""

SPEED = 20.0
EVERY_S, NAP_S = 0.25, 0.02
SETTLED_AFTER = 0.35
"""Share of the run in which buffers fill and libraries load; it is left out of the slopes."""

RECORDING_S, STATE_S, SFREQ = 120.0, 20.0, 250.0
N_CYCLES, N_FIRST = 200, 10
HOUR_S = 3600.0
_AT_MOST_S = 60.0 * MINUTES + 600.0
MIB = 2**20


def rows() -> list[Row]:
    """Measure."""
    return [*_session_rows(_in_a_process("session")), *_cycle_rows(_in_a_process("cycles"))]


def _in_a_process(what: str) -> dict[str, list[float]]:
    alone = json.dumps({"session_id": f"bench-{uuid.uuid4().hex[:8]}", "resolve_scope": "machine", "ipv6": False})
    command = [sys.executable, "-m", "tests.benchmarks.soak", what]
    environment = {**os.environ, "SCLCM_LSL": alone}
    lateness_ms, is_over = array("d"), threading.Event()
    watch = threading.Thread(target=_watch_machine, args=(lateness_ms, is_over))
    watch.start()
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_AT_MOST_S, check=False)
    finally:
        is_over.set()
        watch.join()
    if done.returncode:
        raise RuntimeError(f"The soak '{what}' failed:\n{done.stderr[-2000:]}")
    said: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return {**said, "lateness_ms": lateness_ms.tolist()}


def _watch_machine(lateness_ms: array[float], is_over: threading.Event) -> None:
    """Note by how much, in ms, this process is woken too late while the other one is watched: whatever waits here has that added."""
    while not is_over.is_set():
        due = time.perf_counter() + NAP_S
        time.sleep(NAP_S)
        lateness_ms.append((time.perf_counter() - due) * 1e3)


def _session_rows(said: dict[str, list[float]]) -> list[Row]:
    hours, megabytes, asked, latencies = (np.asarray(said[key]) for key in ("hours", "memory_mb", "asked_hours", "latency_ms"))
    what = f"soak, {hours[-1] * 60:.0f} min of stream at {SPEED:g}x: "
    growth, noise = _slope(hours, megabytes)
    slowing, jitter = _slope(asked, latencies)
    machine = f"the machine wakes a sleeping process {np.percentile(said['lateness_ms'], 99):.1f} ms late, p99"
    return [
        Row(f"{what}growth of memory (± {noise:.1g})", growth, 1.0, "MB/h", 5.0, "1 MB per h of stream"),
        Row(f"{what}growth of latency (± {jitter:.1g})", slowing, 1.0, "ms/h", 1.0, "1 ms per h of stream"),
        Row(f"{what}latency p99", float(np.percentile(latencies, 99)), 1.0, "ms", 10.0, f"1 ms; {machine}"),
        Row(f"{what}samples lost or windows skipped", said["missing"][0], 1.0, "pieces", 0.0, "1"),
    ]


def _slope(hours: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return the slope of the settled part per hour by least squares, and its standard error as if errors were independent."""
    kept = hours >= SETTLED_AFTER * hours[-1]
    (slope, _), covariance = np.polyfit(hours[kept], values[kept], 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))


def _cycle_rows(said: dict[str, list[float]]) -> list[Row]:
    limits = {"threads": ("threads", 2.0), "handles": ("handles", 4.0), "memory_mb": ("MB", 10.0)}
    what = f"{len(said['threads'])} connections to one headset: growth of "
    return [
        Row(what + key.removesuffix("_mb"), _growth(said[key]), 1.0, unit, limit, f"1, after {2 * N_FIRST} connections")
        for key, (unit, limit) in limits.items()
    ]


def _growth(values: list[float]) -> float:
    """Return the last less the first, medians of ten; the very first ten, in which libraries load, do not count."""
    return float(np.median(values[-N_FIRST:]) - np.median(values[N_FIRST : 2 * N_FIRST]))


# -- in a process of its own ---------------------------------------------------------------------------------------------------


def run_session() -> dict[str, list[float]]:
    """Play a recording again and again through everything that works without a window."""
    from app.acquisition.replay_source import ReplaySource
    from app.paths import find_bundle
    from app.session.session import Session, SessionSettings
    from app.surroundings import surround
    from sclcm_core.inference.bundle import load_bundle
    from sclcm_core.inference.pipeline import WindowPolicy
    from sclcm_core.types import Prediction

    source = ReplaySource(_recording(), SPEED, loop=True)
    bundle = load_bundle(find_bundle("emotion-simulated"))
    session = Session(source, bundle, SessionSettings(policy=WindowPolicy.EVERY))
    asked, latencies = array("d"), array("d")  # lists of numbers would themselves grow by megabytes

    def hours() -> float:
        return (session.buffer.head if session.buffer else 0) / SFREQ / HOUR_S

    def note(prediction: Prediction) -> None:
        asked.append(hours())
        latencies.append(prediction.latency_s * 1e3)

    session.on_prediction.append(note)
    with tempfile.TemporaryDirectory() as folder:
        arguments = argparse.Namespace(record=Path(folder) / "soak.xdf", osc=None, websocket=None)
        with surround(session, arguments):
            session.start()
            memory = _watch(60.0 * MINUTES, hours)
            status = session.status
            session.stop()
    if session.error is not None:
        raise session.error
    watched, megabytes = (list(column) for column in zip(*memory, strict=True))
    missing = [float(status.n_lost + status.n_skipped)]
    return {
        "hours": watched,
        "memory_mb": megabytes,
        "asked_hours": asked.tolist(),
        "latency_ms": latencies.tolist(),
        "missing": missing,
    }


def _recording() -> Recording:
    from sclcm_core.recordings.recording import Recording
    from sclcm_core.simulation import EMOTIONS, HEADSET_CHANNELS, SimulatedHead
    from sclcm_core.types import Marker, StreamSpec

    head = SimulatedHead(np.random.default_rng(0), SFREQ, HEADSET_CHANNELS)
    states = [EMOTIONS[k % len(EMOTIONS)] for k in range(round(RECORDING_S / STATE_S))]
    samples = np.concatenate([head.render(round(STATE_S * SFREQ), state) for state in states])
    markers = tuple(Marker(k * STATE_S, state, STATE_S) for k, state in enumerate(states))
    spec = StreamSpec(SFREQ, HEADSET_CHANNELS, "soak", origin="replay")
    return Recording(spec, samples, np.arange(len(samples)) / SFREQ, markers, Path("soak.npz"), simulated=True)


def _watch(seconds: float, hours: Callable[[], float]) -> list[tuple[float, float]]:
    """Return hours of stream and memory in MB, four times a second."""
    me, deadline, seen = psutil.Process(), time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        seen.append((hours(), me.memory_info().rss / MIB))
        time.sleep(EVERY_S)
    return seen


def run_cycles() -> dict[str, list[float]]:
    """Connect and disconnect again and again."""
    from app.acquisition.lsl_inlet import LslInlet
    from app.acquisition.simulated_headset import SimulatedHeadset

    me, seen = psutil.Process(), []
    with SimulatedHeadset(announce=False, extra=("--plain", "--channels=T7,T8")) as headset:
        for _ in range(N_CYCLES):
            inlet = LslInlet(source_id=headset.source_id)
            inlet.open(10.0)
            inlet.read(0.1)
            inlet.close()
            seen.append((me.num_threads(), me.num_fds(), me.memory_info().rss / MIB))
    threads, handles, megabytes = (list(column) for column in zip(*seen, strict=True))
    return {"threads": threads, "handles": handles, "memory_mb": megabytes}


def main() -> None:
    """Be the process that is watched, and say in JSON what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("session", "cycles"))
    seen = run_session() if parser.parse_args().what == "session" else run_cycles()
    sys.stdout.write("\n" + json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()

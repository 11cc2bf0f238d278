"""Our receiver against mne-lsl's StreamLSL: each in a process of its own, in turn, on the same outlet in a third.

Both have LSL resolved, hold the newest minute, and know what came; a bare loop around liblsl shows what no receiver can go below.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from ctypes import c_int, c_long, c_void_p
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.acquisition.child_process import STOP_WITH_PARENT, ChildProcess, leave_now, report_ready, watch_parent
from app.acquisition.lsl_network import NetworkSettings, config_content, configure, local_clock, network_settings
from app.acquisition.outlets import OutletSpec, SampleOutlet
from tests.benchmarks.row import Row

log = logging.getLogger(__name__)

BUFFER_S, SHORT_BUFFER_S = 60.0, 10.0
MEASURE_S, WARM_UP_S, IDLE_S = 7.0, 1.5, 0.5
AT_MOST_S = 120.0
N_ROUNDS, N_ATTEMPTS = 2, 6
REFERENCE, BARE = "mne-lsl StreamLSL", "a bare loop around liblsl"
MOST_CPU_ADDED, MOST_LATENCY_ADDED = 2.0, 1.5


@dataclass(frozen=True, slots=True)
class Profile:
    """A stream: its size, and how many samples are sent at once."""

    n_channels: int
    sfreq: float
    n_block: int
    target: float = 1.0

    @property
    def text(self) -> str:
        """Name of the profile."""
        return f"{self.n_channels} ch @ {self.sfreq:g} Hz"


PROFILES = (Profile(32, 128.0, 1), Profile(62, 1000.0, 10, target=1 / 8), Profile(128, 2000.0, 20))


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver did: CPU in % of one core, latencies of the blocks in ms from push to buffer, samples that did not come."""

    cpu: float
    latencies: np.ndarray
    n_lost: int


def rows(profiles: tuple[Profile, ...] = PROFILES) -> list[Row]:
    """Measure; a single profile takes two minutes."""
    configure(NetworkSettings(session_id=f"bench-{uuid.uuid4().hex[:8]}", resolve_scope="machine", ipv6=False))
    has_reference = importlib.util.find_spec("mne_lsl") is not None
    if not has_reference:
        log.warning("mne-lsl is not installed (extra 'bench'): our receiver is measured alone.")
    return [row for profile in profiles for row in _of_profile(profile, has_reference)]


def _of_profile(profile: Profile, has_reference: bool) -> list[Row]:
    sides = [("ours", BUFFER_S), *[("theirs", BUFFER_S)] * has_reference]
    sides += [("bare", BUFFER_S), ("ours", SHORT_BUFFER_S)] * (profile.target < 1)
    source_id = f"bench-{uuid.uuid4().hex[:8]}"
    outlet = ChildProcess("tests.benchmarks.receiver", ["outlet", source_id, *map(str, astuple(profile))])
    start = float(outlet.start()["start"])
    try:
        rounds = [[_heard(side, source_id, profile, start) for side in sides] for _ in range(N_ROUNDS)]
    finally:
        outlet.stop()
    heard = {side: _best(runs) for side, *all_runs in zip(sides, *rounds, strict=True) if (runs := [r for r in all_runs if r])}
    ours, theirs = heard["ours", BUFFER_S], heard.get(("theirs", BUFFER_S))
    flat, bare = heard.get(("ours", SHORT_BUFFER_S)), heard.get(("bare", BUFFER_S))
    return [
        *(_compare(profile, ours, theirs) if theirs else _alone(profile, ours)),
        Row(f"receiver, {profile.text}: samples lost", ours.n_lost, 1.0, "samples", 0.0, "1"),
        *([_flatness(profile, ours, flat)] if flat else []),
        *(_compare(profile, bare, theirs, BARE) if bare and theirs else []),
        *(_added(profile, ours, bare) if bare else []),
    ]


def _heard(side: tuple[str, float], source_id: str, profile: Profile, start: float) -> Heard | None:
    """Run a receiver; None when it is the other one and does not find the stream, which happens on a busy machine."""
    try:
        return _receive(side, source_id, profile, start)
    except RuntimeError as error:
        if side[0] != "theirs":
            raise
        log.warning("%s is left out of a round: %s", REFERENCE, str(error).strip().splitlines()[-1])
        return None


def _compare(profile: Profile, ours: Heard, theirs: Heard, who: str = "receiver") -> list[Row]:
    what = f"{who}, {profile.text}: "
    out = [Row(what + "CPU of a core", ours.cpu, theirs.cpu, "%", profile.target, REFERENCE)]
    for percent, target in ((50, profile.target), (99, 1.0)):
        mine, other = (float(np.percentile(heard.latencies, percent)) for heard in (ours, theirs))
        out.append(Row(f"{what}latency p{percent}", mine, other, "ms", target, REFERENCE))
    out[-1] = out[-1] if not theirs.n_lost else _with_note(out[-1], f"{REFERENCE}, {theirs.n_lost} samples lost")
    return out


def _added(profile: Profile, ours: Heard, bare: Heard) -> list[Row]:
    """Say what our Python adds to what nothing in Python that uses liblsl can go below."""
    what = f"receiver beside {BARE}, {profile.text}: "
    p50, floor = (float(np.percentile(heard.latencies, 50)) for heard in (ours, bare))
    return [
        Row(what + "CPU of a core", ours.cpu, bare.cpu, "%", MOST_CPU_ADDED, BARE),
        Row(what + "latency p50", p50, floor, "ms", MOST_LATENCY_ADDED, BARE),
    ]


def _with_note(row: Row, name: str) -> Row:
    return Row(row.what, row.ours, row.reference, row.unit, row.target, name)


def _alone(profile: Profile, ours: Heard) -> list[Row]:
    p50, p99 = np.percentile(ours.latencies, (50, 99))
    figures = (("CPU of a core", ours.cpu, "%"), ("latency p50", float(p50), "ms"), ("latency p99", float(p99), "ms"))
    return [Row(f"receiver, {profile.text}: {what}", value, 1.0, unit, math.inf, "none") for what, value, unit in figures]


def _flatness(profile: Profile, long: Heard, short: Heard) -> Row:
    what = f"receiver, {profile.text}: CPU with a buffer of {BUFFER_S:g} s"
    return Row(what, long.cpu, short.cpu, "%", 1.25, f"with {SHORT_BUFFER_S:g} s")


def _best(runs: list[Heard]) -> Heard:
    """Join the rounds: the least CPU (what else the machine does is no part of it), all latencies, all losses."""
    latencies = np.concatenate([run.latencies for run in runs])
    return Heard(min(run.cpu for run in runs), latencies, sum(run.n_lost for run in runs))


# -- one receiver, in a process of its own -------------------------------------------------------------------------------------


def _receive(side: tuple[str, float], source_id: str, profile: Profile, start: float) -> Heard:
    """Run a receiver on a stream whose sample n was captured at start + n / sfreq."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "lsl_api.cfg"
        config.write_text(config_content(network_settings()), encoding="utf-8")
        command = [sys.executable, "-m", "tests.benchmarks.receiver", side[0], source_id, str(side[1])]
        environment = {**os.environ, "LSLAPICFG": str(config), "MNE_LSL_LOG_LEVEL": "ERROR"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=AT_MOST_S, check=False)
    if done.returncode:
        raise RuntimeError(f"The receiver '{side[0]}' failed:\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return _judge(said, profile, start)


def _judge(said: dict[str, Any], profile: Profile, start: float) -> Heard:
    """Return CPU, latencies and losses from when which samples were in the buffer."""
    arrived = np.repeat(said["arrivals"], [len(tags) for tags in said["tags"]])
    number, late_us = np.concatenate([np.asarray(tags) for tags in said["tags"]]).T
    is_last = (number + 1) % profile.n_block == 0  # a block is due when its last sample is captured
    latencies = (arrived - start - number / profile.sfreq)[is_last] * 1e3 - late_us[is_last] / 1e3
    return Heard(said["cpu"], latencies, int(number[-1] - number[0] + 1 - len(number)))


class Meter:
    """Measures the CPU time of this process while it receives, and then, while it receives on, notes what comes when.

    One after the other, for the noting costs more than some receivers. The time of a process that waits is subtracted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._arrivals: list[float] = []
        self._tags: list[np.ndarray] = []
        self._idle = self._cpu(time.sleep, IDLE_S)
        self.is_noting = False

    def note(self, samples: np.ndarray) -> None:
        """Note that samples, shape (n_samples, n_channels), are in the buffer now; their first channels say which."""
        self._arrivals.append(self._clock())
        self._tags.append(samples[:, :2].copy())

    def measure(self, receive_for: Callable[[float], None]) -> dict[str, Any]:
        """Let it settle, then measure."""
        receive_for(WARM_UP_S)
        cpu = self._cpu(receive_for, MEASURE_S) - self._idle
        self.is_noting = True
        receive_for(MEASURE_S)
        tags = [pair.tolist() for pair in self._tags[1:]]  # the first may hold what came before
        return {"cpu": cpu, "arrivals": self._arrivals[1 : 1 + len(tags)], "tags": tags}

    @staticmethod
    def _cpu(pass_time: Callable[[float], object], seconds: float) -> float:
        """Return the CPU time of all threads of this process, in % of one core, while a time in s passes."""
        started, spent = time.perf_counter(), time.process_time()
        pass_time(seconds)
        return (time.process_time() - spent) / (time.perf_counter() - started) * 100.0


def _ours(source_id: str, buffer_s: float) -> dict[str, Any]:
    from app.acquisition.lsl_inlet import LslInlet
    from sclcm_core.streaming.ring_buffer import RingBuffer

    inlet, meter = LslInlet(source_id=source_id), Meter(local_clock)
    spec = inlet.open(10.0)
    ring = RingBuffer(round(buffer_s * spec.sfreq), spec.n_channels)

    def receive_for(seconds: float) -> None:
        deadline = local_clock() + seconds
        while (now := local_clock()) < deadline:
            for chunk in inlet.read(0.2):
                ring.write_lost(chunk.n_lost_before, 1.0 / spec.sfreq, now)
                ring.write(chunk.samples, chunk.timestamps, now)
                if meter.is_noting:
                    meter.note(chunk.samples)

    said = meter.measure(receive_for)
    inlet.close()
    return said


def _bare(source_id: str, buffer_s: float) -> dict[str, Any]:
    """Wait for samples and throw them away: nothing in Python that uses liblsl can be cheaper or sooner."""
    from app.acquisition.chunk_pull import ChunkPull
    from app.acquisition.lsl_network import load_lsl

    pylsl, meter = load_lsl(), Meter(local_clock)
    inlet = pylsl.StreamInlet(pylsl.resolve_byprop("source_id", source_id, 1, 10.0)[0], max_buflen=round(buffer_s))
    inlet.open_stream(10.0)
    chunks = ChunkPull(inlet)

    def receive_for(seconds: float) -> None:
        deadline = local_clock() + seconds
        while local_clock() < deadline:
            samples, _ = chunks.pull(0.2)
            if meter.is_noting and len(samples):
                meter.note(samples)

    return meter.measure(receive_for)


def _theirs(source_id: str, buffer_s: float) -> dict[str, Any]:
    from mne_lsl.lsl import local_clock as their_clock
    from mne_lsl.stream import StreamLSL

    meter = Meter(their_clock)

    class Noted(StreamLSL):  # type: ignore[misc]
        """Notes what is in the buffer right after it was written, before the pause."""

        n_seen = 0

        def _submit_acquisition_job(self) -> None:
            n_new = (self._n_new_samples or 0) - self.n_seen
            self.n_seen += n_new
            if n_new and meter.is_noting:
                meter.note(self._buffer[-n_new:])
            super()._submit_acquisition_job()

    stream = Noted(bufsize=buffer_s, source_id=source_id)
    for attempt in reversed(range(N_ATTEMPTS)):
        try:
            stream.connect(timeout=5.0)
            break
        except RuntimeError:  # now and then it does not find a stream that is there
            if not attempt:
                raise
    said = meter.measure(time.sleep)
    stream.disconnect()
    return said


# -- the outlet, in a process of its own ---------------------------------------------------------------------------------------


def _serve(source_id: str, profile: Profile) -> None:
    """Send blocks when they are due. Channel 0 counts samples; channel 1 says how late the block was pushed, in µs.

    That delay is the outlet's and no receiver's; it is subtracted on both sides.
    """
    n_eeg, n = profile.n_channels - 2, profile.n_block
    labels = ("COUNT", "LATE", *(f"E{k}" for k in range(1, n_eeg + 1)))
    units, types = ("none", "none", *["microvolts"] * n_eeg), ("AUX", "AUX", *["EEG"] * n_eeg)
    outlet, stop = SampleOutlet(OutletSpec(source_id, "EEG", source_id, labels, profile.sfreq, units, types)), threading.Event()
    watch_parent(stop)
    block = np.random.default_rng(0).normal(0.0, 20.0, (n, profile.n_channels)).astype(np.float32)
    start, number, stamps = local_clock(), np.arange(n), np.empty(n)
    push = _prepared_push(outlet, block, stamps)
    report_ready(start=start)
    while not stop.is_set():
        stamps[:], block[:, 0] = start + number / profile.sfreq, number
        time.sleep(max(stamps[-1] - local_clock(), 0.0))
        block[:, 1] = (local_clock() - stamps[-1]) * 1e6
        push()
        number += n
    outlet.close()
    leave_now(stop)


def _prepared_push(outlet: SampleOutlet, block: np.ndarray, stamps: np.ndarray) -> Callable[[], object]:
    """Return what sends the block as it then is: what pylsl does in Python before each push is no receiver's latency."""
    inner = outlet._outlet
    arguments = (inner.obj, c_void_p(block.ctypes.data), c_long(block.size), c_void_p(stamps.ctypes.data), c_int(1))
    return lambda: inner.do_push_chunk_n(*arguments)


def main() -> None:
    """Be one receiver, and say in JSON what was heard; or be the outlet."""
    role, source_id, *rest = (argument for argument in sys.argv[1:] if argument != STOP_WITH_PARENT)
    if role == "outlet":
        n_channels, sfreq, n_block, _ = map(float, rest)
        _serve(source_id, Profile(int(n_channels), sfreq, int(n_block)))
    else:
        said = {"ours": _ours, "theirs": _theirs, "bare": _bare}[role](source_id, float(rest[0]))
        sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main()

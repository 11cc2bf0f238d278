"""Our window against mne-lsl's viewer: each in a process of its own, in turn, on the same stream, drawn in software under Xvfb."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.acquisition.lsl_network import NetworkSettings, config_content
from sclcm_core.montage import DEAP_CHANNELS, SEED_CHANNELS
from tests.benchmarks.row import Row

WARM_UP_S, MEASURE_S = 8.0, 12.0
REFERENCE = "mne-lsl's viewer"
SESSION_ID = f"bench-{uuid.uuid4().hex[:8]}"

OUTLET = """
import json, sys, time
import numpy as np, pylsl
name, sfreq, labels = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
info = pylsl.StreamInfo(name, "EEG", len(labels), sfreq, "float32", name)
channels = info.desc().append_child("channels")
for label in labels:
    channel = channels.append_child("channel")
    for key, value in (("label", label), ("unit", "microvolts"), ("type", "EEG")):
        channel.append_child_value(key, value)
outlet, pool = pylsl.StreamOutlet(info), np.random.default_rng(0).normal(0, 15, (4096, len(labels))).astype("f4")
print("ready", flush=True)
start, n = time.perf_counter(), 0
while True:
    due = int((time.perf_counter() - start) * sfreq)
    if due > n:
        at = n % 2048
        outlet.push_chunk(pool[at : at + due - n].tolist())
        n = due
    time.sleep(0.01)
"""

OURS = """
import json, sys, time
import numpy as np
from PyQt5.QtCore import QTimer
import app.gui.main_window as room
import app.gui.trace_canvas as paper
name, seconds, only_traces, warm_up = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "traces", float(sys.argv[4])
ages, draw = [], paper.TraceCanvas.advance
def advance(self):
    draw(self)
    if self._sweep is not None and self._sweep.position > 0:
        ages.append((time.perf_counter(), time.perf_counter() - self._buffer.arrival(self._sweep.position - 1)))
paper.TraceCanvas.advance = advance
show = room.MainWindow.showEvent
def shown(self, event):
    show(self, event)
    if not getattr(self, "arranged_by_bench", False):
        self.arranged_by_bench = True
        QTimer.singleShot(2500, lambda: self.desk.views["traces"].show_all(True))
        if only_traces:
            QTimer.singleShot(1000, lambda: [c.close() for k, c in self.desk.cards.items() if k != "traces"])
room.MainWindow.showEvent = shown
from app.cli import main
status = main(["live", "--name", name, "--model", "emotion-simulated", "--seconds", str(seconds)])
begin = ages[0][0] + warm_up
kept = [age for at, age in ages if at > begin]
span = ages[-1][0] - begin
print(json.dumps({"fps": len(kept) / span, "age_p99_ms": 1e3 * float(np.percentile(kept, 99))}), flush=True)
sys.exit(status)
"""

THEIRS = """
import sys
from mne_lsl.stream_viewer import StreamViewer
StreamViewer(sys.argv[1]).start()
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a viewer did: CPU of all its threads and of the drawing one in % of a core, frames a second, age of what is drawn in ms."""

    cpu: float
    drawing_cpu: float
    fps: float = float("nan")
    age_p99_ms: float = float("nan")


def rows() -> list[Row]:
    """Measure; nothing where there is no Xvfb or no second viewer."""
    if shutil.which("Xvfb") is None or importlib.util.find_spec("mne_lsl") is None:
        return []
    with _screen() as display:
        with _stream(32, 128.0) as name:
            everything, traces, theirs = _ours(display, name, "all"), _ours(display, name, "traces"), _theirs(display, name)
        with _stream(62, 1000.0) as name:
            fast = _ours(display, name, "all")
    return [
        Row(
            "CPU of the live process (receiving, model, window), 32 ch @ 128 Hz",
            everything.cpu,
            theirs.cpu,
            "%",
            1 / 4,
            REFERENCE,
        ),
        Row("CPU of the window's thread, all views", everything.drawing_cpu, theirs.cpu, "%", 1 / 4, REFERENCE),
        Row("CPU of the window's thread, traces alone", traces.drawing_cpu, theirs.cpu, "%", 1 / 15, REFERENCE),
        Row("frames a second, 62 ch @ 1 kHz, all views", fast.fps, 30.0, "Hz", 0.97, "30 Hz", at_least=True),
        Row("age of what is drawn, 62 ch @ 1 kHz, p99", fast.age_p99_ms, 60.0, "ms", 1.0, "60 ms"),
    ]


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-dpi", "96"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def _stream(n_channels: int, sfreq: float) -> Iterator[str]:
    labels = (DEAP_CHANNELS if n_channels <= 32 else SEED_CHANNELS)[:n_channels]
    name = f"bench-{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "-c", OUTLET, name, str(sfreq), json.dumps(labels)]
    folder = tempfile.TemporaryDirectory()
    environment = {**os.environ, "LSLAPICFG": _config(folder.name)}
    outlet = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        if outlet.stdout is None or outlet.stdout.readline().strip() != "ready":
            raise RuntimeError("the outlet did not come")
        yield name
    finally:
        outlet.kill()
        outlet.wait()
        folder.cleanup()


def _environment(display: str, folder: str) -> dict[str, str]:
    """Everything at home in a folder of its own, on a network of its own."""
    kept = {key: value for key, value in os.environ.items() if key not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    alone = {"SCLCM_LSL": json.dumps({"session_id": SESSION_ID, "resolve_scope": "machine"}), "LSLAPICFG": _config(folder)}
    return {**kept, **alone, "DISPLAY": display, "XDG_CONFIG_HOME": folder, "XDG_RUNTIME_DIR": folder, "QT_API": "pyqt5"}


def _config(folder: str) -> str:
    """Write liblsl's own settings, for the programs that are not ours; return the file."""
    path = Path(folder) / "lsl_api.cfg"
    path.write_text(config_content(NetworkSettings(session_id=SESSION_ID, resolve_scope="machine")), encoding="utf-8")
    return str(path)


def _ours(display: str, name: str, views: str) -> Seen:
    seconds = WARM_UP_S + MEASURE_S + 4.0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", OURS, name, str(seconds), views, str(WARM_UP_S)]
        window = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment(display, folder))
        cpu, drawing_cpu = _cpu(window.pid)
        said = window.communicate(timeout=seconds + 30)[0].strip().splitlines()
    if window.returncode != 0 or not said:
        raise RuntimeError(f"the window ended with {window.returncode}")
    return Seen(cpu, drawing_cpu, **json.loads(said[-1]))


def _theirs(display: str, name: str) -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        quiet = subprocess.DEVNULL
        viewer = subprocess.Popen(
            [sys.executable, "-c", THEIRS, name], stdout=quiet, stderr=quiet, env=_environment(display, folder)
        )
        try:
            seen = Seen(*_cpu(viewer.pid))
            if viewer.poll() is not None:
                raise RuntimeError(f"{REFERENCE} ended with {viewer.returncode}")
            return seen
        finally:
            viewer.kill()
            viewer.wait()


def _cpu(pid: int) -> tuple[float, float]:
    """Return the CPU of a process, and of its first thread, in % of one core, once it has settled."""
    time.sleep(WARM_UP_S)
    before, started = _times(pid), time.perf_counter()
    time.sleep(MEASURE_S)
    share = 100.0 / (time.perf_counter() - started)
    return share * (_times(pid)[0] - before[0]), share * (_times(pid)[1] - before[1])


def _times(pid: int) -> tuple[float, float]:
    process = psutil.Process(pid)
    spent, threads = process.cpu_times(), {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
    return spent.user + spent.system, threads[pid]

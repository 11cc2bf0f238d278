"""Our window against mne-lsl's viewer: each in a process of its own, in turn, on the same stream, drawn in software under Xvfb.

Both windows have 1280 x 800 pixels and show all channels and the newest 10 s of a simulated head, filtered or centred as each does by
itself. mne-lsl's viewer draws as often as it does by itself; the table says how often that was.
"""

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
from sclcm_core.simulation.head import SimulatedHead
name, sfreq, labels = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
info = pylsl.StreamInfo(name, "EEG", len(labels), sfreq, "float32", name)
channels = info.desc().append_child("channels")
for label in labels:
    channel = channels.append_child("channel")
    for key, value in (("label", label), ("unit", "microvolts"), ("type", "EEG")):
        channel.append_child_value(key, value)
pool = SimulatedHead(np.random.default_rng(0), sfreq, labels).render(int(40 * sfreq), "neutral")
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
start, n = time.perf_counter(), 0
while True:
    due = int((time.perf_counter() - start) * sfreq)
    if due > n:
        at = n % (len(pool) - int(10 * sfreq))
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
def show_all(view):
    view.show_all(True)
    if len(view.canvas.channels) < int(sys.argv[5]):
        QTimer.singleShot(200, lambda: show_all(view))
show = room.MainWindow.showEvent
def shown(self, event):
    show(self, event)
    if not getattr(self, "arranged_by_bench", False):
        self.arranged_by_bench = True
        self.resize(1280, 800)
        show_all(self.desk.views["traces"])
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
import functools, json, sys, time
import mne_lsl.stream_viewer.backends.pyqtgraph as room
import mne_lsl.stream_viewer.stream_viewer as door
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication
drawn, paint, start = [], room._CustomGraphicsLayoutWidget.paintEvent, room._BackendPyQtGraph.start_timer
def painted(self, event):
    drawn.append(time.perf_counter())
    paint(self, event)
def started(self):
    self._win.resize(1280, 800)
    QTimer.singleShot(int(1000 * float(sys.argv[2])), QApplication.quit)
    start(self)
room._CustomGraphicsLayoutWidget.paintEvent = painted
room._BackendPyQtGraph.start_timer = started
door.resolve_streams = functools.partial(door.resolve_streams, timeout=20.0, minimum=1)  # by itself it looks for a second only
try:
    door.StreamViewer(sys.argv[1]).start()
finally:
    print(json.dumps({"fps": sum(at > drawn[-1] - 10 for at in drawn) / 10}), flush=True)
"""

FLOOR = """
import sys
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QPainter, QPixmap
from PyQt5.QtWidgets import QApplication, QWidget
class Strip(QWidget):
    x = 0.0
    def paintEvent(self, event):
        QPainter(self).drawPixmap(event.rect(), picture, event.rect())
    def tick(self):
        self.x = (self.x + 4) % 1200
        self.update(int(self.x), 40, 24, 700)
application = QApplication([])
picture, strip, timer = QPixmap(1280, 800), Strip(), QTimer()
picture.fill(Qt.black)
strip.setAttribute(Qt.WA_OpaquePaintEvent)
strip.resize(1280, 800)
strip.show()
timer.setTimerType(Qt.PreciseTimer)
timer.timeout.connect(strip.tick)
timer.start(33)
QTimer.singleShot(int(1000 * float(sys.argv[1])), application.quit)
application.exec_()
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
            everything, first = _ours(display, name, "all", 32), _theirs(display, name)
            traces, second = _ours(display, name, "traces", 32), _theirs(display, name)
        floor = _floor(display)
        with _stream(62, 1000.0) as name:
            fast = _ours(display, name, "all", 62)
    theirs, named = (first.cpu + second.cpu) / 2, f"{REFERENCE}, {(first.fps + second.fps) / 2:.0f} Hz"
    all_of_it = "CPU of the live process (receiving, model, all views at 30 Hz), 32 ch @ 128 Hz, 10 s"
    return [
        Row(all_of_it, everything.cpu, theirs, "%", 1 / 4, named),
        Row("CPU of the window's thread, all views", everything.drawing_cpu, theirs, "%", 1 / 4, named),
        Row("CPU of the live process, traces alone", traces.cpu, theirs, "%", 1 / 4, named),
        Row("CPU of the window's thread, traces alone", traces.drawing_cpu, theirs, "%", 1 / 15, named),
        Row(
            "CPU of a PyQt window that puts 24 columns on the screen at 30 Hz, and nothing else",
            floor,
            theirs,
            "%",
            1 / 15,
            named,
        ),
        Row("frames a second, 62 ch @ 1 kHz, all views", fast.fps, 30.0, "Hz", 0.97, "30 Hz", at_least=True),
        Row("age of what is drawn, 62 ch @ 1 kHz, p99", fast.age_p99_ms, 60.0, "ms", 1.0, "60 ms"),
    ]


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-dpi", "96"]
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


def _ours(display: str, name: str, views: str, n_channels: int) -> Seen:
    seconds = WARM_UP_S + MEASURE_S + 4.0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", OURS, name, str(seconds), views, str(WARM_UP_S), str(n_channels)]
        window = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment(display, folder))
        cpu, drawing_cpu = _cpu(window.pid)
        said = window.communicate(timeout=seconds + 30)[0].strip().splitlines()
    if window.returncode != 0 or not said:
        raise RuntimeError(f"the window ended with {window.returncode}")
    return Seen(cpu, drawing_cpu, **json.loads(said[-1]))


def _theirs(display: str, name: str) -> Seen:
    seconds = WARM_UP_S + MEASURE_S + 4.0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", THEIRS, name, str(seconds)]
        pipe = subprocess.PIPE
        viewer = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=_environment(display, folder))
        try:
            cpu, drawing_cpu = _cpu(viewer.pid)
            said, errors = viewer.communicate(timeout=seconds + 30)
        except psutil.Error:
            said, errors = viewer.communicate()
        finally:
            viewer.kill()
        if viewer.returncode != 0:
            raise RuntimeError(f"{REFERENCE} ended with {viewer.returncode}: {errors[-500:]}")
        return Seen(cpu, drawing_cpu, **json.loads(said.strip().splitlines()[-1]))


def _floor(display: str) -> float:
    """Return what a window costs that does nothing but show a strip of a kept picture, in % of one core."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", FLOOR, str(WARM_UP_S + MEASURE_S + 2.0)]
        window = subprocess.Popen(command, env=_environment(display, folder))
        try:
            return _cpu(window.pid)[0]
        finally:
            window.kill()
            window.wait()


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

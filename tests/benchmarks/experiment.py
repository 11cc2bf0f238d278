"""Markers of an experiment: from the flip of the screen to the stamp, to the pixels, and through LSL; and the time of a calibration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from tests.benchmarks.row import Row

N_FLIPS = 200
EYE = """
import sys
from PyQt5.QtWidgets import QApplication
from app.acquisition.lsl_network import local_clock
application = QApplication([])
screen = application.primaryScreen()
was, n_seen = None, 0
print("ready", flush=True)
while n_seen < {n}:
    now = screen.grabWindow(0, 100, 100, 1, 1).toImage().pixel(0, 0) & 0xffffff
    t = local_clock()
    if now != was and was is not None and now in (0x112233, 0x445566):
        print(now, repr(t), flush=True)
        n_seen += 1
    was = now
"""
FLIPPER = """
import json, sys, time
from PyQt5.QtCore import Qt
from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import load_lsl, local_clock
from app.acquisition.protocol_outlet import ProtocolOutlet
from app.experiment.protocol import Block, Protocol, Stimulus
from app.experiment.schedule import Step, StepKind
from app.gui.application import make_application
from app.gui.stimulus_screen import StimulusScreen
from app.gui.theme import DARK
from dataclasses import replace

application = make_application()
protocol = Protocol(name="flips", rest_s=1.0)
screen = StimulusScreen(protocol)
screen.setWindowFlag(Qt.FramelessWindowHint)
screen.setGeometry(0, 0, 800, 600)
screen.show()
for _ in range(20):
    application.processEvents()
    time.sleep(0.02)
load = None
if {loaded}:
    from app.acquisition.simulated_headset import SimulatedHeadset
    from app.session.session import Session
    from app.paths import find_bundle
    from sclcm_core.inference.bundle import load_bundle
    headset = SimulatedHeadset(seed=1).start()
    load = Session(LslInlet(source_id=headset.source_id), load_bundle(find_bundle("emotion-simulated")))
    load.start()
print("ready", flush=True)
sys.stdin.readline()
rows = []
with ProtocolOutlet("bench-protocol") as outlet:
    pylsl = load_lsl()
    (info,) = pylsl.resolve_byprop("source_id", "bench-protocol", 1, 5.0)
    inlet = pylsl.StreamInlet(info)
    inlet.open_stream()
    for number in range({n}):
        screen.theme = replace(DARK, window="#112233" if number % 2 else "#445566")
        stamp = screen.present(Step(StepKind.STIMULUS, "x"))
        outlet.mark(f"flip {{number}}", stamp)
        rows.append((screen.t_painted, stamp))
        until = time.monotonic() + 0.025
        while time.monotonic() < until:
            application.processEvents()
            time.sleep(0.002)
    received = []
    deadline = time.monotonic() + 5
    while len(received) < {n} and time.monotonic() < deadline:
        value, t = inlet.pull_sample(timeout=0.2)
        if value is not None:
            received.append((value[0], t))
if load is not None:
    load.stop()
    headset.stop()
print(json.dumps({{"rows": rows, "received": received}}), flush=True)
"""


def rows() -> list[Row]:
    """Measure; under an X server of its own where there is none."""
    with ExitStack() as stack:
        environment = stack.enter_context(_display())
        idle = _flips(environment, loaded=False)
        busy = _flips(environment, loaded=True)
    out = []
    for what, (paint, pixels, lost) in (("", idle), ("beside a running session: ", busy)):
        out += [
            Row(f"{what}end of painting to stamp, median", 1e3 * float(np.median(paint)), 1.0, "ms", 1.0, "1 ms"),
            Row(f"{what}end of painting to stamp, jitter (sd)", 1e3 * float(np.std(paint)), 1.0, "ms", 1.0, "1 ms"),
        ]
        if len(pixels):
            out += [
                Row(
                    f"{what}stamp to pixels on the X server, median", 1e3 * float(np.median(pixels)), 16.7, "ms", 1.0, "a frame"
                ),
                Row(f"{what}stamp to pixels, jitter (sd)", 1e3 * float(np.std(pixels)), 16.7, "ms", 1.0, "a frame"),
            ]
        out.append(Row(f"{what}markers lost on LSL, or with another stamp, of {N_FLIPS}", float(lost), 1.0, "", 0.0, "1"))
    return [*out, _calibration_row()]


@contextmanager
def _display() -> Iterator[dict[str, str]]:
    alone = json.dumps({"session_id": f"bench-{os.getpid()}", "resolve_scope": "machine"})
    environment = {**os.environ, "SCLCM_LSL": alone, "QT_QPA_PLATFORM": "xcb"}
    number = f":{90 + os.getpid() % 900}"
    server = subprocess.Popen(["Xvfb", number, "-screen", "0", "1024x768x24"], stderr=subprocess.DEVNULL)
    try:
        lock = Path(f"/tmp/.X11-unix/X{number[1:]}")
        deadline = time.monotonic() + 10
        while not lock.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield environment | {"DISPLAY": number}
    finally:
        server.terminate()
        server.wait(10)


def _flips(environment: dict[str, str], *, loaded: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the times in s from painting to stamp and from stamp to pixels, and how many markers were lost."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "env": environment}
    flipper = subprocess.Popen([sys.executable, "-c", FLIPPER.format(n=N_FLIPS, loaded=loaded)], stdin=subprocess.PIPE, **pipes)
    flipper.stdout.readline()
    eye = subprocess.Popen([sys.executable, "-c", EYE.format(n=N_FLIPS - 1)], **pipes)
    eye.stdout.readline()
    flipper.stdin.write("go\n")
    flipper.stdin.flush()
    told = json.loads(flipper.stdout.readline())
    flipper.wait(20)
    seen = []
    try:
        text, _ = eye.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        eye.kill()
        text, _ = eye.communicate()
    seen = np.array([float(line.split()[1]) for line in text.splitlines() if line])
    stamps = np.array([stamp for _, stamp in told["rows"]])
    paint = np.array([stamp - painted for painted, stamp in told["rows"]])
    sent = {f"flip {k}": stamp for k, stamp in enumerate(stamps)}
    n_right = sum(abs(sent.get(text, np.inf) - t) < 1e-9 for text, t in told["received"])
    return paint, _delays(stamps, seen), N_FLIPS - n_right


def _delays(stamps: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return how much later than its stamp each change was seen, in s, shape (n,); those that were not seen are left out."""
    nearest = np.abs(seen[:, None] - stamps[None]).argmin(axis=1) if len(seen) else np.zeros(0, int)
    gaps = seen - stamps[nearest]
    return gaps[np.abs(gaps) < 0.0125]


def _calibration_row() -> Row:
    from app.paths import find_bundle
    from sclcm_core.inference.bundle import load_bundle
    from sclcm_core.inference.calibration import LabelledBlock, calibrate
    from sclcm_core.inference.onnx_runtime import OnnxEmbedder

    bundle = load_bundle(find_bundle("workload-eegmat"))
    manifest, rng = bundle.manifest, np.random.default_rng(0)
    shape = (20, *manifest.features.input_shape)
    blocks = [LabelledBlock(manifest.class_names[k % 2], str(k), rng.standard_normal(shape).astype("f4")) for k in range(12)]
    embedder = OnnxEmbedder(bundle.path)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        calibrate(embedder, manifest, blocks)
        times.append(time.perf_counter() - started)
    return Row("calibration: 12 blocks of 20 windows, 19 channels, held out one by one", sorted(times)[2], 1.0, "s", 1.0, "1 s")

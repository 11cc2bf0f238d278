"""What a device, a computer or a network does to a stream beside dying."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.acquisition.lsl_network import Resolver, local_clock
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase
from sclcm_core.recordings import Recording, write_npz
from sclcm_core.types import StreamSpec

pytestmark = [pytest.mark.lsl, pytest.mark.slow]

CHURN = """
import sys, time
from app.acquisition.outlets import OutletSpec, SampleOutlet
for k in range(int(sys.argv[1])):
    outlet = SampleOutlet(OutletSpec(f"passing {k}", "EEG", f"passing-{k}", ("T7", "T8"), 250.0))
    time.sleep(0.1)
    outlet.close()
"""
OPEN = """
import json, sys, time
from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import NetworkSettings, configure, network_settings
configure(network_settings().model_copy(update={"known_peers": ("10.255.255.1", "192.0.2.7", "no.such.host.invalid")}))
inlet, started = LslInlet(source_id=sys.argv[1]), time.monotonic()
inlet.open(10.0)
opened = time.monotonic()
n = sum(len(chunk.timestamps) for chunk in inlet.read(0.5))
inlet.close()
print(json.dumps({"open_s": opened - started, "n": n, "close_s": time.monotonic() - opened}))
"""


def headset(*options: str, source_id: str | None = None) -> SimulatedHeadset:
    extra = ("--count", "--plain", "--channels=T7,T8", *options)
    return SimulatedHeadset(announce=False, source_id=source_id or f"box-{uuid.uuid4().hex}", extra=extra)


def test_a_loss_of_a_thousand_samples_is_counted_exactly_and_shown(hear):
    with headset("--fault=drop:4s@1") as device:
        ear = hear(source_id=device.source_id)
        assert ear.listen(lambda: ear.n_lost >= 1000, 9.0)
        ear.for_s(0.3)
    assert ear.n_lost == 1000
    assert "1000 were lost" in ear.source.status().message


def test_chunks_of_ten_seconds_are_no_loss_and_not_taken_for_a_lost_stream(hear):
    with headset("--block=10") as device:
        ear = hear(20.0, source_id=device.source_id)
        assert ear.listen(lambda: ear.n_samples >= 5000, 35.0)
    assert ear.n_lost == 0
    assert ear.when(Phase.LOST) is None


def test_stamps_ahead_of_the_clock_are_no_loss(box, hear):
    """A player that stamps a block as if all of it lay in the future: 100 ms of it, ten times a second."""
    with box() as device:
        sending = threading.Event()

        def send() -> None:
            device.t0 = local_clock() + 0.1
            for k in range(40):
                sending.wait(max(device.t0 - 0.1 + k * 0.1 - local_clock(), 0.0))
                device.send(25)

        device.once_heard(send)
        ear = hear(source_id=device.spec.source_id)
        assert ear.listen(lambda: ear.n_samples == 1000, 8.0)
    assert ear.n_lost == 0


def test_bursts_of_a_radio_link_are_no_loss_and_a_lost_one_is_counted(box, hear):
    """Twelve samples at a time under the stamp of the last one; one burst of them never comes."""
    with box() as device:
        pause = threading.Event()

        def send() -> None:
            device.t0 = local_clock()
            for k in range(120):
                pause.wait(max(device.t0 + (k + 1) * 12 / 250.0 - local_clock(), 0.0))
                if k == 80:
                    device.skip(12)
                else:
                    device.send(12, stamps=np.full(12, device.t0 + (device.n_sent + 11) / 250.0))

        device.once_heard(send)
        ear = hear(source_id=device.spec.source_id)
        assert ear.listen(lambda: ear.n_samples == 119 * 12, 12.0)
    assert ear.n_lost == 12


def test_values_that_are_no_numbers_are_passed_on_where_they_are(box, hear):
    with box() as device:

        def send() -> None:
            device.send(100)
            bad = device.samples(50).astype(np.float32)
            bad[3, 1], bad[7, 2], bad[10:20, 1:] = np.nan, np.inf, -np.inf
            device.outlet.push(bad, device.t0 + (100 + np.arange(50)) / 250.0)
            device.n_sent += 50
            device.send(100)

        device.once_heard(send)
        ear = hear(source_id=device.spec.source_id)
        assert ear.listen(lambda: ear.n_samples == 250)
    samples = np.concatenate([chunk.samples for chunk in ear.chunks])
    assert np.isnan(samples[103, 1]) and np.isposinf(samples[107, 2]) and np.isneginf(samples[110:120, 1:]).all()
    assert np.isfinite(samples).sum() == samples.size - 22


def test_a_computer_that_sleeps_with_its_headset_wakes_with_it_and_nothing_is_lost():
    with SimulatedHeadset(announce=False) as device:
        command = ["live", "--headless", "--json", "--model", "emotion-simulated", "--source-id", device.source_id]
        with subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            for _ in range(3):
                assert '"prediction"' in program.stdout.readline()
            both = (device.pid, program.pid)
            for pid in both:
                os.kill(pid, signal.SIGSTOP)
            threading.Event().wait(4.0)
            for pid in both:
                os.kill(pid, signal.SIGCONT)
            after = [json.loads(program.stdout.readline()) for _ in range(20)]
            program.send_signal(signal.SIGINT)
            out, _ = program.communicate(timeout=10.0)
    assert after[-1]["t_end"] > after[0]["t_end"] + 1.0
    assert json.loads(out.splitlines()[-1])["n_lost"] == 0


def test_streams_that_come_and_go_leave_no_thread_handle_or_memory_behind():
    me, resolver, pause = psutil.Process(), Resolver(), threading.Event()
    with subprocess.Popen([sys.executable, "-c", CHURN, "100"]) as child:
        seen, names = [], set()
        while child.poll() is None:
            names |= {description.name for description, _ in resolver.infos()}
            seen.append((me.num_threads(), me.num_fds(), me.memory_info().rss / 1e6))
            pause.wait(0.05)
    resolver.close()
    threads, handles, megabytes = np.array(seen[len(seen) // 4 :]).T
    assert len(names) > 5
    assert threads[-5:].max() <= threads[:5].max() + 1
    assert handles[-5:].max() <= handles[:5].max() + 2
    assert megabytes[-1] - megabytes[0] < 5.0


def test_peers_that_do_not_exist_slow_nothing_down():
    with headset() as device:
        done = subprocess.run(
            [sys.executable, "-c", OPEN, device.source_id], capture_output=True, text=True, timeout=30.0, check=True
        )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["open_s"] < 3.0 and said["close_s"] < 2.0 and said["n"] > 0


@pytest.mark.parametrize("library", ["/no/such/liblsl.so", "."])
def test_a_library_that_is_not_one_is_told_and_files_still_play(tmp_path, library):
    environment = {**os.environ, "PYLSL_LIB": library}
    path = tmp_path / "walk.npz"
    samples = np.random.default_rng(0).normal(0.0, 20.0, (1000, 2)).astype(np.float32)
    spec = StreamSpec(128.0, ("T7", "T8"), "walk", "", "replay")
    write_npz(path, Recording(spec, samples, np.arange(1000) / 128.0, (), path))

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "app.cli", *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=60.0, env=environment, check=False)

    doctor, live = run("doctor"), run("live", "--headless", "--timeout", "1")
    replay = run("replay", str(path), "--headless", "--speed", "max", "--model", "emotion-simulated")
    assert doctor.returncode == 1 and "not its folder" in " ".join(doctor.stdout.split())
    assert live.returncode in (0, 2) and "Traceback" not in live.stderr
    assert replay.returncode == 0 and "predictions by emotion-simulated" in replay.stdout


@pytest.mark.parametrize(
    "command",
    [
        "streams",
        "demo --headless",
        "live --headless --timeout 1",
        "simulate --seconds 1",
        "play FILE",
        "replay FILE --via-lsl --headless --model emotion-simulated",
    ],
)
def test_without_any_library_every_command_that_needs_it_says_what_to_install(tmp_path, command):
    import pylsl

    bare = tmp_path / "pylsl"
    shutil.copytree(Path(pylsl.__file__).parent, bare, ignore=shutil.ignore_patterns("*lsl*.so*", "*lsl*.dll", "*lsl*.dylib"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    environment.pop("PYLSL_LIB", None)
    path = tmp_path / "walk.npz"
    spec, samples = StreamSpec(250.0, ("T7", "T8"), "walk", "", "replay"), np.zeros((500, 2), np.float32)
    write_npz(path, Recording(spec, samples, np.arange(500) / 250.0, (), path))
    words = [str(path) if word == "FILE" else word for word in command.split()]
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *words], capture_output=True, text=True, timeout=60.0, env=environment, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "could not be loaded" in done.stderr and "pip install --upgrade pylsl" in done.stderr


WINDOW = """
import json, sys, time
from PyQt5.QtCore import QSettings, QTimer
from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import configure, network_settings
from app.gui.application import make_application
from app.gui.main_window import MainWindow
from app.paths import find_bundle
from app.session.session import Session
from sclcm_core.inference.bundle import load_bundle
configure(network_settings().model_copy(update={"known_peers": ("10.255.255.1", "192.0.2.7", "no.such.host.invalid")}))
application = make_application()
session = Session(LslInlet(source_id=sys.argv[1]), load_bundle(find_bundle("emotion-simulated")))
window = MainWindow(session, QSettings(sys.argv[2], QSettings.IniFormat))
window.show()
application.processEvents()
beats = []
beat = QTimer()
beat.timeout.connect(lambda: beats.append(time.monotonic()))
beat.start(10)
session.start()
QTimer.singleShot(5000, application.quit)
application.exec_()
leaving = time.monotonic()
window.close()
gaps = sorted(b - a for a, b in zip(beats, beats[1:]))
print(json.dumps({"longest_s": gaps[-1], "usual_s": gaps[len(gaps) // 2], "close_s": time.monotonic() - leaving,
                  "phase": session.status.phase, "n": session.status.n_samples}))
"""


def test_peers_that_do_not_exist_do_not_slow_the_window(tmp_path):
    with headset() as device:
        done = subprocess.run(
            [sys.executable, "-c", WINDOW, device.source_id, str(tmp_path / "window.ini")],
            capture_output=True, text=True, timeout=60.0, check=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["n"] > 250 and said["close_s"] < 2.0
    assert said["longest_s"] < 0.7 and said["usual_s"] < 0.05

"""The window on a real stream: from an outlet in another process to the pixels, and a GUI that stalls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QSettings, QTimer

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase
from app.gui.main_window import MainWindow
from app.gui.traces_view import SETTLED_S
from app.session.recorded_session import read_session
from app.session.recorder import Recorder
from app.session.session import Session
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.types import Prediction
from tests.app.gui.pixels import pixels
from tests.tiny_bundle import write_bundle

pytestmark = [pytest.mark.gui, pytest.mark.lsl]

FAST = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, window_s=0.5, hop_s=0.1, n_frames=2)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle"), FAST))


@pytest.fixture
def headset() -> Iterator[SimulatedHeadset]:
    """A device whose first channel carries each sample's number."""
    with SimulatedHeadset(announce=False, extra=("--count", "--channels=T7,T8")) as device:
        yield device


@pytest.fixture
def live(qtbot, settings: QSettings, bundle: Bundle, headset: SimulatedHeadset) -> Iterator[MainWindow]:
    window = MainWindow(Session(LslInlet(source_id=headset.source_id), bundle), settings)
    window.show()
    yield window
    window.close()
    window.deleteLater()


def traces(window: MainWindow) -> np.ndarray:
    """What the user sees where the traces are, (height, width, 3)."""
    canvas = window.desk.views["traces"].canvas
    return pixels(canvas.grab(canvas.plot_rect()))


def test_from_an_outlet_in_another_process_to_the_pixels_and_back_to_stillness(qtbot, live, headset):
    empty = traces(live)
    live.session.start()
    view = live.desk.views["traces"]
    qtbot.waitUntil(lambda: live.session.status.n_samples > 250 * (SETTLED_S + 0.5), timeout=15_000)
    view.refresh()  # the scale has been chosen: from here on nothing but samples changes the picture
    first = traces(live)
    assert (first != empty).any(axis=-1).mean() > 0.01
    qtbot.waitUntil(lambda: (traces(live) != first).any(axis=-1).mean() > 0.003, timeout=3000)
    assert live.header.phase.text.startswith("Streaming")
    headset.kill()
    qtbot.waitUntil(lambda: live.session.status.phase is Phase.LOST, timeout=5000)
    qtbot.waitUntil(lambda: live.header.phase.text == "Stream lost", timeout=2000)
    qtbot.waitUntil(live.banner.isVisible)
    still = traces(live)
    n_frames = live.desk.pace.n_frames
    qtbot.waitUntil(lambda: live.desk.pace.n_frames >= n_frames + 10, timeout=5000)
    np.testing.assert_array_equal(traces(live), still)
    assert "gone" in live.banner.text or "looked for" in live.banner.text


def asleep(seconds: float) -> None:
    threading.Event().wait(seconds)


def at_work(seconds: float) -> None:
    """Keep the interpreter busy, as a slot that computes does."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def stall(qtbot, window: MainWindow, folder: Path, seconds: float, how: Callable[[float], None]) -> None:
    session, latencies = window.session, []

    def take(prediction: Prediction) -> None:
        latencies.append((time.perf_counter(), prediction.latency_s, prediction.index))

    session.on_prediction.append(take)
    with Recorder(session, folder) as recorder:
        session.start()
        qtbot.waitUntil(lambda: len(latencies) > 20, timeout=15_000)
        began = time.perf_counter()
        QTimer.singleShot(0, lambda: how(seconds))
        qtbot.waitUntil(lambda: time.perf_counter() - began > seconds)
        ended = time.perf_counter()
        view, history = window.desk.views["traces"], window.desk.history
        qtbot.waitUntil(lambda: bool(history.newest) and history.newest.t_ready > ended, timeout=2000)
        qtbot.waitUntil(lambda: view.canvas._sweep.position >= session.buffer.head - 25, timeout=500)
        caught_up_s = time.perf_counter() - ended
        qtbot.waitUntil(lambda: latencies[-1][0] > ended + 1.0, timeout=5000)
        session.stop()
    before = np.median([latency for t, latency, _ in latencies if t < began])
    during = [latency for t, latency, _ in latencies if began < t < ended]
    after = np.median([latency for t, latency, _ in latencies if t > ended])
    assert len(during) >= 0.8 * seconds / FAST.hop_s, "the processing went on while the GUI stood still"
    assert np.median(during) < 3 * before + 0.015
    assert after < 2 * before + 0.003
    assert caught_up_s < 1.0
    assert [p.index for p in history.predictions] == [index for _, _, index in latencies][: len(history.predictions)]
    found, status = read_session(recorder.status.path), session.status
    assert (status.n_lost, found.n_not_recorded, found.n_lost) == (0, 0, 0)
    assert len(found.samples) == status.n_samples > 250 * seconds
    np.testing.assert_array_equal(np.diff(found.samples[:, 0]), 1.0)


def test_a_gui_that_stalls_for_a_second_costs_no_sample_and_no_answer(qtbot, live, tmp_path):
    stall(qtbot, live, tmp_path, 1.0, asleep)


@pytest.mark.slow
@pytest.mark.parametrize("how", [asleep, at_work])
def test_a_gui_that_stalls_for_five_seconds_costs_no_sample_and_latency_recovers(qtbot, live, tmp_path, how):
    stall(qtbot, live, tmp_path, 5.0, how)


def test_it_closes_within_two_seconds_while_it_looks_for_a_stream(qtbot, settings, bundle):
    session = Session(LslInlet(source_id="nobody"), bundle)
    window = MainWindow(session, settings)
    window.show()
    session.start()
    qtbot.waitUntil(lambda: window.header.phase.text == "Looking for the stream")
    assert seconds_to_close(window) < 2.0
    assert session.wait(0.0) or not session.spec


def test_it_closes_within_two_seconds_while_it_records(qtbot, live, tmp_path):
    recorder = Recorder(live.session, tmp_path)
    recorder.start()
    live.session.start()
    qtbot.waitUntil(lambda: recorder.status.n_samples > 50, timeout=15_000)
    began = time.perf_counter()
    live.close()
    status = recorder.stop()
    assert time.perf_counter() - began < 2.0
    assert len(read_session(status.path).samples) == live.session.status.n_samples


def seconds_to_close(window: MainWindow) -> float:
    began = time.perf_counter()
    window.close()
    window.deleteLater()
    return time.perf_counter() - began

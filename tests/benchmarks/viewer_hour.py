"""Whether a frame takes longer after an hour: the whole window through a virtual hour of a simulated head, offscreen.

Of each virtual minute the first seconds are drawn at the pace of the window, every view at its own; the rest comes in one piece, as after
a stall. Answers, markers and events come as in an hour, so that whatever grows has grown.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.acquisition.source import Phase
from app.paths import assets_dir
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.simulation.settings import Emotion
from sclcm_core.types import Float64Array
from tests.benchmarks.row import Row

if TYPE_CHECKING:
    from app.gui.main_window import MainWindow
    from app.gui.posed_session import PosedSession

MINUTES, DRAWN_S, FRAME_HZ, SFREQ = 60, 2.0, 30, 128.0
STATES: tuple[Emotion, ...] = ("negative", "neutral", "positive")
T_95 = 2.0
"""Student's t for 95 % and some 50 degrees of freedom."""


def rows() -> list[Row]:
    """Measure."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.gui.application import make_application

    application = make_application()
    with tempfile.TemporaryDirectory() as folder:
        window, session = _opened(Path(folder))
        frames_ms = np.array([_minute(window, session, minute) for minute in range(MINUTES)])
        window.close()
        application.processEvents()
    slope, half = _slope(np.arange(10, MINUTES) / 60.0, frames_ms[10:])
    usual = float(np.median(frames_ms[10:]))
    grows = f"growth of a frame's time in a virtual hour ({slope:+.3f} ± {half:.3f} ms an hour, of {usual:.2f} ms), lower end"
    late, early = float(np.median(frames_ms[-15:])), float(np.median(frames_ms[10:25]))
    return [
        Row(grows, max(0.0, slope - half), usual, "ms", 0.1, "a frame"),
        Row("a frame, all views, minutes 45 to 60 of a virtual hour", late, early, "ms", 1.2, "minutes 10 to 25"),
    ]


def _opened(folder: Path) -> tuple[MainWindow, PosedSession]:
    from PyQt5.QtCore import QSettings

    from app.gui.main_window import MainWindow
    from app.gui.posed_session import PosedSession

    bundle = load_bundle(assets_dir() / "models" / "emotion-simulated.onnx")
    session = PosedSession(bundle, ch_names=DEAP_CHANNELS, sfreq=SFREQ)
    window = MainWindow(session, QSettings(str(folder / "window.ini"), QSettings.IniFormat))
    window.resize(1280, 800)
    window.show()
    window.desk.pace.stop()
    session.go(Phase.STREAMING, "")
    return window, session


def _minute(window: MainWindow, session: PosedSession, minute: int) -> float:
    """Let a minute pass; return the time of the processor that a frame takes, in ms: the mean of the quicker nine tenths."""
    from PyQt5.QtWidgets import QApplication

    for k in range(6):
        session.play([(STATES[(minute + k) % 3], 10.0 - DRAWN_S / 6)])
        session.mark(f"trial {minute}.{k}")
    del session._latencies[:-1000]  # a real session keeps some thousand; sorting all of an hour is no part of a frame
    QApplication.processEvents()
    took: list[float] = []
    for frame in range(round(DRAWN_S * FRAME_HZ)):
        if frame % 3 == 0:
            session.breathe()
        QApplication.processEvents()
        started = time.thread_time()  # not that of others on a busy machine
        for view in window.desk.views.values():
            if view.isVisible() and frame % round(FRAME_HZ / view.pace_hz) == 0:
                view.refresh()
        if frame % (FRAME_HZ // 4) == 0:
            window.desk.follow()
        QApplication.processEvents()
        took.append(time.thread_time() - started)
    window.desk.views["traces"].show_all(True)  # type: ignore[attr-defined]
    return 1e3 * float(np.sort(took)[: len(took) * 9 // 10].mean())


def _slope(hours: Float64Array, values: Float64Array) -> tuple[float, float]:
    """Return the slope of a line and half the width of its 95 % interval, both an hour.

    Parameters
    ----------
    hours, values : ndarray of float64, shape (n,)
        Times in h, and times of a frame in ms.
    """
    centred = hours - hours.mean()
    slope = float(centred @ values / (centred @ centred))
    rest = values - values.mean() - slope * centred
    return slope, T_95 * float(np.sqrt(rest @ rest / (len(rest) - 2) / (centred @ centred)))

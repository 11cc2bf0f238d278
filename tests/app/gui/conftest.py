"""Windows for tests: offscreen, with settings of their own."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QSettings

from app.gui.application import UnforeseenErrors
from app.gui.main_window import MainWindow
from app.gui.theme import load_fonts
from tests.app.gui.fake_session import FakeSession


@pytest.fixture(scope="session", autouse=True)
def _fonts(qapp: object) -> None:
    load_fonts()


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    found = QSettings(str(tmp_path / "window.ini"), QSettings.IniFormat)
    found.setValue("window/hint_seen", True)
    return found


@pytest.fixture
def window(qtbot: object, session: FakeSession, settings: QSettings) -> Iterator[MainWindow]:
    shown = MainWindow(session, settings)
    with UnforeseenErrors():
        shown.show()
        qtbot.waitExposed(shown)
        yield shown
        shown.close()
    shown.deleteLater()


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    """Six seconds of an alert head at 250 Hz, (n_samples, 8) in µV."""
    t = np.arange(1500)[:, None] / 250.0
    alpha = 20.0 * np.sin(2 * np.pi * 10.0 * t) * np.array([0, 0, 0.2, 0.2, 0.3, 0.3, 1, 1])
    lines = np.fft.rfft(rng.standard_normal((1500, 8)), axis=0) / np.maximum(np.arange(751), 8.0)[:, None]
    background = np.fft.irfft(lines, 1500, axis=0)
    return (background / background.std(axis=0) * 9.0 + alpha).astype(np.float32)

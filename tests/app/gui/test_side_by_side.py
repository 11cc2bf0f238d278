import pytest
from PyQt5.QtCore import QSettings
from PyQt5.QtWidgets import QApplication

from app.gui.main_window import MainWindow
from app.gui.side_by_side import tile
from tests.app.gui.fake_session import FakeSession

pytestmark = pytest.mark.gui


def test_windows_share_the_screen_from_left_to_right(qtbot, window: MainWindow, tmp_path) -> None:
    other = MainWindow(FakeSession(), QSettings(str(tmp_path / "other.ini"), QSettings.IniFormat))
    qtbot.addWidget(other)
    tile(QApplication.instance(), [window, other])
    first, second = window.geometry(), other.geometry()
    assert first.left() + first.width() <= second.left() and first.width() == second.width()
    other.close()

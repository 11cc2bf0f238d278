"""The habits of a good desktop program."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QScrollBar,
    QTextBrowser,
    QWidget,
)

from app.gui.audience import Audience
from app.gui.help_sheet import HelpSheet
from app.gui.main_window import MainWindow, screen_of
from app.gui.match_panel import MatchPanel
from app.gui.model_panel import ModelPanel
from app.gui.pace import can_be_seen
from app.gui.run_window import run_window
from app.gui.saving import keep, write_picture
from app.gui.stream_panel import StreamPanel
from app.gui.workbench import FoundStream, ModelAtHand
from tests.app.gui.fake_session import FakeSession, a_manifest

pytestmark = pytest.mark.gui

INTERACTIVE = (QAbstractButton, QComboBox, QAbstractSlider, QLineEdit, QAbstractItemView, QTextBrowser)
ODD = FoundStream("Amp", "EEG", "id-2", "lab", 500.0, ("ch1", "ch2"), False, "The model needs T7 and T8.")


def is_inside(widget: QWidget, kinds: object) -> bool:
    parent = widget.parentWidget()
    return parent is not None and (isinstance(parent, kinds) or is_inside(parent, kinds))


def nameless(root: QWidget) -> list[str]:
    """Return what can be used and would be read aloud as nothing."""
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, INTERACTIVE) or isinstance(widget, QScrollBar) or is_inside(widget, QComboBox | QFileDialog):
            continue
        if widget.objectName().startswith("qt_"):
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        name = widget.accessibleName() or text
        if sum(letter.isalpha() for letter in name) < 2:
            found.append(f"{type(widget).__name__} {widget.objectName()!r} {name!r} in {type(widget.parent()).__name__}")
    return found


@pytest.fixture
def workbench_window(qtbot, settings):
    session = FakeSession(origin="replay")
    window = MainWindow(session, settings, workbench=SimpleNamespace(models=list))
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()


def test_everything_that_can_be_used_has_a_name_to_be_read_aloud(workbench_window):
    workbench_window.banner.say("warn", "Something", "Do it", lambda: None)
    assert nameless(workbench_window) == []


@pytest.mark.parametrize("kind", ["keys", "model", "streams", "assign", "stage"])
def test_everything_in_the_panels_has_one_too(qtbot, window, session, kind):
    manifest = session.manifest
    panel = {
        "keys": lambda: HelpSheet(window.commands),
        "model": lambda: ModelPanel(manifest, window.theme, lambda _: None, compare=lambda _: None),
        "streams": lambda: StreamPanel(lambda: [], lambda *_: None, manifest, theme=window.theme),
        "assign": lambda: MatchPanel(ODD, manifest, lambda _: None),
        "stage": lambda: Audience(session, window.desk.history, window.theme),
    }[kind]()
    qtbot.addWidget(panel)
    if isinstance(panel, ModelPanel):
        panel.show_models([ModelAtHand(Path("other.onnx"), a_manifest(name="other"))])
    panel.show()
    assert nameless(panel) == []
    assert panel.accessibleName() or panel.windowTitle()
    panel.close()


def test_every_dock_can_be_moved_closed_and_restored(window):
    for key, card in window.desk.cards.items():
        assert card.features() & card.DockWidgetMovable
        assert card.features() & card.DockWidgetClosable
        card.show()
        window.layouts.remember()
        card.close()
        assert card.isHidden(), key
        window.undo_layout()
        assert not card.isHidden(), key
        card.setFloating(True)
        assert card.isFloating()
    window.reset_layout()
    assert not any(card.isFloating() for card in window.desk.cards.values())


@pytest.mark.parametrize("title", ["Save a picture of the window", "Save a report of the last minutes", "Open a recording"])
def test_no_question_stops_the_window(qtbot, workbench_window, title):
    command = next(command for command in workbench_window.commands if command.title == title)
    command.act()
    dialog = workbench_window.findChild(QFileDialog)
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert QApplication.activeModalWidget() is None
    frames = workbench_window.desk.pace.n_frames
    qtbot.waitUntil(lambda: workbench_window.desk.pace.n_frames > frames + 2)
    dialog.close()


def test_no_panel_is_modal(window):
    for command in window.commands:
        if command.title not in ("Quit", "Audience mode: the answer alone, full screen"):
            command.act()
            assert QApplication.activeModalWidget() is None, command.title
    for dialog in window.findChildren(QDialog):
        assert not dialog.isModal()
        dialog.close()


def test_what_lies_in_front_is_put_away_by_one_key(qtbot, window):
    window.banner.say("info", "hello")
    window.show_help()
    panel = window._panel
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key_Escape)
    assert not panel.isVisible()
    assert window.banner.isVisible()
    qtbot.keyClick(window, Qt.Key_Escape)
    assert not window.banner.isVisible()


@pytest.mark.parametrize("name", ["picture.png", "gone/picture.png"])
def test_what_could_not_be_written_is_said(window, tmp_path, name):
    picture = window.picture()
    keep(window, tmp_path / name, lambda path: write_picture(picture.save, path))
    assert (tmp_path / name).exists() == ("Written" in window.banner.text)
    assert window.banner.tone == ("bad" if "gone" in name else "good")


def test_two_models_come_to_the_front_at_the_start(qtbot, settings):
    session = FakeSession()
    session.rival_manifest = a_manifest(name="other")
    window = MainWindow(session, settings)
    window.show()
    qtbot.waitUntil(lambda: can_be_seen(window.desk.views["compare"]))
    assert not can_be_seen(window.desk.views["history"])
    window.close()
    window.deleteLater()


def test_the_window_is_never_larger_than_the_screen(qtbot, session, settings, monkeypatch):
    sizes = []
    monkeypatch.setattr("app.gui.main_window.QSettings", lambda *_: settings)
    monkeypatch.setattr(session, "start", lambda: None)
    kept = MainWindow.close
    monkeypatch.setattr(
        MainWindow, "close", lambda w: (sizes.append((w.size(), screen_of(w).size(), w.minimumSize())), kept(w))
    )
    run_window(session, seconds=0.05)
    size, screen, least = sizes[0]
    assert size.width() <= max(screen.width(), least.width())
    assert size.height() <= max(screen.height(), least.height())


class Slow(FakeSession):
    """A session that is still connecting, or still writing its recording, when it is told to stop."""

    def stop(self) -> None:
        time.sleep(0.3)
        super().stop()


def test_at_the_end_the_window_is_gone_before_the_session_is(qtbot, settings):
    session = Slow()
    window = MainWindow(session, settings)
    window.show()
    qtbot.waitExposed(window)
    seen = []
    stop = session.stop
    session.stop = lambda: (seen.append(window.isVisible()), stop())
    window.close()
    assert seen == [False]
    assert session.stopped

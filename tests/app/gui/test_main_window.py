import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from app.acquisition.source import Phase
from app.gui.main_window import MainWindow
from app.gui.pace import can_be_seen
from app.gui.run_window import run_window
from app.gui.theme import THEMES
from app.gui.views import VIEWS
from sclcm_core.errors import SclcmError
from tests.app.gui.fake_session import FakeSession
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


def test_every_view_stands_in_a_dock(window):
    assert list(window.desk.cards) == [kind.key for kind in VIEWS]
    for card in window.desk.cards.values():
        assert card.accessibleName() or card.windowTitle()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1600, 960)])
def test_nothing_lies_outside_the_window(qtbot, window, width, height):
    window.resize(width, height)
    qtbot.waitUntil(lambda: window.width() == width)
    assert window.minimumSizeHint().width() <= width
    assert window.minimumSizeHint().height() <= height
    for view in window.desk.views.values():
        if can_be_seen(view):
            corner = view.mapTo(window, view.rect().bottomRight())
            assert corner.x() < width
            assert corner.y() < height


@pytest.mark.parametrize(("origin", "text"), [("simulated", "SIMULATED"), ("replay", "REPLAY"), ("live", "LIVE")])
def test_the_badge_says_where_the_data_come_from(qtbot, settings, origin, text):
    window = MainWindow(FakeSession(origin=origin), settings)
    qtbot.addWidget(window)
    window.show()
    window.follow()
    assert window.header.badge.text.startswith(text)
    qtbot.waitUntil(lambda: is_colour(pixels(window.header.grab()), window.header.badge.surface()).sum() > 800)


def test_a_model_that_never_saw_real_eeg_is_told_beside_real_eeg(qtbot, settings):
    window = MainWindow(FakeSession(origin="live"), settings)
    qtbot.addWidget(window)
    window.follow()
    assert window.header.badge.text == "LIVE · SIMULATION-TRAINED MODEL"


def test_from_a_thread_to_the_pixels(qtbot, session, window, noise):
    def work():
        for k in range(12):
            session.push(noise[125 * k : 125 * (k + 1)])
            session.predict(0.1, 0.1, 0.8)
            time.sleep(0.02)

    view = window.desk.views["traces"]
    before = pixels(view.grab())
    worker = threading.Thread(target=work)
    worker.start()
    qtbot.waitUntil(lambda: len(window.desk.history.predictions) == 12, timeout=5000)
    worker.join()
    qtbot.waitUntil(lambda: view.canvas._sweep is not None and view.canvas._sweep.position == session.buffer.head)
    assert (pixels(view.grab()) != before).any(axis=-1).sum() > 2000
    assert window.desk.views["emotion"].says.startswith("positive")
    assert np.isfinite(window.desk.views["bands"].shown).all()


def test_only_what_can_be_seen_is_refreshed(qtbot, session, window, noise):
    session.push(noise)
    assert can_be_seen(window.desk.views["spectrogram"])
    assert not can_be_seen(window.desk.views["spectrum"])
    window.desk.cards["spectrum"].raise_()
    qtbot.waitUntil(lambda: can_be_seen(window.desk.views["spectrum"]))
    assert not can_be_seen(window.desk.views["spectrogram"])
    window.desk.cards["traces"].close()
    assert not can_be_seen(window.desk.views["traces"])


def test_a_closed_view_comes_back_by_undo(qtbot, window):
    window.layouts.remember()
    window.desk.cards["scalp"].close()
    assert not window.desk.cards["scalp"].isVisible()
    window.undo_layout()
    assert window.desk.cards["scalp"].isVisible()


def test_the_arrangement_and_the_look_are_kept(qtbot, session, settings):
    first = MainWindow(session, settings)
    first.show()
    qtbot.waitExposed(first)
    first.desk.cards["quality"].close()
    first.set_theme("light")
    first.close()
    second = MainWindow(FakeSession(), settings)
    second.show()
    qtbot.waitExposed(second)
    assert second.theme.name == "light"
    assert not second.desk.cards["quality"].isVisible()
    assert second.desk.cards["traces"].isVisible()
    second.reset_layout()
    assert second.desk.cards["quality"].isVisible()
    second.close()


@pytest.mark.parametrize("name", THEMES)
def test_a_change_of_look_reaches_every_corner(window, session, noise, name):
    session.push(noise)
    window.set_theme(name)
    shown = pixels(window.grab())
    assert is_colour(shown, THEMES[name].card, 2).mean() > 0.2
    assert window.desk.cards["traces"]._heading.label.palette().windowText().color().name() == THEMES[name].muted


@pytest.mark.parametrize(
    ("phase", "tone"), [(Phase.LOST, "bad"), (Phase.STALLED, "warn"), (Phase.FAILED, "bad"), (Phase.CHANGED, "bad")]
)
def test_trouble_is_a_banner_and_not_a_dialog(qtbot, window, session, phase, tone):
    session.go(phase, "The stream 'X' is gone. It is looked for.")
    qtbot.waitUntil(window.banner.isVisible)
    assert window.banner.text == "The stream 'X' is gone. It is looked for."
    assert window.banner.property("tone") == tone
    assert QApplication.activeModalWidget() is None
    session.go(Phase.STREAMING, "")
    qtbot.waitUntil(lambda: not window.banner.isVisible())
    assert [e.kind for e in window.desk.history.events][-2:][0] in ("error", "phase")


def test_the_seconds_of_a_banner_count_on_until_it_is_put_away(qtbot, window, session):
    session.go(Phase.LOST, "gone for 1.8 s")
    qtbot.waitUntil(window.banner.isVisible)
    session.status = replace(session.status, message="gone for 12.3 s")
    qtbot.waitUntil(lambda: window.banner.text == "gone for 12.3 s")
    assert [event.text for event in window.desk.history.events if "gone" in event.text] == ["gone for 1.8 s"]
    window.banner.put_away()
    session.status = replace(session.status, message="gone for 13.4 s")
    window.follow()
    assert not window.banner.isVisible()


def test_what_a_banner_says_of_something_else_is_left_alone(qtbot, window, session):
    session.go(Phase.RECOVERED, "Samples come again after 3.0 s")
    qtbot.waitUntil(window.banner.isVisible)
    session.go(Phase.LOST, "gone for 1.8 s")
    qtbot.waitUntil(lambda: "gone" in window.banner.text)
    window._forget_recovery()
    assert window.banner.isVisible(), "the recovery before is forgotten, the loss is not"
    window.banner.say("warn", "Something unforeseen happened")
    session.status = replace(session.status, message="gone for 2.9 s")
    window.follow()
    session.go(Phase.STREAMING, "")
    qtbot.waitUntil(lambda: window.desk.history.events[-1].text == "streaming")
    assert window.banner.isVisible() and window.banner.text == "Something unforeseen happened"


def test_at_the_first_start_there_is_a_hint_and_then_never_again(qtbot, session, settings):
    settings.remove("window/hint_seen")
    first = MainWindow(session, settings)
    first.show()
    assert "F1" in first.banner.text
    first.close()
    second = MainWindow(FakeSession(), settings)
    second.show()
    assert second.banner.text == ""
    second.close()


@pytest.mark.parametrize("phase", [Phase.SEARCHING, Phase.CONNECTING, Phase.STREAMING, Phase.FAILED])
def test_it_can_be_closed_at_any_moment(qtbot, settings, phase):
    session = FakeSession()
    session.go(phase)
    if phase is not Phase.STREAMING:
        session.spec = session.buffer = None
    window = MainWindow(session, settings)
    window.show()
    window.close()
    assert session.stopped
    assert session.on_prediction == []


def test_keys_do_what_the_sheet_says(qtbot, window, session, noise):
    session.push(noise)
    qtbot.waitUntil(lambda: window.desk.views["traces"].canvas._sweep is not None)
    keys = [key for command in window.commands for key in command.keys]
    assert len(keys) == len(set(keys))
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key_Space)
    assert window.desk.views["traces"].canvas.held_at is not None
    qtbot.keyClick(window, Qt.Key_Space)
    name = window.theme.name
    qtbot.keyClick(window, Qt.Key_T)
    assert window.theme.name != name
    qtbot.keyClick(window, Qt.Key_N)
    assert "Noted by hand" in window.desk.history.events[-1].text


def test_every_command_can_be_called(window, session, noise):
    session.push(noise)
    window.desk.views["traces"].refresh()
    for command in window.commands:
        if command.title not in ("Quit",) and "Save" not in command.title:
            command.act()
    assert window.isVisible()
    if window.audience is not None:
        window.audience.close()


def test_letters_grow_and_shrink_within_reason(window):
    window.change_letters(3.0)
    assert window.theme.scale == pytest.approx(1.6)
    window.change_letters(0.1)
    assert window.theme.scale == pytest.approx(0.8)


def test_another_session_takes_the_place_of_the_first(qtbot, window, session, noise):
    session.push(noise)
    window.desk.cards["quality"].close()
    new = FakeSession(ch_names=("T7", "T8", "Cz"), origin="replay")
    window.show_session(new)
    assert new.started
    assert session.on_prediction == []
    new.push(noise[:, :3])
    new.predict(0.8, 0.1, 0.1)
    qtbot.waitUntil(lambda: window.desk.views["emotion"].says.startswith("negative"))
    window.follow()
    assert window.header.badge.text.startswith("REPLAY")
    qtbot.waitUntil(lambda: len(window.desk.views["traces"].canvas.channels) == 3)
    assert not window.desk.cards["quality"].isVisible()


def test_an_error_in_a_slot_is_a_banner_and_the_window_lives(qtbot, session, settings, monkeypatch, capfd):
    from PyQt5.QtCore import QTimer

    said = []

    def body():
        window = next((w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()), None)
        if window is None:  # not yet there on a busy machine
            QTimer.singleShot(20, body)
            return
        QTimer.singleShot(0, lambda: 1 / 0)
        QTimer.singleShot(0, lambda: leave(window))

    def leave(window):
        if not window.banner.text:
            QTimer.singleShot(20, lambda: leave(window))
            return
        said.append(window.banner.text)
        window.close()

    monkeypatch.setattr("app.gui.main_window.QSettings", lambda *_: settings)
    hook = sys.excepthook
    QTimer.singleShot(20, body)
    assert run_window(session, seconds=20.0) == 0  # closes by itself where no banner comes
    assert "ZeroDivisionError" in said[0]
    assert sys.excepthook is hook


def test_it_closes_by_itself_when_told_and_leaves_a_picture(qtbot, session, settings, monkeypatch, tmp_path):
    monkeypatch.setattr("app.gui.main_window.QSettings", lambda *_: settings)
    assert run_window(session, seconds=0.1, screenshot_path=tmp_path / "shots" / "window.png") == 0
    assert (tmp_path / "shots" / "window.png").stat().st_size > 20_000
    assert session.started
    assert session.stopped


def test_without_a_display_headless_is_named(session, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SclcmError, match="--headless"):
        run_window(session)


def test_missing_libraries_are_one_line_for_apt(monkeypatch):
    from app.gui import display

    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(display, "_is_there", lambda library: library not in ("xcb-icccm", "xcb-xinerama"))
    with pytest.raises(SclcmError, match="apt-get install -y libxcb-icccm4 libxcb-xinerama0"):
        display.check_display()


def test_the_window_needs_no_heavy_library():
    code = "import sys, app.gui.main_window; print([m for m in HEAVY if m in sys.modules])"
    heavy = ("torch", "mne", "scipy.signal", "onnxruntime", "pylsl", "matplotlib", "PyQt5.QtNetwork")
    done = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", repr(heavy))], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_tick_costs_the_same_after_an_hour(session, window, noise):
    """What is kept is bounded, and what is drawn is a stretch of fixed length."""
    session.push(noise)
    history = window.desk.history
    for _ in range(40):
        session.push(noise[:125])
        history.add_prediction(session.predict(0.2, 0.3, 0.5))
    window.desk.pace.tick()

    def best_of_ticks() -> float:
        times = []
        for _ in range(12):
            for view in window.desk.views.values():
                window.desk.pace._due[view] = 0.0
            started = time.perf_counter()
            window.desk.pace.tick()
            times.append(time.perf_counter() - started)
        return min(times)

    before = best_of_ticks()
    old = history.newest
    history.predictions.extend([old] * 7200)
    for k in range(3000):
        history.note("marker", str(k))
    best_of_ticks()
    assert best_of_ticks() < 3 * before + 0.002

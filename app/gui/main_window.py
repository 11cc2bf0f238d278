"""The window: a header, the views in their docks, and the bar that tells the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QRect, QSettings, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeySequence, QPixmap, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QApplication, QMainWindow, QShortcut, QVBoxLayout, QWidget

from app.acquisition.source import Phase
from app.gui.application import NAME
from app.gui.audience import Audience
from app.gui.banner import Banner
from app.gui.commands import commands_of
from app.gui.desk import Desk
from app.gui.header import Header, icon, phase_tone
from app.gui.layout import Layouts
from app.gui.menus import Menus
from app.gui.opening import Opening
from app.gui.session_like import SessionLike, rival_of, unread_notices
from app.gui.theme import DARK, THEMES, Theme, style_sheet
from app.gui.transport_bar import TransportBar
from app.gui.truth_bar import TruthBar
from app.gui.words_view import WordsView
from app.gui.workbench import Workbench

if TYPE_CHECKING:
    from app.gui.panel import Panel
    from app.session.session import SessionStatus

TROUBLE = (Phase.LOST, Phase.STALLED, Phase.CHANGED, Phase.FAILED)
"""Phases of which a banner tells until they are over."""

FIRST_HINT = "Drag a card by its title to move it, close it with the cross, bring it back with Views. F1 shows every key."


class MainWindow(QMainWindow):
    """Shows a session.

    Parameters
    ----------
    session : SessionLike
        What is shown; not started by the window.
    settings : QSettings, optional
        Where the look and the arrangement are kept; the user's own when left out.
    title : str
        What the window is called.
    workbench : Workbench, optional
        Makes other sessions; without it the window shows this one only.
    is_panel : bool
        Whether it is one of several in a window: narrower, and its keys are its own.
    """

    look_changed = pyqtSignal(str)

    def __init__(
        self,
        session: SessionLike,
        settings: QSettings | None = None,
        title: str = NAME,
        workbench: Workbench | None = None,
        *,
        is_panel: bool = False,
    ) -> None:
        super().__init__()
        self.session = session
        self.workbench = workbench
        self.settings = settings or QSettings("sclcm-live", "window")
        self._letters = float(self.settings.value("window/letters", 1.0))
        self.theme: Theme = THEMES.get(str(self.settings.value("window/theme", "")), DARK).larger(self._letters)
        _wear(self.theme)
        self.setWindowTitle(title)
        self.resize(1600, 960)
        self.is_panel = is_panel
        self.setMinimumSize(*((440, 490) if is_panel else (900, 600)))
        self.header, self.banner, self.truth = Header(session), Banner(), TruthBar(session)
        self.transport = TransportBar(session)
        self.audience: Audience | None = None
        self._panel: Panel | None = None
        self._is_arranged = False
        self._tabs_changed = QTimer(self)
        self._tabs_changed.setSingleShot(True)
        self._tabs_changed.timeout.connect(self._calm_tabs)
        self._build()
        self.setProperty("is_panel", is_panel)
        self.opening = Opening(self)
        self.desk = Desk(session, self, self.follow)
        self.layouts = Layouts(self, self.desk.cards, self.settings, is_narrow=self.is_panel)
        self._lay(self.desk)
        self.set_theme(self.theme.name)
        self.commands = commands_of(self)
        self._build_shortcuts()

    # -- what happens ----------------------------------------------------------------------------------------------------------

    def take_status(self, status: SessionStatus) -> None:
        """Hear of a change of phase: say in a banner what the user should know."""
        tone = phase_tone(status.phase)
        text = status.message or status.phase.value
        self.desk.history.note("error" if tone == "bad" else "phase", text)
        if status.phase in TROUBLE:
            self.banner.say("bad" if tone == "bad" else "warn", text, topic=status.phase)
        elif status.phase is Phase.RECOVERED:
            self.banner.say("good", status.message or "Samples come again.", topic=status.phase)
            QTimer.singleShot(6000, self._forget_recovery)
        elif status.phase in (Phase.STREAMING, Phase.PAUSED):
            self.banner.end(*TROUBLE)
        self.follow()

    def _forget_recovery(self) -> None:
        self.banner.end(Phase.RECOVERED)

    def follow(self) -> None:
        """Bring the header, the transport and the truth up to date."""
        self.header.refresh()
        self.transport.refresh()
        self.transport.show_score(self.desk.history.score)
        self.truth.refresh()
        status = self.session.status
        self.banner.renew(status.phase, status.message)  # how long it has been gone: polled, for it never stands still
        for kind, text in unread_notices(self.session):
            self.banner.say("good" if kind == "typical" else "warn", text, "Calibrate", self.calibrate)

    def show_words(self, words: Sequence[str]) -> None:
        """Open the view of words and match some."""
        view = self.desk.views["words"]
        if isinstance(view, WordsView):
            view.choose(words)
        self.desk.cards["words"].show()
        self.desk.cards["words"].raise_()

    def show_session(self, session: SessionLike) -> None:
        """Show another session, not yet started, in place of the present one, which is over."""
        state = self.saveState()
        self.desk.clear_away(self)
        self.session = self.header.session = self.truth.session = session
        self.transport.show_session(session)
        self.banner.put_away()
        self.desk = Desk(session, self, self.follow)
        self.layouts = Layouts(self, self.desk.cards, self.settings, is_narrow=self.is_panel)
        self.layouts.reset()
        self.restoreState(state)
        self._lay(self.desk)
        self.set_theme(self.theme.name)
        QTimer.singleShot(0, self._show_rival)
        session.start()

    def _show_rival(self) -> None:
        """Bring the view of two models to the front when there are two, and that of words when the model knows words."""
        for key, is_wanted in (
            ("words", self.desk.views["words"].opens_itself),
            ("compare", rival_of(self.session) is not None),
        ):
            if is_wanted:
                self.desk.cards[key].show()
                self.desk.cards[key].raise_()

    # -- looks -----------------------------------------------------------------------------------------------------------------

    def set_theme(self, name: str) -> None:
        """Take on a look by its name."""
        self.theme = THEMES[name].larger(self._letters)
        self.settings.setValue("window/theme", name)
        _wear(self.theme)
        self.header.apply_theme(self.theme)
        self.truth.apply_theme(self.theme)
        self.desk.apply_theme(self.theme)
        self.setWindowIcon(icon(self.theme))
        self.menus.show_look(name)
        self.layouts.calm_tabs()
        self.look_changed.emit(name)

    def next_theme(self) -> None:
        """Take on the next look."""
        names = list(THEMES)
        self.set_theme(names[(names.index(self.theme.name) + 1) % len(names)])

    def change_letters(self, factor: float) -> None:
        """Make all letters larger or smaller."""
        self._letters = min(1.6, max(0.8, self._letters * factor))
        self.settings.setValue("window/letters", self._letters)
        self.set_theme(self.theme.name)

    def toggle_audience(self) -> None:
        """Show the answer alone, full screen; or end that."""
        if self.audience is not None and self.audience.isVisible():
            self.audience.close()
            self.audience = None
            return
        self.audience = Audience(self.session, self.desk.history, self.theme)
        self.audience.setGeometry(screen_of(self))  # where no window manager knows what full screen is
        self.audience.showFullScreen()

    def undo_layout(self) -> None:
        """Put the docks back to where they were before the last change."""
        if not self.layouts.undo():
            self.statusBar().setToolTip("Nothing to undo")

    def reset_layout(self) -> None:
        """Put the docks to where they stand at first."""
        self.layouts.reset()

    # -- panels and files ------------------------------------------------------------------------------------------------------

    def show_help(self) -> None:
        """Show every key."""
        from app.gui.help_sheet import HelpSheet

        self.show_panel(HelpSheet(self.commands, self))

    def show_models(self) -> None:
        """Show the card of the model, and other models to choose from."""
        self.opening.show_models()

    def choose_stream(self) -> None:
        """Show the streams in reach."""
        self.opening.choose_stream()

    def calibrate(self) -> None:
        """Lead through a calibration of the model to a person."""
        self.opening.calibrate()

    def choose_recording(self) -> None:
        """Ask for a recording and replay it."""
        self.opening.choose_recording()

    def show_panel(self, panel: Panel) -> None:
        """Show a panel beside the window, in place of the one before."""
        if self._panel is not None:
            self._panel.close()
        self._panel = panel
        panel.show()

    def note_moment(self) -> None:
        """Add a line to the event log."""
        self.desk.history.note("marker", f"Noted by hand at {time.strftime('%H:%M:%S')}")

    def save_picture(self, path: Path) -> None:
        """Write the window as it looks now to a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.picture().save(str(path))

    def picture(self) -> QPixmap:
        """Return the window as it looks now."""
        return self.grab()

    def put_away(self) -> None:
        """Close what lies in front: the panel, or else the banner."""
        if self._panel is not None and self._panel.isVisible():
            self._panel.close()
        else:
            self.banner.put_away()

    # -- the beginning and the end ---------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Put the docks in their places once the window has its size: Qt forgets their sizes before that."""
        super().showEvent(event)
        if self._is_arranged:
            return
        self._is_arranged = True
        self.layouts.restore()
        QTimer.singleShot(0, self._show_rival)  # a tab can come to the front once it is laid out
        self.desk.views["traces"].setFocus()
        if not (self.is_panel or self.settings.value("window/hint_seen", False, type=bool)):
            self.settings.setValue("window/hint_seen", True)
            self.banner.say("info", FIRST_HINT, "Keys", self.show_help)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Let a panel that has become low do without a row of docks."""
        super().resizeEvent(event)
        if self._is_arranged:
            self.layouts.fit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Disappear at once, then end the session: whatever it is doing, it ends within its own time."""
        self.layouts.save()
        self.hide()
        for other in (self.audience, self._panel):
            if other is not None:
                other.close()
        self.desk.close()
        self.opening.call_off()
        self.session.stop()
        event.accept()

    # -- building --------------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top, holder = QWidget(), QWidget()
        column, inside = QVBoxLayout(top), QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        inside.setContentsMargins(10, 0, 10, 8)
        inside.addWidget(self.banner)
        for widget in (self.header, holder, self.transport):
            column.addWidget(widget)
        self.banner.shown_changed = holder.setVisible
        holder.hide()
        self.setMenuWidget(top)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setContentsMargins(9, 5, 9, 0)  # so that it does not paint over the rounded border
        self.statusBar().addWidget(self.truth, 1)
        self.setContentsMargins(10, 0, 10, 10)
        self.menus = Menus(self)

    def _build_shortcuts(self) -> None:
        for command in self.commands:
            for key in command.keys:
                shortcut = QShortcut(QKeySequence(key), self)
                shortcut.setContext(Qt.WidgetWithChildrenShortcut if self.is_panel else Qt.WindowShortcut)
                shortcut.activated.connect(command.act)

    def _lay(self, desk: Desk) -> None:
        desk.bridge.status_changed.connect(self.take_status)
        for card in desk.cards.values():
            if self.is_panel:
                card.fit_into_panel()
            card.dockLocationChanged.connect(lambda _: self._note_layout())
            card.visibilityChanged.connect(lambda _: self._tabs_changed.start())
        desk.pace.start()

    def _calm_tabs(self) -> None:
        self.layouts.calm_tabs()

    def _note_layout(self) -> None:
        self._tabs_changed.start()
        if self._is_arranged:
            self.layouts.remember()


def screen_of(widget: QWidget) -> QRect:
    """Return the part of the screen that windows may take, in logical pixels."""
    screen = widget.screen() or QApplication.primaryScreen()
    return screen.availableGeometry() if screen is not None else widget.geometry()


def _wear(theme: Theme) -> None:
    """Give the application a style; done before there are widgets, it costs half."""
    application, text = QApplication.instance(), style_sheet(theme)
    if isinstance(application, QApplication) and application.styleSheet() != text:
        application.setStyleSheet(text)

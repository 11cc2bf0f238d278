"""The window: a header, the views in their docks, and the bar that tells the truth."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QRectF, QSettings, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QIcon, QPainter, QPixmap, QShowEvent
from PyQt5.QtWidgets import QMainWindow, QMenu, QVBoxLayout, QWidget

from app.acquisition.source import Phase
from app.gui.application import NAME, UnforeseenErrors, make_application
from app.gui.banner import Banner
from app.gui.bridge import Bridge
from app.gui.card import Card
from app.gui.display import check_display
from app.gui.header import Header, paint_mark, phase_tone
from app.gui.history import History
from app.gui.layout import Layouts
from app.gui.pace import Pace
from app.gui.session_like import SessionLike
from app.gui.theme import DARK, THEMES, Theme, style_sheet
from app.gui.truth_bar import TruthBar
from app.gui.view import View
from app.gui.views import VIEWS
from sclcm_core.types import Marker, Prediction

if TYPE_CHECKING:
    from app.session.session import SessionStatus

log = logging.getLogger(__name__)


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
    """

    def __init__(self, session: SessionLike, settings: QSettings | None = None, title: str = NAME) -> None:
        super().__init__()
        self.session = session
        self.settings = settings or QSettings("sclcm-live", "window")
        self.history = History(session.manifest.class_names)
        self.theme: Theme = THEMES.get(str(self.settings.value("window/theme", "")), DARK)
        self.setWindowTitle(title)
        self.resize(1600, 960)
        self.setMinimumSize(900, 600)
        self.header, self.banner, self.truth = Header(session), Banner(), TruthBar(session)
        self.views: dict[str, View] = {kind.key: kind(session, self.history) for kind in VIEWS}
        self.cards: dict[str, Card] = {key: Card(view, self) for key, view in self.views.items()}
        self._build()
        self.layouts = Layouts(self, self.cards, self.settings)
        self.set_theme(self.theme.name)
        self._is_arranged = False
        self.bridge = Bridge(session, self)
        self.bridge.predicted.connect(self.take_prediction)
        self.bridge.marked.connect(self.take_marker)
        self.bridge.status_changed.connect(self.take_status)
        self.pace = Pace(list(self.views.values()), self.follow, self)
        self.pace.start()

    # -- what happens ----------------------------------------------------------------------------------------------------------

    def take_prediction(self, prediction: Prediction) -> None:
        """Hear of a prediction."""
        self.history.add_prediction(prediction)
        for view in self.views.values():
            view.take_prediction(prediction)

    def take_marker(self, marker: Marker) -> None:
        """Hear of a marker."""
        self.history.add_marker(marker)
        for view in self.views.values():
            view.take_marker(marker)

    def take_status(self, status: SessionStatus) -> None:
        """Hear of a change of phase: say in a banner what the user should know."""
        self.history.note("error" if phase_tone(status.phase) == "bad" else "phase", status.message or status.phase.value)
        tone = phase_tone(status.phase)
        if status.phase in (Phase.LOST, Phase.STALLED, Phase.CHANGED, Phase.FAILED):
            self.banner.say("bad" if tone == "bad" else "warn", status.message or status.phase.value)
        elif status.phase is Phase.RECOVERED:
            self.banner.say("good", status.message or "Samples come again.")
            QTimer.singleShot(6000, self.banner.put_away)
        elif status.phase is Phase.STREAMING:
            self.banner.put_away()
        self.follow()

    def follow(self) -> None:
        """Bring the header, the titles and the truth up to date."""
        self.header.refresh()
        self.truth.refresh()
        for card in self.cards.values():
            card.follow()

    # -- looks -----------------------------------------------------------------------------------------------------------------

    def set_theme(self, name: str) -> None:
        """Take on a look by its name."""
        self.theme = THEMES[name]
        self.settings.setValue("window/theme", name)
        self.setStyleSheet(style_sheet(self.theme))
        self.header.apply_theme(self.theme)
        self.truth.apply_theme(self.theme)
        for card in self.cards.values():
            card.apply_theme(self.theme)
        self.setWindowIcon(_icon(self.theme))
        for action in self._theme_menu.actions():
            action.setChecked(action.data() == name)

    def undo_layout(self) -> None:
        """Put the docks back to where they were before the last change."""
        self.layouts.undo()

    def reset_layout(self) -> None:
        """Put the docks to where they stand at first."""
        self.layouts.reset()

    def picture(self) -> QPixmap:
        """Return the window as it looks now."""
        return self.grab()

    def save_picture(self, path: Path) -> None:
        """Write the window as it looks now to a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.picture().save(str(path))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Put the docks in their places once the window has its size: Qt forgets their sizes before that."""
        super().showEvent(event)
        if not self._is_arranged:
            self._is_arranged = True
            self.layouts.restore()

    # -- the end ---------------------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Disappear at once, then end the session: whatever it is doing, it ends within its own time."""
        self.layouts.save()
        self.hide()
        self.pace.stop()
        self.bridge.close()
        self.session.stop()
        event.accept()

    # -- building --------------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(10, 0, 10, 8)
        inside.addWidget(self.banner)
        column.addWidget(holder)
        self.banner.shown_changed = holder.setVisible
        holder.hide()
        self.setMenuWidget(top)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.truth, 1)
        self.setContentsMargins(10, 0, 10, 10)
        self._build_menus()

    def _build_menus(self) -> None:
        views = QMenu(self)
        for card in self.cards.values():
            views.addAction(card.toggleViewAction())
        views.addSeparator()
        views.addAction("Undo change of layout", self.undo_layout)
        views.addAction("Reset layout", self.reset_layout)
        self._theme_menu = QMenu(self)
        for theme in THEMES.values():
            action = self._theme_menu.addAction(theme.title)
            action.setCheckable(True)
            action.setData(theme.name)
            action.triggered.connect(lambda _, name=theme.name: self.set_theme(name))
        self.header.add_button("Views", "Show and hide views, undo and reset the layout", views)
        self.header.add_button("Look", "Dark, light or high contrast", self._theme_menu)


def _icon(theme: Theme) -> QIcon:
    picture = QPixmap(64, 64)
    picture.fill(Qt.transparent)
    painter = QPainter(picture)
    paint_mark(painter, QRectF(2, 2, 60, 60), theme)
    painter.end()
    return QIcon(picture)


def run_window(
    session: SessionLike,
    *,
    seconds: float | None = None,
    screenshot_path: Path | None = None,
    close_at_end: bool = False,
    title: str = NAME,
) -> int:
    """Start a session and show it until the window is closed.

    Parameters
    ----------
    session : SessionLike
        Not yet started; stopped when this returns.
    seconds : float, optional
        Close the window after this long.
    screenshot_path : Path, optional
        Where to write a picture of the window before it closes by itself.
    close_at_end : bool
        Close the window when the session is over.
    title : str
        What the window is called.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    SclcmError
        When no window can be opened.
    """
    check_display()
    with UnforeseenErrors() as errors:
        application = make_application()
        window = MainWindow(session, title=title)
        errors.tell = lambda text: window.banner.say("bad", text)

        def leave() -> None:
            if screenshot_path is not None:
                window.save_picture(screenshot_path)
            window.close()

        if seconds is not None:
            QTimer.singleShot(round(seconds * 1000), leave)
        if close_at_end:
            window.bridge.status_changed.connect(lambda status: leave() if status.is_over else None)
        window.show()
        session.start()
        status = application.exec_()
        window.close()
        return status

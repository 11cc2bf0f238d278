"""Several people in one window: a panel for each, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt5.QtCore import QSettings, Qt
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.gui.application import NAME, UnforeseenErrors, make_application
from app.gui.display import check_display
from app.gui.header import icon
from app.gui.main_window import MainWindow, screen_of
from app.gui.session_like import SessionLike
from app.gui.workbench import Workbench

if TYPE_CHECKING:
    from app.session.session import Session
    from app.session.session_status import SessionStatus


class PeopleWindow(QWidget):
    """Shows the sessions of several people beside each other.

    Parameters
    ----------
    panels : sequence of (str, MainWindow)
        What each person is called, and the panel, made with ``is_panel``.
    """

    def __init__(self, panels: Sequence[tuple[str, MainWindow]]) -> None:
        super().__init__()
        self.panels = [panel for _, panel in panels]
        self.setObjectName("people")
        self.setAttribute(Qt.WA_StyledBackground)
        self.setWindowTitle(f"{' and '.join(name for name, _ in panels)} - {NAME}")
        splitter = QSplitter(Qt.Horizontal)
        splitter.setChildrenCollapsible(False)
        for name, panel in panels:
            panel.header.be_brief(name)
            panel.setWindowFlags(Qt.Widget)  # a main window by its nature stands alone
            splitter.addWidget(panel)
            panel.look_changed.connect(self.apply_look)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.resize(1800, 1000)
        self.apply_look(self.panels[0].theme.name)

    def apply_look(self, name: str) -> None:
        """Take on a look in all panels when one has taken it on."""
        for panel in self.panels:
            if panel.theme.name != name:
                panel.set_theme(name)
        theme = self.panels[0].theme
        self.setStyleSheet(f"#people {{ background: {theme.window}; }}")
        self.setWindowIcon(icon(theme))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Disappear at once, then end the session of each."""
        self.hide()
        for panel in self.panels:
            panel.close()
        event.accept()


def make_panel(session: SessionLike, number: int, bench: Workbench | None) -> MainWindow:
    """Return the panel of a person, who is the first, second, ... in the window; it remembers its own arrangement."""
    return MainWindow(session, QSettings("sclcm-live", f"panel-{number}"), workbench=bench, is_panel=True)


def run_people(sessions: Sequence[tuple[str, Session, Workbench]], *, close_at_end: bool = False) -> int:
    """Start sessions and show them until the window is closed.

    Parameters
    ----------
    sessions : sequence of (str, Session, Workbench)
        What each person is called, the session, not yet started, and what makes others in its panel.
    close_at_end : bool
        Close the window when all sessions are over.

    Returns
    -------
    int
        Exit status.
    """
    check_display()
    with UnforeseenErrors() as errors:
        application = make_application()
        panels = [(name, make_panel(session, k, bench)) for k, (name, session, bench) in enumerate(sessions, start=1)]
        window = PeopleWindow(panels)
        errors.tell = lambda text: window.panels[0].banner.say("bad", text)

        def follow(_: SessionStatus) -> None:
            if close_at_end and all(panel.session.status.is_over for panel in window.panels):
                window.close()

        for panel in window.panels:
            panel.desk.bridge.status_changed.connect(follow)
        window.resize(window.size().boundedTo(screen_of(window).size()))
        window.show()
        for _, session, _ in sessions:
            session.start()
        status = application.exec_()
        window.close()
    for _, session, _ in sessions:
        if session.error is not None:
            raise session.error
    return status

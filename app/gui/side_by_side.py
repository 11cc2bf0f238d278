"""Windows side by side, one for each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication

from app.gui.application import NAME, UnforeseenErrors, make_application
from app.gui.main_window import MainWindow
from app.gui.workbench import Workbench

if TYPE_CHECKING:
    from app.session.session import Session


def run_side_by_side(sessions: Sequence[tuple[str, Session, Workbench]], *, seconds: float | None = None) -> int:
    """Show sessions in windows beside each other until all are closed.

    Parameters
    ----------
    sessions : sequence of (str, Session, Workbench)
        What each is called, not yet started, and what makes others in its window.
    seconds : float, optional
        Close the windows after this long, in s.

    Returns
    -------
    int
        Exit status.
    """
    with UnforeseenErrors() as errors:
        application = make_application()
        windows = [MainWindow(session, title=f"{name} - {NAME}", workbench=bench) for name, session, bench in sessions]
        errors.tell = lambda text: windows[0].banner.say("bad", text)
        tile(application, windows)
        for window, (_, session, _) in zip(windows, sessions, strict=True):
            window.show()
            session.start()
        if seconds is not None:
            QTimer.singleShot(round(1000 * seconds), application.closeAllWindows)
        status = application.exec_()
        for window in windows:
            window.close()
    for _, session, _ in sessions:
        if session.error is not None:
            raise session.error
    return status


def tile(application: QApplication, windows: Sequence[MainWindow]) -> None:
    """Give each window an equal share of the screen, from left to right."""
    screen = application.primaryScreen()
    if screen is None:
        return
    room = screen.availableGeometry()
    width = room.width() // len(windows)
    for number, window in enumerate(windows):
        window.setMinimumWidth(min(900, width))
        window.setGeometry(room.left() + number * width, room.top(), width, room.height())

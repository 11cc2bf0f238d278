"""From a session to a window and back: what `sclcm demo`, `live` and `replay` do with a screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QTimer

from app.gui.application import NAME, UnforeseenErrors, make_application
from app.gui.display import check_display
from app.gui.main_window import MainWindow, screen_of
from app.gui.session_like import SessionLike
from app.gui.workbench import Workbench


def run_window(
    session: SessionLike,
    *,
    seconds: float | None = None,
    screenshot_path: Path | None = None,
    close_at_end: bool = False,
    title: str = NAME,
    workbench: Workbench | None = None,
    words: Sequence[str] = (),
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
    workbench : Workbench, optional
        Makes other sessions.
    words : sequence of str
        What the view of words matches first; its own choice when empty.

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
        window = MainWindow(session, title=title, workbench=workbench)
        errors.tell = lambda text: window.banner.say("bad", text)
        _arrange_end(window, seconds, screenshot_path, close_at_end=close_at_end)
        window.resize(window.size().boundedTo(screen_of(window).size()))
        window.show()
        if words:
            QTimer.singleShot(0, lambda: window.show_words(words))
        session.start()
        status = application.exec_()
        window.close()
        return status


def _arrange_end(window: MainWindow, seconds: float | None, screenshot_path: Path | None, *, close_at_end: bool) -> None:
    """Let a window close by itself, after a time in s or with its session, and leave a picture before."""

    def leave() -> None:
        if screenshot_path is not None:
            window.save_picture(screenshot_path)
        window.close()

    if seconds is not None:
        QTimer.singleShot(round(seconds * 1000), leave)
    if close_at_end:
        window.desk.bridge.status_changed.connect(lambda status: leave() if status.is_over else None)

"""One timer for everything that is polled; each view at its own pace, and only when it can be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PyQt5.QtCore import QObject, Qt, QTimer

from app.gui.view import View

FRAME_HZ = 30.0


class Pace(QObject):
    """Calls views when their time has come.

    Parameters
    ----------
    views : sequence of View
        Who is called.
    others : callable
        Called five times a second whatever can be seen: the truth bar, the header, the titles.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, views: Sequence[View], others: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._others = others
        self._due = dict.fromkeys(views, 0.0)
        self._others_due = 0.0
        self.n_frames = 0
        self.frame_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.setInterval(round(1000 / FRAME_HZ))
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin to call."""
        self._timer.start()

    def stop(self) -> None:
        """Call nobody any more."""
        self._timer.stop()

    def tick(self) -> None:
        """Call those whose time has come. A view that is late is called once, not as often as it was missed."""
        started = now = time.perf_counter()
        for view, due in self._due.items():
            if now >= due:
                self._due[view] = now + 1.0 / view.pace_hz - 0.5 / FRAME_HZ
                if can_be_seen(view):
                    view.refresh()
        if now >= self._others_due:
            self._others_due = now + 0.2
            self._others()
        self.n_frames += 1
        self.frame_s = time.perf_counter() - started


def can_be_seen(view: View) -> bool:
    """Tell whether any part of a view is on the screen: not closed, not behind another tab, not minimised."""
    window = view.window()
    return view.isVisible() and not view.surface().visibleRegion().isEmpty() and window is not None and not window.isMinimized()

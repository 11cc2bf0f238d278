"""One timer for everything that is polled; each view at its own pace, and only when it can be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from operator import attrgetter

from PyQt5.QtCore import QObject, Qt, QTimer

from app.gui.view import View

FRAME_HZ = 30.0
OTHERS_EACH_S = 0.5
LOOK_EACH_S = 1.0
"""Asking Qt whether a view is covered costs as much as drawing a frame of traces; one that was seen is believed so long."""


class Pace(QObject):
    """Calls views when their time has come.

    Parameters
    ----------
    views : sequence of View
        Who is called.
    others : callable
        Called twice a second whatever can be seen: the truth bar, the header, the titles.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, views: Sequence[View], others: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._others = others
        self._seen_until = dict.fromkeys(views, 0.0)
        self._due = dict.fromkeys(sorted(views, key=attrgetter("pace_hz")), 0.0)  # the quickest last: it paints for all
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
        if now >= self._others_due:
            self._others_due = now + OTHERS_EACH_S
            self._others()
        for view, due in self._due.items():
            if now >= due:
                self._due[view] = now + 1.0 / view.pace_hz - 0.5 / FRAME_HZ
                if self._can_be_seen(view, now):
                    view.refresh()
        self.n_frames += 1
        self.frame_s = time.perf_counter() - started

    def _can_be_seen(self, view: View, now: float) -> bool:
        if now >= self._seen_until[view] or not view.isVisible():
            self._seen_until[view] = now + LOOK_EACH_S if can_be_seen(view) else 0.0
        return self._seen_until[view] > 0.0


def can_be_seen(view: View) -> bool:
    """Tell whether any part of a view is on the screen: not closed, not behind another tab, not minimised."""
    window = view.window()
    return view.isVisible() and not view.surface().visibleRegion().isEmpty() and window is not None and not window.isMinimized()

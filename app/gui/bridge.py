"""From the session's threads to the GUI's: callbacks become queued signals."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from app.gui.session_like import Compares, SessionLike
from sclcm_core.types import Marker, Prediction

if TYPE_CHECKING:
    from app.session.session import SessionStatus

MOST_WAITING = 4096
"""Events that may wait for the GUI; when it sleeps longer, the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class _Rival:
    """A prediction of the second model."""

    prediction: Prediction


Happening: TypeAlias = "Prediction | Marker | SessionStatus | _Rival"


class Bridge(QObject):
    """Carries what happens in a session to the GUI's thread.

    Parameters
    ----------
    session : SessionLike
        Where things happen.
    parent : QObject, optional
        Owner.

    Notes
    -----
    A worker appends to a bounded queue and wakes the GUI once; the GUI then drains the queue in order. However fast the
    session runs, one wake-up is under way at most, so a replay at full speed cannot flood the event loop.
    """

    predicted = pyqtSignal(object)
    marked = pyqtSignal(object)
    status_changed = pyqtSignal(object)
    rival_predicted = pyqtSignal(object)
    _news = pyqtSignal()

    def __init__(self, session: SessionLike, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: deque[Happening] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()
        self._woken = False
        self._open = True
        self._news.connect(self._drain, Qt.QueuedConnection)  # type: ignore[call-arg]
        session.on_prediction.append(self._take)
        session.on_marker.append(self._take)
        session.on_status.append(self._take)
        if isinstance(session, Compares):
            session.on_rival_prediction.append(self._take_rival)

    def close(self) -> None:
        """Take nothing more; safe to call twice."""
        self._open = False
        for callbacks in (self._session.on_prediction, self._session.on_marker, self._session.on_status):
            if self._take in callbacks:
                callbacks.remove(self._take)
        if isinstance(self._session, Compares) and self._take_rival in self._session.on_rival_prediction:
            self._session.on_rival_prediction.remove(self._take_rival)

    def _take_rival(self, prediction: Prediction) -> None:
        """Called by the worker of the second model."""
        self._take(_Rival(prediction))

    def _take(self, event: Happening) -> None:
        """Called by the workers."""
        if not self._open:
            return
        with self._lock:
            self._waiting.append(event)
            wake, self._woken = not self._woken, True
        if wake:
            self._news.emit()

    def _drain(self) -> None:
        with self._lock:
            events, self._woken = list(self._waiting), False
            self._waiting.clear()
        for event in events:
            if isinstance(event, _Rival):
                self.rival_predicted.emit(event.prediction)
            elif isinstance(event, Prediction):
                self.predicted.emit(event)
            elif isinstance(event, Marker):
                self.marked.emit(event)
            else:
                self.status_changed.emit(event)

"""Everything in the window that belongs to one session; made anew for the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QMainWindow

from app.gui.bridge import Bridge
from app.gui.card import Card
from app.gui.explainer import Explainer
from app.gui.history import History
from app.gui.pace import Pace
from app.gui.session_like import Compares, SessionLike, notes_of
from app.gui.theme import Theme
from app.gui.view import View
from app.gui.views import VIEWS
from sclcm_core.types import Marker, Prediction

SCORE_EACH_S = 2.0
EXPLAINED = ("bands", "scalp")
"""The views on which one sees what drove an answer; nobody is asked while neither is open."""


class Desk(QObject):
    """The history of a session, its views in their docks, and what keeps them fed.

    Parameters
    ----------
    session : SessionLike
        What is shown.
    window : QMainWindow
        Where the docks are.
    others : callable
        Called twice a second, for what does not belong to a session.
    """

    def __init__(self, session: SessionLike, window: QMainWindow, others: Callable[[], None]) -> None:
        super().__init__(window)
        self.session = session
        self._others = others
        self._score_due = 0.0
        self._trouble = ""
        self.history = History(session.manifest.class_names)
        for note in notes_of(session):
            self.history.note("warning", f"The recording: {note}")
        self.views: dict[str, View] = {kind.key: kind(session, self.history) for kind in VIEWS}
        self.cards: dict[str, Card] = {key: Card(view, window) for key, view in self.views.items()}
        self.explainer = Explainer(session, self.history)
        self.bridge = Bridge(session, self)
        self.bridge.predicted.connect(self.take_prediction)
        self.bridge.marked.connect(self.take_marker)
        self.bridge.rival_predicted.connect(self.history.add_rival)
        self.pace = Pace(list(self.views.values()), self.follow, self)

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

    def follow(self) -> None:
        """Bring titles and explanations up to date."""
        if any(self.views[key].isVisible() for key in EXPLAINED):
            self.explainer.refresh()
        self._follow_score()
        for card in self.cards.values():
            card.follow()
        self._others()

    def _follow_score(self) -> None:
        """Ask for the agreement seldom: it is counted over the whole session."""
        now = time.monotonic()
        if now >= self._score_due:
            self._score_due = now + SCORE_EACH_S
            self.history.score = self.session.score()
            self._follow_rival()

    def _follow_rival(self) -> None:
        """Say once in the log that the second model has stopped, whether its view is open or not."""
        found = self.session.comparison() if isinstance(self.session, Compares) else None
        if found is not None and found.trouble != self._trouble:
            self._trouble = found.trouble
            self.history.note("error", found.trouble)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        for card in self.cards.values():
            card.apply_theme(theme)

    def close(self) -> None:
        """Hear of nothing any more."""
        self.pace.stop()
        self.bridge.close()

    def clear_away(self, window: QMainWindow) -> None:
        """Take the docks out of the window."""
        self.close()
        for card in self.cards.values():
            window.removeDockWidget(card)
            card.setObjectName("")  # the window must not find it by its name when it restores a state
            card.deleteLater()
        self.deleteLater()

"""What happened, line by line."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QBrush
from PyQt5.QtWidgets import QComboBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.gui.history import Event, History
from app.gui.session_like import SessionLike
from app.gui.theme import Theme, colour
from app.gui.view import View

MOST_LINES = 500
CHOICES: tuple[tuple[str, frozenset[str]], ...] = (
    ("All", frozenset(("marker", "phase", "warning", "error", "prediction"))),
    ("Markers", frozenset(("marker",))),
    ("Troubles", frozenset(("warning", "error"))),
)


class EventsView(View):
    """The log of the session: markers, phases, withheld predictions, troubles."""

    key = "events"
    title = "Events"
    summary = "Markers, changes of state, and troubles, with the time of day; newest at the bottom."
    pace_hz = 4.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self._n_seen = 0
        self._list = QListWidget(self)
        self._list.setAccessibleName("Events")
        self._list.setSelectionMode(QListWidget.NoSelection)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._list.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 4, 0)
        layout.addWidget(self._list)
        self._box = QComboBox()
        self._box.addItems([name for name, _ in CHOICES])
        self._box.setToolTip("Which events")
        self._box.setAccessibleName("Which events")
        self._box.activated[int].connect(lambda _: self._fill())

    def surface(self) -> QWidget:
        """Return the list."""
        return self._list.viewport()

    def controls(self) -> list[QWidget]:
        """Return the choice of the kind."""
        return [self._box]

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        super().apply_theme(theme)
        self._fill()

    def refresh(self) -> None:
        """Add the lines that are new."""
        n_new = self.history.n_events - self._n_seen
        if n_new <= 0:
            return
        for event in list(self.history.events)[-n_new:]:
            self._add(event)
        self._n_seen = self.history.n_events
        while self._list.count() > MOST_LINES:
            self._list.takeItem(0)
        self._list.scrollToBottom()

    @property
    def lines(self) -> list[str]:
        """What stands there."""
        items = [self._list.item(k) for k in range(self._list.count())]
        return [item.text() for item in items if item is not None]

    def _fill(self) -> None:
        self._list.clear()
        self._n_seen = self.history.n_events - len(self.history.events)
        self.refresh()

    def _add(self, event: Event) -> None:
        if event.kind not in CHOICES[self._box.currentIndex()][1]:
            return
        item = QListWidgetItem(f"{event.clock}   {event.text}")
        theme = self.theme
        shades = {"error": theme.bad, "warning": theme.warn, "marker": theme.accent, "phase": theme.muted}
        item.setForeground(QBrush(colour(shades.get(event.kind, theme.text))))
        self._list.addItem(item)

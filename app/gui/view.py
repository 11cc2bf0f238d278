"""What every view has: a name, a pace, and the places where news reach it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

from app.gui.history import History
from app.gui.layer import Layer
from app.gui.session_like import SessionLike
from app.gui.theme import DARK, Theme, colour
from sclcm_core.types import Marker, Prediction


class View(QWidget):
    """A picture of the session that lives in a dock.

    Parameters
    ----------
    session : SessionLike
        What is shown; polled.
    history : History
        What has happened so far.
    parent : QWidget, optional
        Owner.

    Notes
    -----
    The window calls `refresh` at most `pace_hz` times a second, and only while the view can be seen.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    pace_hz: ClassVar[float] = 5.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.history = history
        self.theme: Theme = DARK
        self.setAccessibleName(self.title)
        self.setAccessibleDescription(self.summary)
        self.setObjectName(f"view-{self.key}")

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        self.theme = theme
        self.update()

    def refresh(self) -> None:
        """Look at the session and repaint what has changed."""
        self.update()

    def take_prediction(self, prediction: Prediction) -> None:
        """Hear of a prediction."""

    def take_marker(self, marker: Marker) -> None:
        """Hear of a marker."""

    def surface(self) -> QWidget:
        """Return the widget on which the picture is; Qt takes opaque children out of what can be seen of their parent."""
        return self

    @property
    def opens_itself(self) -> bool:
        """Whether a view that is closed at first is opened for this session."""
        return False

    def controls(self) -> list[QWidget]:
        """Return what belongs into the title bar of the dock."""
        return []

    def heading(self) -> str:
        """Return what stands in the title bar."""
        return self.title

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return how small the view may become."""
        return QSize(150, 90)


class PaintedView(View):
    """A view that is one painting; covers its whole rectangle, so that nothing behind it is painted for nothing.

    What seldom changes is the ground: `paint_ground` paints it into a kept picture, whenever `ground_key` tells of a change.
    """

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self._ground = Layer(self)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Put down the ground, then paint the picture."""
        painter = QPainter(self)
        key, card = self.ground_key(), colour(self.theme.card)
        if key is None:
            painter.fillRect(event.rect(), card)
        else:
            self._ground.show(painter, (key, self.theme), self.paint_ground, fill=card)
        painter.setRenderHint(QPainter.Antialiasing)
        self.paint(painter)

    def ground_key(self) -> Hashable:
        """Return what the ground depends on besides size and look; None while there is no ground."""
        return None

    def paint_ground(self, painter: QPainter) -> None:
        """Paint what seldom changes."""

    def paint(self, painter: QPainter) -> None:
        """Paint the picture."""
        raise NotImplementedError

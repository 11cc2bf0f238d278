"""A dock that looks like a card."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt5.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.gui.theme import DARK, Theme, colour
from app.gui.view import View

RADIUS = 11.0
LOWEST = {"emotion": 215, "words": 170}
"""Heights in logical pixels below which a view in a panel cannot be read."""
_GAP = 6
_SHORTEST_TITLE = 40


class _Heading(QWidget):
    """The title bar: what is shown, its choices, and a cross. Choices without room are left out, the first ones first."""

    def __init__(self, dock: QDockWidget, view: View) -> None:
        super().__init__(dock)
        self._view = view
        self.label = QLabel()
        self.label.setObjectName("card-title")
        self.label.setAttribute(Qt.WA_TransparentForMouseEvents)
        away = QToolButton()
        away.setObjectName("card-close")
        away.setText("×")
        away.setToolTip("Close this view; the Views menu brings it back")
        away.setAccessibleName(f"Close {view.title}")
        away.setFocusPolicy(Qt.TabFocus)
        away.clicked.connect(dock.close)
        self._away, self._choices = away, [(control, _slot(control)) for control in view.controls()]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(15, 7, 8, 3)
        layout.setSpacing(_GAP)
        layout.addWidget(self.label, 1)
        for _, slot in self._choices:
            layout.addWidget(slot)
        layout.addWidget(away)
        self.follow()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size without any choice."""
        may_be_cut = self.label.sizePolicy().horizontalPolicy() == QSizePolicy.Ignored
        title = _SHORTEST_TITLE if may_be_cut else self.label.minimumSizeHint().width()
        tallest = max([self._away.sizeHint().height(), *(control.sizeHint().height() for control, _ in self._choices)])
        return QSize(15 + title + _GAP + self._away.sizeHint().width() + 8, 7 + tallest + 3)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Show the choices for which there is room."""
        self._share_room()

    def _share_room(self) -> None:
        room = self.width() - self.minimumSizeHint().width()
        for control, slot in reversed(self._choices):
            if not control.isHidden():
                room -= control.sizeHint().width() + _GAP
            slot.setHidden(control.isHidden() or room < 0)

    def follow(self) -> None:
        """Say what the view says it shows."""
        text = self._view.heading()
        text = text[:1].upper() + text[1:]
        if text != self.label.text():
            self.label.setText(text)
        self._share_room()


def _slot(control: QWidget) -> QWidget:
    """Return a place for a choice: whether it has room is one thing, whether the view offers it is another."""
    slot = QWidget()
    layout = QHBoxLayout(slot)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(control)
    return slot


class Card(QDockWidget):
    """A view in a rounded frame that can be moved, closed and brought back.

    Parameters
    ----------
    view : View
        What is in it.
    parent : QWidget, optional
        The window.
    """

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view.title, parent)
        self.view = view
        self.theme: Theme = DARK
        self.setObjectName(f"card-{view.key}")
        self.setToolTip("")
        self._heading = _Heading(self, view)
        self.setTitleBarWidget(self._heading)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(4, 0, 4, 6)
        layout.addWidget(view)
        self.setWidget(inside)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        self.theme = theme
        self.view.apply_theme(theme)
        self.update()

    def fit_into_panel(self) -> None:
        """Be narrower than the title with its choices, but not so low that lines of an answer would lie upon each other."""
        self._heading.label.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self.setMinimumHeight(LOWEST.get(self.view.key, 0))
        self.setWindowTitle(self.view.key.capitalize())  # on its tab

    def follow(self) -> None:
        """Bring the title up to date."""
        self._heading.follow()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the card behind the title and the view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        if self.isFloating():
            painter.fillRect(self.rect(), colour(self.theme.window))
        painter.setBrush(colour(self.theme.card))
        painter.setPen(QPen(colour(self.theme.border), 1.0))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

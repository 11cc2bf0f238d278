"""A line across the window that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget


class Banner(QFrame):
    """Nothing modal: it stands above the views until what it says is over, or until it is put away.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.tone = self.topic = ""
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self._act = QPushButton()
        self._away = QPushButton("Dismiss")
        self._away.setAccessibleName("Dismiss this message")
        self._away.clicked.connect(self.put_away)
        self._action: Callable[[], None] | None = None
        self._act.clicked.connect(self._do)
        self.shown_changed: Callable[[bool], None] = lambda _: None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 10, 8)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._act)
        layout.addWidget(self._away)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def say(self, tone: str, text: str, action: str = "", do: Callable[[], None] | None = None, *, topic: str = "") -> None:
        """Show a message.

        Parameters
        ----------
        tone : {'bad', 'warn', 'good', 'info'}
            How serious it is.
        text : str
            What happened and what to do.
        action : str
            What a button says; no button when empty.
        do : callable, optional
            What the button does.
        topic : str
            What it is about, where `renew` and `end` are to follow it.
        """
        self.tone, self.topic = tone, topic
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setProperty("tone", tone)
        self._act.setText(action)
        self._act.setVisible(bool(action))
        self._action = do
        for widget in (self, self._text):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self.show()
        self.shown_changed(True)

    def renew(self, topic: str, text: str) -> None:
        """Bring a message up to date as long as it stands here: its seconds count on. What was put away stays away."""
        if topic == self.topic and text and text != self.text and not self.isHidden():
            self._text.setText(text)
            self.setAccessibleName(text)

    def end(self, *topics: str) -> None:
        """Put away what it says of a topic; what it says of another stays."""
        if self.topic in topics:
            self.put_away()

    def put_away(self) -> None:
        """Show nothing."""
        self.hide()
        self.shown_changed(False)

    def _do(self) -> None:
        self.put_away()
        if self._action is not None:
            self._action()

"""A window beside the main one that never blocks it."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Panel(QDialog):
    """A heading, a body, and a row of buttons; never modal.

    Parameters
    ----------
    title : str
        What it is.
    parent : QWidget, optional
        The main window.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowContextHelpButtonHint, False)
        self.heading = QLabel(title)
        self.heading.setObjectName("panel-title")
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(14)
        column.addWidget(self.heading)
        column.addLayout(self.body, 1)
        column.addLayout(self.buttons)

    def add_button(self, text: str, *, primary: bool = False) -> QPushButton:
        """Add a button to the row and return it."""
        button = QPushButton(text)
        button.setAutoDefault(primary)
        button.setDefault(primary)
        if primary:
            button.setObjectName("primary")
        self.buttons.addWidget(button)
        return button

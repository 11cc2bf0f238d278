"""Every key, on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.gui.commands import Command
from app.gui.panel import Panel

HINTS = (
    "Drag a card by its title to move it; double-click the title to let it float.",
    "The filter of the traces changes what you see, never what the model sees.",
    "Grey in the traces is missing signal. Nothing is ever invented: predictions are withheld instead.",
)


class HelpSheet(Panel):
    """Lists the commands by group, with their keys.

    Parameters
    ----------
    commands : sequence of Command
        Everything that has a key.
    """

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__("Keys", parent)
        columns = QHBoxLayout()
        columns.setSpacing(36)
        left, right = QVBoxLayout(), QVBoxLayout()
        columns.addLayout(left)
        columns.addLayout(right)
        for k, (group, members) in enumerate(groupby(commands, key=lambda c: c.group)):
            (left if k % 2 == 0 else right).addLayout(_table(group, list(members)))
        for column in (left, right):
            column.addStretch(1)
        self.body.addLayout(columns)
        for hint in HINTS:
            label = QLabel(hint)
            label.setObjectName("hint")
            label.setWordWrap(True)
            self.body.addWidget(label)
        self.add_button("Close", primary=True).clicked.connect(self.close)


def _table(group: str, members: list[Command]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(7)
    title = QLabel(group)
    title.setObjectName("group-title")
    grid.addWidget(title, 0, 0, 1, 2)
    for row, command in enumerate(members, start=1):
        key = QLabel(command.keys_text)
        key.setObjectName("key")
        grid.addWidget(key, row, 0)
        grid.addWidget(QLabel(command.title), row, 1)
    grid.setColumnStretch(1, 1)
    return grid

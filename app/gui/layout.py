"""Where the docks stand: at first, as they were left, and a step back."""

from __future__ import annotations

from PyQt5.QtCore import QByteArray, QSettings, Qt
from PyQt5.QtWidgets import QMainWindow, QTabBar, QTabWidget

from app.gui.card import Card

VERSION = 1
STEPS_BACK = 20
CLOSED_AT_FIRST = frozenset(("compare", "words"))
LOW = 680
"""Height in logical pixels below which a panel has no room for the answer, the traces and something else below each other."""


def arrange(window: QMainWindow, cards: dict[str, Card]) -> None:
    """Put every dock where it stands at first: traces large, the answer beside them, the rest below."""
    window.setDockNestingEnabled(True)
    window.setTabPosition(Qt.AllDockWidgetAreas, QTabWidget.North)
    for card in cards.values():
        card.setFloating(False)
        window.removeDockWidget(card)
    area = Qt.LeftDockWidgetArea
    window.addDockWidget(area, cards["traces"])
    window.splitDockWidget(cards["traces"], cards["emotion"], Qt.Horizontal)
    window.splitDockWidget(cards["traces"], cards["bands"], Qt.Vertical)
    window.splitDockWidget(cards["emotion"], cards["history"], Qt.Vertical)
    beside = [("bands", "spectrogram"), ("history", "scalp"), ("scalp", "quality")]
    for anchor, key in beside:
        if key in cards:
            window.splitDockWidget(cards[anchor], cards[key], Qt.Vertical if key == "scalp" else Qt.Horizontal)
    for anchor, key in (("spectrogram", "spectrum"), ("quality", "events"), ("history", "compare"), ("history", "words")):
        if key in cards:
            window.tabifyDockWidget(cards[anchor], cards[key])
            cards[anchor].raise_()
    for key, card in cards.items():
        card.setVisible(key not in CLOSED_AT_FIRST or card.view.opens_itself)
    _share_out(window, cards)


def arrange_narrow(window: QMainWindow, cards: dict[str, Card]) -> None:
    """Put every dock where it stands at first in a panel: the answer, the traces below it, and the rest in tabs."""
    arrange(window, cards)
    for card in cards.values():
        window.removeDockWidget(card)
    rest = [key for key in cards if key not in ("emotion", "traces")]
    window.addDockWidget(Qt.LeftDockWidgetArea, cards["emotion"])
    window.splitDockWidget(cards["emotion"], cards["traces"], Qt.Vertical)
    is_low = window.height() < LOW
    if is_low:
        rest = ["traces", *rest]
    else:
        window.splitDockWidget(cards["traces"], cards[rest[0]], Qt.Vertical)
    for key in rest[1:]:
        window.tabifyDockWidget(cards[rest[0]], cards[key])
    for key, card in cards.items():
        card.setVisible(key not in CLOSED_AT_FIRST or card.view.opens_itself)
    front = cards["traces"] if is_low else cards.get("history", cards[rest[0]])
    front.raise_()
    rows, shares = (
        ([cards["emotion"], front], (0.5, 0.5)) if is_low else ([cards["emotion"], cards["traces"], front], (0.3, 0.4, 0.3))
    )
    window.resizeDocks(rows, [round(share * (window.height() - 120)) for share in shares], Qt.Vertical)


def _share_out(window: QMainWindow, cards: dict[str, Card]) -> None:
    width, height = window.width(), window.height() - 120

    def resize(keys: list[str], shares: list[float], length: int, direction: Qt.Orientation) -> None:
        if all(key in cards for key in keys):
            window.resizeDocks([cards[key] for key in keys], [round(share * length) for share in shares], direction)

    resize(["traces", "emotion"], [0.665, 0.335], width, Qt.Horizontal)
    resize(["bands", "spectrogram"], [0.335, 0.33], width, Qt.Horizontal)
    resize(["scalp", "quality"], [0.1675, 0.1675], width, Qt.Horizontal)
    resize(["traces", "bands"], [0.63, 0.37], height, Qt.Vertical)
    resize(["emotion", "history", "scalp"], [0.34, 0.28, 0.38], height, Qt.Vertical)


class Layouts:
    """Remembers arrangements: between starts, and for a step back.

    Parameters
    ----------
    window : QMainWindow
        Whose docks.
    cards : dict of str to Card
        The docks by key.
    settings : QSettings
        Where they are kept.
    is_narrow : bool
        Whether the window is a panel among others.
    """

    def __init__(self, window: QMainWindow, cards: dict[str, Card], settings: QSettings, *, is_narrow: bool = False) -> None:
        self._arrange = arrange_narrow if is_narrow else arrange
        self._is_narrow = is_narrow
        self._window = window
        self._cards = cards
        self._settings = settings
        self._before: list[QByteArray] = []
        self._was_low = window.height() < LOW

    def restore(self) -> None:
        """Take up the arrangement of the last start; the first one when there is none, or when it is of another version."""
        self._arrange(self._window, self._cards)
        self.calm_tabs()
        self._was_low = self._window.height() < LOW
        is_as_before = not self._is_narrow or self._settings.value("window/is_low", False, type=bool) is self._was_low
        geometry, state = self._settings.value("window/geometry"), self._settings.value("window/docks")
        if isinstance(geometry, QByteArray) and not self._is_narrow:  # the splitter gives a panel its place
            self._window.restoreGeometry(geometry)
        if not (is_as_before and isinstance(state, QByteArray) and self._window.restoreState(state, VERSION)):
            self._arrange(self._window, self._cards)

    def fit(self) -> None:
        """Take up the first arrangement when a panel has become so low, or so high, that it is another one."""
        is_low = self._window.height() < LOW
        if self._is_narrow and is_low is not self._was_low:
            self._was_low = is_low
            self.reset()

    def save(self) -> None:
        """Keep the arrangement for the next start."""
        self._settings.setValue("window/geometry", self._window.saveGeometry())
        self._settings.setValue("window/docks", self._window.saveState(VERSION))
        self._settings.setValue("window/is_low", self._was_low)
        self._settings.sync()

    def calm_tabs(self) -> None:
        """Take the line away that Qt draws under tabs; cut their words a little rather than to scroll them out of sight."""
        for bar in self._window.findChildren(QTabBar):
            bar.setDrawBase(False)
            bar.setUsesScrollButtons(not self._is_narrow)

    def remember(self) -> None:
        """Note the present arrangement, for `undo`."""
        state = self._window.saveState(VERSION)
        if not self._before or self._before[-1] != state:
            self._before = [*self._before[1 - STEPS_BACK :], state]

    def undo(self) -> bool:
        """Go back to the arrangement before the last change; return whether there was one."""
        now = self._window.saveState(VERSION)
        while self._before:
            state = self._before.pop()
            if state != now:
                self._window.restoreState(state, VERSION)
                return True
        return False

    def reset(self) -> None:
        """Go back to the first arrangement; can be undone."""
        self.remember()
        self._arrange(self._window, self._cards)

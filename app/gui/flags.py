"""Markers on the paper: a line and a text at a sample."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import NamedTuple

from PyQt5.QtCore import QRect, QRectF
from PyQt5.QtGui import QColor, QFont, QPainter

from app.gui.painting import line, pill, text_width, write
from app.gui.theme import Theme, colour, font

MOST = 500
ROW, INK = 22.0, "#1a1204"


class Flag(NamedTuple):
    """A marker with the sample it belongs to."""

    sample: int
    text: str


class _Placed(NamedTuple):
    """A flag on the paper, in logical pixels."""

    x: float
    left: float
    right: float
    box: QRectF
    text: str


class Flags:
    """Holds flags, and finds room for their texts: those that would cover each other stand in rows."""

    def __init__(self) -> None:
        self.held: list[Flag] = []
        self._placed: list[_Placed] = []
        self._key: object = None

    def add(self, flag: Flag) -> None:
        """Take a flag; of too many, those at the oldest samples are forgotten."""
        insort(self.held, flag)
        del self.held[:-MOST]
        self._key = None

    def clear(self) -> None:
        """Forget all."""
        self.held.clear()
        self._key = None

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing on the paper, and nothing to put there."""
        return not self.held and not self._placed

    def arrange(self, span: tuple[int, int], plot: QRect, theme: Theme, place: Callable[[int], float]) -> bool:
        """Find places for the flags of a span; return whether others than before are on the paper.

        Parameters
        ----------
        span : (int, int)
            Numbers of the oldest sample on the paper, and of the one after the newest.
        plot : QRect
            Where the traces are.
        theme : Theme
            The look.
        place : callable
            Returns the column of a sample, in logical pixels from the left of the plot.
        """
        first, stop = (bisect_left(self.held, (edge, "")) for edge in span)
        found = self.held[first:stop]
        key = found, plot.getRect(), theme.scale, place(0)  # the last says whether the paper rolls, and how far it has
        if key == self._key:
            return False
        self._key = key
        self._placed = _arranged(found, plot, font(theme, 11, QFont.DemiBold), place)
        return True

    def paint(self, painter: QPainter, plot: QRect, dirty: QRect, theme: Theme) -> None:
        """Paint what reaches into a part of the plot."""
        left, right = dirty.left() - 6, dirty.right() + 6
        touched = [f for f in self._placed if f.left <= right and f.right >= left]
        if touched:
            painter.setClipRect(plot)
            for flag in touched:
                _paint(painter, plot, theme, flag)
            painter.setClipping(False)


def _arranged(flags: list[Flag], plot: QRect, letters: QFont, place: Callable[[int], float]) -> list[_Placed]:
    row, busy_until, out = 0, -1.0, []
    for x, text in sorted((place(flag.sample) + plot.x(), flag.text) for flag in flags):
        width = min(160.0, text_width(text, letters) + 14)
        row = row + 1 if x < busy_until else 0
        busy_until = x + width + 6
        left = x + 3 if x + 3 + width <= plot.right() + 1 else x - 3 - width
        box = QRectF(left, plot.top() + 3 + row * ROW, width, 19)
        out.append(_Placed(x, min(x, left), max(x, left + width), box, text))
    return out


def _paint(painter: QPainter, plot: QRect, theme: Theme, flag: _Placed) -> None:
    line(painter, (flag.x, plot.top()), (flag.x, plot.bottom()), colour(theme.warn, 0.8), 1.2)
    painter.setRenderHint(QPainter.Antialiasing)
    pill(painter, flag.box, colour(theme.warn, 0.95), 5)
    write(painter, flag.box.adjusted(7, 0, -6, 0), flag.text, font(theme, 11, QFont.DemiBold), QColor(INK))
    painter.setRenderHint(QPainter.Antialiasing, False)

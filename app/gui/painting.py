"""Small strokes that several views share."""

from __future__ import annotations

import atexit
import math
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF, QStaticText, QTransform
from PyQt5.sip import array, voidptr

from app.gui.theme import FALLBACKS
from sclcm_core.types import Float64Array

LEFT = int(Qt.AlignLeft | Qt.AlignVCenter)
RIGHT = int(Qt.AlignRight | Qt.AlignVCenter)
CENTRE = int(Qt.AlignCenter)
_LEFT, _RIGHT = int(Qt.AlignLeft), int(Qt.AlignRight)
Place = tuple[float, float]


class _Laid(NamedTuple):
    """A line of text whose letters have their places."""

    letters: QStaticText
    width: float
    height: float
    advance: float


def write(painter: QPainter, rect: QRectF, text: str, font: QFont, colour: QColor, *, align: int = LEFT) -> None:
    """Write a line of text into a rectangle; what does not fit ends in an ellipsis."""
    laid, room = _laid(text, *_look(font)), rect.width()
    if laid.advance > room + 0.5:
        laid = _laid(_cut(text, room, *_look(font)), *_look(font))
    indent = 0.0 if align & _LEFT else room - laid.width if align & _RIGHT else (room - laid.width) / 2
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawStaticText(QPointF(rect.x() + indent, rect.y() + (rect.height() - laid.height) / 2), laid.letters)


def text_width(text: str, font: QFont) -> float:
    """Return how wide a text is in logical pixels."""
    return _laid(text, *_look(font)).advance


_Look = tuple[int, int, float, str]
"""What tells two fonts apart here: height in pixels, weight, space between letters, family."""


def _look(font: QFont) -> _Look:
    return font.pixelSize(), font.weight(), font.letterSpacing(), font.family()


@lru_cache(maxsize=2048)
def _laid(text: str, *look: Any) -> _Laid:
    """Finding the places of the letters is two thirds of writing, and most texts come again."""
    font, letters = _font(*look), QStaticText(text.replace("\n", " "))
    letters.setTextFormat(Qt.PlainText)
    letters.setPerformanceHint(QStaticText.AggressiveCaching)
    letters.prepare(QTransform(), font)
    size = letters.size()
    return _Laid(letters, size.width(), size.height(), QFontMetricsF(font).horizontalAdvance(text))


@lru_cache(maxsize=512)
def _cut(text: str, room: float, *look: Any) -> str:
    return QFontMetricsF(_font(*look)).elidedText(text, Qt.ElideRight, room)


@lru_cache(maxsize=128)
def _font(pixels: int, weight: int, spacing: float, family: str) -> QFont:
    out = QFont(family)
    out.setFamilies([family, *FALLBACKS])
    out.setPixelSize(pixels)
    out.setWeight(weight)
    if spacing:
        out.setLetterSpacing(QFont.AbsoluteSpacing, spacing)
    return out


atexit.register(_laid.cache_clear)  # the letters must go before the application that lends them their fonts


def pill(painter: QPainter, rect: QRectF, fill: QColor, radius: float | None = None) -> None:
    """Fill a rounded rectangle; fully round when no radius is given."""
    r = min(rect.width(), rect.height()) / 2 if radius is None else radius
    painter.setPen(Qt.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(rect, r, r)


def line(painter: QPainter, start: Place, end: Place, colour: QColor, width: float = 1.0) -> None:
    """Draw a straight line between two places in logical pixels."""
    painter.setPen(_pen(colour.rgba(), width))
    painter.drawLine(QLineF(*start, *end))


@lru_cache(maxsize=256)
def _pen(rgba: int, width: float) -> QPen:
    pen = QPen(QColor.fromRgba(rgba), width)
    pen.setCosmetic(True)
    return pen


def polygon(xy: Float64Array) -> QPolygonF:
    """Return points as Qt wants them, copied in one piece: about 50 times faster than one by one.

    Parameters
    ----------
    xy : ndarray of float64, shape (n_points, 2)
        Places in logical pixels.
    """
    out, places = open_polygon(len(xy))
    places[:] = xy
    return out


def open_polygon(n_points: int) -> tuple[QPolygonF, Float64Array]:
    """Return points that can be written over again and again.

    Parameters
    ----------
    n_points : int
        How many.

    Returns
    -------
    polygon : QPolygonF
        The points, for Qt.
    places : ndarray of float64, shape (n_points, 2)
        The same memory, in logical pixels; valid for as long as the polygon.
    """
    out = QPolygonF()
    if not n_points:
        return out, np.zeros((0, 2))
    out.fill(QPointF(), n_points)
    memory = out.data()
    memory.setsize(n_points * 16)
    places: Float64Array = np.frombuffer(memory, dtype=np.float64).reshape(-1, 2)  # type: ignore[call-overload]
    return out, places


class Strokes:
    """Lines with equally many points each, in one piece of memory: written at once, and drawn without a copy.

    Parameters
    ----------
    n_lines, n_points : int
        How many lines, and points of each.

    Attributes
    ----------
    places : ndarray of float64, shape (n_lines, n_points, 2)
        The points in logical pixels; valid for as long as the object.
    lanes : list of sip.array
        The same memory line by line, for Qt.
    """

    def __init__(self, n_lines: int, n_points: int) -> None:
        self._memory = memory = cast(Any, array)(QPointF, n_lines * n_points)
        raw: Any = voidptr(memory, 16 * n_lines * n_points)
        self.places: Float64Array = np.frombuffer(raw, dtype=np.float64).reshape(n_lines, n_points, 2)
        self.lanes: list[Any] = [memory[k * n_points : (k + 1) * n_points] for k in range(n_lines)]


def area(x: Float64Array, low: Float64Array, high: Float64Array) -> QPainterPath:
    """Return the area between two curves.

    Parameters
    ----------
    x, low, high : ndarray of float64, shape (n_points,)
        Places in logical pixels.
    """
    edge = np.concatenate([np.stack([x, low], 1), np.stack([x[::-1], high[::-1]], 1)])
    path = QPainterPath()
    path.addPolygon(polygon(edge))
    path.closeSubpath()
    return path


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that cuts a span into at most `most` parts.

    Examples
    --------
    >>> nice_step(9.5, 5), nice_step(0.7, 4)
    (2.0, 0.2)
    """
    raw = max(span, 1e-12) / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    return float(next((m * power for m in (1.0, 2.0, 5.0) if m * power >= raw * (1 - 1e-9)), 10.0 * power))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two values, at most about `most` of them.

    Examples
    --------
    >>> ticks(0.3, 4.2, 5)
    [1.0, 2.0, 3.0, 4.0]
    """
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the (start, stop) index pairs of each unbroken run of True.

    Parameters
    ----------
    mask : ndarray of bool, shape (n,)
        Where the run is.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]

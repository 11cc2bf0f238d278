"""Small strokes that several views share."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app.gui.theme import FALLBACKS
from sclcm_core.types import Float64Array

LEFT = int(Qt.AlignLeft | Qt.AlignVCenter)
RIGHT = int(Qt.AlignRight | Qt.AlignVCenter)
CENTRE = int(Qt.AlignCenter)
Place = tuple[float, float]


def write(painter: QPainter, rect: QRectF, text: str, font: QFont, colour: QColor, *, align: int = LEFT) -> None:
    """Write a line of text into a rectangle; what does not fit ends in an ellipsis."""
    painter.setFont(font)
    painter.setPen(colour)
    if text_width(text, font) > rect.width() + 0.5:
        text = QFontMetricsF(font).elidedText(text, Qt.ElideRight, rect.width())
    painter.drawText(rect, align | int(Qt.TextSingleLine), text)


def text_width(text: str, font: QFont) -> float:
    """Return how wide a text is in logical pixels."""
    return _advance(text, font.pixelSize(), font.weight(), font.letterSpacing(), font.family())


@lru_cache(maxsize=4096)
def _advance(text: str, pixels: int, weight: int, spacing: float, family: str) -> float:
    """Measuring is a third of writing, and most texts come again."""
    measured = QFont(family)
    measured.setFamilies([family, *FALLBACKS])
    measured.setPixelSize(pixels)
    measured.setWeight(weight)
    if spacing:
        measured.setLetterSpacing(QFont.AbsoluteSpacing, spacing)
    return QFontMetricsF(measured).horizontalAdvance(text)


def pill(painter: QPainter, rect: QRectF, fill: QColor, radius: float | None = None) -> None:
    """Fill a rounded rectangle; fully round when no radius is given."""
    r = min(rect.width(), rect.height()) / 2 if radius is None else radius
    painter.setPen(Qt.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(rect, r, r)


def line(painter: QPainter, start: Place, end: Place, colour: QColor, width: float = 1.0) -> None:
    """Draw a straight line between two places in logical pixels."""
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.drawLine(QPointF(*start), QPointF(*end))


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

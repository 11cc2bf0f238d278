"""A part of a picture that seldom changes, painted once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import ceil

from PyQt5.QtCore import QPoint, QRect, Qt
from PyQt5.QtGui import QColor, QPainter, QPixmap
from PyQt5.QtWidgets import QWidget

Paint = Callable[[QPainter], None]


class Layer:
    """Keeps what was painted until something that it depends on changes.

    Parameters
    ----------
    widget : QWidget
        Whose picture it is a part of; its size and its density of pixels are watched.

    Notes
    -----
    Letters and rounded shapes cost some 10 µs each, a kept picture of a whole view 20 to 40 µs.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._kept = QPixmap()
        self._key: Hashable = None

    def show(
        self, painter: QPainter, key: Hashable, paint: Paint, *, fill: QColor | None = None, place: QRect | None = None
    ) -> None:
        """Put the layer down; paint it first when it is not yet there or out of date.

        Parameters
        ----------
        painter : QPainter
            Paints on the widget.
        key : hashable
            All that the layer depends on, besides the size.
        paint : callable
            Paints it, in the coordinates of the widget.
        fill : QColor, optional
            Opaque ground; the layer is transparent without it.
        place : QRect, optional
            The part of the widget that it covers; all of it when left out.
        """
        place = place or self._widget.rect()
        ratio = self._widget.devicePixelRatioF()
        key = (key, place.getRect(), ratio)
        if key != self._key:
            self._key = key
            self._kept = _painted(place, ratio, paint, fill or QColor(Qt.transparent))
        painter.drawPixmap(place.topLeft(), self._kept)


def _painted(place: QRect, ratio: float, paint: Paint, fill: QColor) -> QPixmap:
    kept = QPixmap(ceil(place.width() * ratio), ceil(place.height() * ratio))  # rounded down it would leave a line unpainted
    kept.setDevicePixelRatio(ratio)
    kept.fill(fill)
    painter = QPainter(kept)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.translate(QPoint() - place.topLeft())
    paint(painter)
    painter.end()
    return kept

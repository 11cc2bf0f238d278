"""The outline of a head from above, and where electrodes lie on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PyQt5.QtCore import QPointF, QRect, QRectF, Qt
from PyQt5.QtGui import QPainter, QPainterPath, QPen

from app.gui.scalp_map import RIM, flat_places
from app.gui.theme import Theme, colour
from sclcm_core.montage import positions
from sclcm_core.types import Float64Array


class HeadPlan:
    """A head in a rectangle.

    Parameters
    ----------
    place : QRectF
        Where there is room.
    """

    def __init__(self, place: QRectF) -> None:
        side = min(place.width(), place.height() / 1.06)
        self.centre = QPointF(place.center().x(), place.center().y() + side * 0.03)
        self.radius = side / 2 - 3

    def on_screen(self, flat: Float64Array) -> list[QPointF]:
        """Return where places of the flat head are, in logical pixels; shape (n, 2), without unit."""
        scale = self.radius / RIM
        return [QPointF(self.centre.x() + x * scale, self.centre.y() - y * scale) for x, y in flat]

    def square(self) -> QRectF:
        """Return the square around the head."""
        return QRectF(self.centre.x() - self.radius, self.centre.y() - self.radius, 2 * self.radius, 2 * self.radius)

    def surroundings(self) -> QRect:
        """Return the room that the head takes with its nose and the electrodes on its edge."""
        return self.square().adjusted(-14, -0.25 * self.radius, 14, 14).toAlignedRect()

    def outline(self) -> QPainterPath:
        """Return the edge of the head."""
        path = QPainterPath()
        path.addEllipse(self.centre, self.radius, self.radius)
        return path

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint the edge, the nose and the ears."""
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QPen(colour(theme.faint), 1.6))
        r, c = self.radius, self.centre
        nose = QPainterPath(QPointF(c.x() - 0.11 * r, c.y() - 0.993 * r))
        nose.quadTo(QPointF(c.x(), c.y() - 1.22 * r), QPointF(c.x() + 0.11 * r, c.y() - 0.993 * r))
        painter.drawPath(nose)
        painter.drawPath(self.outline())


def located(labels: Sequence[str]) -> tuple[list[int], Float64Array]:
    """Return which labels name electrodes of the upper head, and where those lie.

    Parameters
    ----------
    labels : sequence of str
        Labels of channels.

    Returns
    -------
    indices : list of int
        Which of them have a place.
    places : ndarray of float64, shape (n, 3)
        Right, front, up on the unit sphere, without unit.
    """
    everywhere = positions(labels)
    good = [k for k in range(len(labels)) if np.isfinite(everywhere[k]).all()]
    inside = [k for k in good if np.hypot(*flat_places(everywhere[k : k + 1])[0]) <= RIM]
    return inside, everywhere[inside]

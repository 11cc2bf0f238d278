"""The clinical sweep: traces painted into a pixmap, and only the columns that are new."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PyQt5.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, QSize
from PyQt5.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from app.gui.painting import open_polygon, polygon, runs
from sclcm_core.types import BoolArray, Float64Array

CURSOR_GAP = 14
"""Empty columns in front of the newest sample, in logical pixels."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a trace runs.

    Parameters
    ----------
    centre : float
        Height of 0 µV in logical pixels.
    height : float
        Height of the lane in logical pixels.
    colour : str
        Colour of the trace.
    """

    centre: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class SweepStyle:
    """How the sweep looks.

    Parameters
    ----------
    background, grid, gap : str
        Colours.
    is_bold : bool
        Whether traces are drawn twice, a little apart.
    """

    background: str
    grid: str
    gap: str
    is_bold: bool = False


class Sweep:
    """A pixmap whose columns are time, written over from left to right for ever.

    Sample ``i`` belongs to column ``(i mod n_visible) / n_visible`` of the width, whatever was painted before: a repaint of a
    span gives the same picture as its first painting.

    Parameters
    ----------
    size : QSize
        Logical size.
    ratio : float
        Device pixels in a logical one.
    lanes : tuple of Lane
        Where the traces run.
    n_visible : int
        Samples across the width.
    sfreq : float
        Sampling rate in Hz; a line is drawn each second.
    uv_per_lane : float
        Potential across the height of the lowest lane in µV; all lanes have the same scale.
    style : SweepStyle
        Colours.

    Attributes
    ----------
    n_hidden : int
        Samples that would lie under the gap in front of the newest one; drawing them would paint over it.
    """

    def __init__(
        self,
        size: QSize,
        ratio: float,
        lanes: tuple[Lane, ...],
        *,
        n_visible: int,
        sfreq: float,
        uv_per_lane: float,
        style: SweepStyle,
    ) -> None:
        self.size = size
        self.n_visible = n_visible
        self.lanes = lanes
        self.position = -1
        self.n_hidden = int(n_visible * (CURSOR_GAP + 2) / max(1, size.width()))
        self._px = size.width() / n_visible
        self._sfreq = sfreq
        self._style = style
        self._centres = np.array([lane.centre for lane in lanes])
        self._gain = -min(lane.height for lane in lanes) / uv_per_lane
        self._pens = [_pen(lane.colour) for lane in lanes]
        self._n_context = math.ceil(3.0 / self._px) + 2
        self._context: Float64Array = np.zeros((0, len(lanes)))
        self.pixmap, self._ground = QPixmap(size * ratio), QPixmap(size * ratio)
        self.pixmap.setDevicePixelRatio(ratio)
        self._ground.setDevicePixelRatio(ratio)
        self._draw_ground()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.position = -1
        self._context = np.zeros((0, len(self.lanes)))
        painter = QPainter(self.pixmap)
        self._paint_ground(painter, 0, self.size.width())
        painter.end()

    def column(self, index: int) -> float:
        """Return the column of a sample in logical pixels."""
        return (index % self.n_visible) * self._px

    def advance(self, values: Float64Array, start: int) -> list[QRect]:
        """Paint the next samples.

        Parameters
        ----------
        values : ndarray of float64, shape (n_samples, n_lanes)
            Potentials in µV; NaN where there is none.
        start : int
            Number of the first sample.

        Returns
        -------
        list of QRect
            What has changed, in logical pixels.
        """
        if start != self.position:
            self._context = np.zeros((0, len(self.lanes)))
        if len(values) > self.n_visible:
            values, start = values[-self.n_visible :], start + len(values) - self.n_visible
        all_values = np.concatenate([self._context, values])
        first, stop = start - len(self._context), start + len(values)
        painter = QPainter(self.pixmap)
        painter.setRenderHint(QPainter.Antialiasing)
        changed: list[QRect] = []
        at = start
        while at < stop:
            until = min(stop, (at // self.n_visible + 1) * self.n_visible)
            changed += self._paint_lap(painter, all_values, first, at, until)
            at = until
        painter.end()
        self.position = stop
        self._context = all_values[max(0, len(all_values) - self._n_context) :].copy()
        return changed

    def _paint_lap(self, painter: QPainter, values: Float64Array, first: int, start: int, stop: int) -> list[QRect]:
        """Paint samples that lie in one lap of the sweep."""
        lap = start - start % self.n_visible
        left = max(0, math.floor((start - lap - 1) * self._px) - 1)
        right = math.ceil((stop - lap) * self._px)
        width, height = self.size.width(), self.size.height()
        end = min(right + CURSOR_GAP, width)
        wrapped = right + CURSOR_GAP - width
        painter.setClipRect(left, 0, end - left, height)
        self._paint_ground(painter, left, end)
        begin = max(first, start - self._n_context)
        span = values[begin - first : stop - first]
        if math.isfinite(span.sum()):
            if len(span) > 1:
                self._paint_whole(painter, *self._points(span, begin - lap))
        else:
            self._paint_gaps(painter, np.isnan(span), begin - lap, left)
            self._paint_broken(painter, *self._points(span, begin - lap))
        changed = [QRect(left, 0, end - left, height)]
        if wrapped > 0:
            painter.setClipRect(0, 0, wrapped, height)
            self._paint_ground(painter, 0, wrapped)
            changed.append(QRect(0, 0, wrapped, height))
        return changed

    def _draw_ground(self) -> None:
        """Draw once what is under the traces: a line a second and a line a lane."""
        width, height = self.size.width(), self.size.height()
        painter = QPainter(self._ground)
        painter.fillRect(0, 0, width, height, QColor(self._style.background))
        painter.setPen(_pen(self._style.grid))
        second = self._sfreq * self._px
        painter.drawLines([QLineF(round(k * second), 0, round(k * second), height) for k in range(1, int(width / second) + 1)])
        painter.drawLines([QLineF(0, round(lane.centre), width, round(lane.centre)) for lane in self.lanes])
        painter.end()

    def _paint_ground(self, painter: QPainter, left: int, right: int) -> None:
        put_part(painter, self._ground, QRect(left, 0, right - left, self.size.height()), QPoint(left, 0))

    def _paint_gaps(self, painter: QPainter, missing: BoolArray, offset: int, left: int) -> None:
        fill = QColor(self._style.gap)
        everywhere = np.asarray(missing.all(axis=1))
        for a, b in runs(everywhere):
            x = max(float(left), (offset + a) * self._px)
            painter.fillRect(QRectF(x, 0, (offset + b) * self._px - x, self.size.height()), fill)
        for k, lane in enumerate(self.lanes):
            for a, b in runs(missing[:, k] & ~everywhere):
                x = max(float(left), (offset + a) * self._px)
                painter.fillRect(QRectF(x, lane.centre - lane.height / 2, (offset + b) * self._px - x, lane.height), fill)

    def _points(self, span: Float64Array, offset: int) -> tuple[Float64Array, Float64Array]:
        """Return where the samples lie: columns, shape (n_points,), and heights, shape (n_points, n_lanes), in logical pixels."""
        if len(span) * self._px < len(span) / 4 and len(span) > 4 * self._n_context:
            span, x = _thinned(span, offset, self._px)
        else:
            x = np.arange(offset, offset + len(span), dtype=np.float64) * self._px
        y = span * self._gain
        y += self._centres
        np.maximum(y, -8.0, out=y)
        np.minimum(y, self.size.height() + 8.0, out=y)
        return x, y

    def _paint_broken(self, painter: QPainter, x: Float64Array, y: Float64Array) -> None:
        """Paint lanes with gaps, piece by piece."""
        for k, pen in enumerate(self._pens):
            painter.setPen(pen)
            for a, b in runs(np.isfinite(y[:, k])):
                if b - a == 1:
                    painter.drawPoint(QPointF(x[a], y[a, k]))
                else:
                    self._stroke(painter, polygon(np.stack([x[a:b], y[a:b, k]], axis=1)))

    def _paint_whole(self, painter: QPainter, x: Float64Array, y: Float64Array) -> None:
        """Paint lanes without a gap, all through the same points in memory."""
        points, places = open_polygon(len(x))
        places[:, 0], heights = x, places[:, 1]
        for pen, line in zip(self._pens, np.ascontiguousarray(y.T), strict=True):
            heights[:] = line
            painter.setPen(pen)
            painter.drawPolyline(points)
            if self._style.is_bold:
                self._embolden(painter, points)

    def _stroke(self, painter: QPainter, points: QPolygonF) -> None:
        painter.drawPolyline(points)
        if self._style.is_bold:
            self._embolden(painter, points)

    def _embolden(self, painter: QPainter, points: QPolygonF) -> None:
        painter.translate(0.0, 0.6)
        painter.drawPolyline(points)
        painter.translate(0.0, -0.6)


def put_part(painter: QPainter, pixmap: QPixmap, part: QRect, target: QPoint) -> None:
    """Put a part of a pixmap, in logical pixels, to a place; at its own size, so that nothing is scaled."""
    ratio = pixmap.devicePixelRatioF()
    if ratio == 1.0:
        painter.drawPixmap(target, pixmap, part)
        return
    source = QRectF(part.x() * ratio, part.y() * ratio, part.width() * ratio, part.height() * ratio)
    painter.drawPixmap(QRectF(QRect(target, part.size())), pixmap, source)


def _thinned(span: Float64Array, offset: int, px: float) -> tuple[Float64Array, Float64Array]:
    """Return the extremes of each half pixel: the picture is the same, the points are few."""
    block = max(2, int(0.5 / px))
    n_blocks = len(span) // block
    cut = span[: n_blocks * block].reshape(n_blocks, block, -1)
    pairs = np.stack([cut.min(axis=1), cut.max(axis=1)], axis=1).reshape(2 * n_blocks, -1)
    x = (offset + (np.arange(2 * n_blocks) // 2 * block) + block / 2) * px
    rest = span[n_blocks * block :]
    x_rest = (offset + n_blocks * block + np.arange(len(rest))) * px
    return np.concatenate([pairs, rest]), np.concatenate([x, x_rest])


def _pen(colour: str) -> QPen:
    """Return a pen of Qt's fast kind: cosmetic and one pixel wide. At 1.2 pixels a full repaint took 40 times as long."""
    pen = QPen(QColor(colour), 1.0)
    pen.setCosmetic(True)
    return pen

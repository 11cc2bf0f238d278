"""The clinical sweep: traces painted into a pixmap, and only the columns that are new."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from PyQt5.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, QSize
from PyQt5.QtGui import QColor, QPainter, QPen, QPixmap

from app.gui.painting import Strokes, polygon, runs
from sclcm_core.types import BoolArray, Float64Array

CURSOR_GAP = 14
"""Empty columns in front of the newest sample, in logical pixels."""
TILE = 64
"""Width of the picture that the ground is laid with, in logical pixels."""
SHORT = 64
MOST_DIRECT = 128
"""A wider part of the picture is not painted straight onto the screen, in logical pixels."""


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
    is_aligned : bool
        Whether logical pixels begin at device pixels.
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
        self._block = max(2, int(0.5 / self._px)) if self._px < 0.25 else 1
        self._n_context = self._block * math.ceil((3.0 / self._px + 2) / self._block)
        self._heights: Float64Array = np.zeros((self._n_context + n_visible, len(lanes)))
        self._x: Float64Array = np.arange(-self._n_context, n_visible, dtype=np.float64) * self._px
        self._strokes: dict[int, Strokes] = {}
        self._first = self._painted = 0
        self._ratio, self.is_aligned = ratio, ratio == int(ratio)
        self._pixmap = QPixmap(size * ratio)
        self._ground = QPixmap(QSize(min(TILE, size.width()) if self.is_aligned else size.width(), size.height()) * ratio)
        self._pixmap.setDevicePixelRatio(ratio)
        self._ground.setDevicePixelRatio(ratio)
        self._draw_ground()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.position = -1
        painter = QPainter(self._pixmap)
        self._paint_ground(painter, 0, self.size.width())
        painter.end()

    @property
    def pixmap(self) -> QPixmap:
        """The whole picture; what came since it was last asked for is painted now."""
        if self.position > self._painted:
            self._catch_up()
        return self._pixmap

    def column(self, index: int) -> float:
        """Return the column of a sample in logical pixels."""
        return (index % self.n_visible) * self._px

    def advance(self, values: Float64Array, start: int) -> list[QRect]:
        """Take the next samples.

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
        if len(values) > self.n_visible:
            values, start = values[-self.n_visible :], start + len(values) - self.n_visible
        if start != self.position:
            self._begin(start)
        y = values * self._gain
        y += self._centres
        np.maximum(y, -8.0, out=y)
        np.minimum(y, self.size.height() + 8.0, out=y)
        changed: list[QRect] = []
        at, stop = start, start + len(values)
        while at < stop:
            until = min(stop, (at // self.n_visible + 1) * self.n_visible)
            self._keep(y[at - start : until - start], at % self.n_visible)
            changed += self._touched(at, until)
            at = until
        self.position = stop
        return changed

    def _begin(self, start: int) -> None:
        """Go on at a sample that does not follow the last one."""
        if self.position > self._painted:
            self._catch_up()
        self._first = self._painted = start

    def _keep(self, heights: Float64Array, column: int) -> None:
        """Keep heights in logical pixels, shape (n_samples, n_lanes); before the first of a lap stand the last of the lap before."""
        if column == 0:
            self._heights[: self._n_context] = self._heights[self.n_visible :]
        row = self._n_context + column
        self._heights[row : row + len(heights)] = heights

    def _touched(self, start: int, stop: int) -> list[QRect]:
        """Return where samples of one lap are, with the gap in front of them, in logical pixels."""
        left, right = self._edges(start, stop)
        width, height = self.size.width(), self.size.height()
        changed = [QRect(left, 0, min(right + CURSOR_GAP, width) - left, height)]
        if right + CURSOR_GAP > width:
            changed.append(QRect(0, 0, right + CURSOR_GAP - width, height))
        return changed

    def _edges(self, start: int, stop: int) -> tuple[int, int]:
        """Return the columns that samples of one lap are drawn in, in logical pixels."""
        lap = start - start % self.n_visible
        return max(0, math.floor((start - lap - 1) * self._px) - 2), math.ceil((stop - lap) * self._px)

    def _catch_up(self) -> None:
        """Paint into the picture what came since it was last painted."""
        painter = QPainter(self._pixmap)
        at = max(self._painted, self._first, self.position - self.n_visible + self.n_hidden)
        while at < self.position:
            until = min(self.position, (at // self.n_visible + 1) * self.n_visible)
            self._paint_lap(painter, at, until)
            at = until
        painter.end()
        self._painted = self.position

    def _paint_lap(self, painter: QPainter, start: int, stop: int) -> None:
        """Paint samples that lie in one lap of the sweep."""
        left, right = self._edges(start, stop)
        width, height = self.size.width(), self.size.height()
        end = min(right + CURSOR_GAP, width)
        painter.setClipRect(left, 0, end - left, height)
        self._paint_ground(painter, left, end)
        painter.setRenderHint(QPainter.Antialiasing)
        x, y = self._span(start - self._n_context, start, stop)
        if math.isfinite(np.add.reduce(y, axis=None)):
            if len(y) > 1:
                self._paint_whole(painter, *self._thinned(x, y))
        else:
            self._paint_gaps(painter, np.isnan(y), x, left)
            self._paint_broken(painter, *self._thinned(x, y))
        painter.setRenderHint(QPainter.Antialiasing, False)
        if right + CURSOR_GAP > width:
            painter.setClipRect(0, 0, right + CURSOR_GAP - width, height)
            self._paint_ground(painter, 0, right + CURSOR_GAP - width)

    def paint_newest(self, painter: QPainter, area: QRect) -> bool:
        """Paint a few of the newest columns straight onto the screen: half the memory to touch of going through the picture.

        Parameters
        ----------
        painter : QPainter
            Paints in the coordinates of the picture, and nothing outside the area.
        area : QRect
            Which columns, in logical pixels.

        Returns
        -------
        bool
            False when the area needs the picture: it holds older columns, or a gap in the signal.
        """
        stop, column = self.position, (self.position - 1) % self.n_visible
        start = stop - 1 - column + math.floor(area.left() / self._px)
        is_newest = area.right() < math.ceil((column + 1) * self._px) + CURSOR_GAP and start - self._n_context >= self._first
        if not is_newest or not self.is_aligned or area.width() > MOST_DIRECT or start >= stop:
            return False
        x, y = self._span(start - 2 * self._block, start, stop)
        if not math.isfinite(np.add.reduce(y, axis=None)):
            return False
        self._paint_ground(painter, area.left(), area.right() + 1)
        painter.setRenderHint(QPainter.Antialiasing)
        self._paint_whole(painter, *self._thinned(x, y))
        return True

    def _span(self, begin: int, start: int, stop: int) -> tuple[Float64Array, Float64Array]:
        """Return columns, shape (n,), and heights, shape (n, n_lanes), of samples of one lap in logical pixels, with some before."""
        lap = start - start % self.n_visible
        begin -= (begin - lap) % self._block
        rows = slice(max(begin, self._first) - lap + self._n_context, stop - lap + self._n_context)
        return self._x[rows], self._heights[rows]

    def _draw_ground(self) -> None:
        """Draw once what is under the traces: a line a second and a line a lane."""
        width, height = self.size.width(), self.size.height()
        painter = QPainter(self._ground)
        painter.fillRect(0, 0, width, height, QColor(self._style.background))
        painter.setPen(_pen(self._style.grid))
        if not self.is_aligned:
            painter.drawLines([QLineF(x, 0, x, height) for x in self._seconds(0, width)])
        painter.drawLines([QLineF(0, round(lane.centre), width, round(lane.centre)) for lane in self.lanes])
        painter.end()

    def _paint_ground(self, painter: QPainter, left: int, right: int) -> None:
        """Lay the ground under some columns: a narrow picture again and again, whose rows lie close together in memory."""
        height = self.size.height()
        if not self.is_aligned:
            put_part(painter, self._ground, QRect(left, 0, right - left, height), QPoint(left, 0))
            return
        for x in range(left, right, TILE):
            if self._ratio == 1.0:
                painter.drawPixmap(x, 0, self._ground, 0, 0, min(TILE, right - x), height)
            else:
                put_part(painter, self._ground, QRect(0, 0, min(TILE, right - x), height), QPoint(x, 0))
        for x in self._seconds(left, right):
            painter.fillRect(QRectF(x, 0, 1.0 / self._ratio, height), QColor(self._style.grid))

    def _seconds(self, left: int, right: int) -> list[int]:
        """Return the columns between two at which a second is full."""
        second = self._sfreq * self._px
        first = max(1, math.ceil((left - 0.5) / second))
        return [
            x for k in range(first, int(min(right, self.size.width()) / second) + 1) if left <= (x := round(k * second)) < right
        ]

    def _paint_gaps(self, painter: QPainter, missing: BoolArray, x: Float64Array, left: int) -> None:
        fill, height = QColor(self._style.gap), self.size.height()
        everywhere = np.asarray(missing.all(axis=1))
        for a, b in runs(everywhere):
            begin = max(float(left), float(x[a]))
            painter.fillRect(QRectF(begin, 0, float(x[b - 1]) + self._px - begin, height), fill)
        for k, lane in enumerate(self.lanes):
            for a, b in runs(missing[:, k] & ~everywhere):
                begin = max(float(left), float(x[a]))
                width = float(x[b - 1]) + self._px - begin
                painter.fillRect(QRectF(begin, lane.centre - lane.height / 2, width, lane.height), fill)

    def _thinned(self, x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return the extremes of each half pixel where samples lie close: the picture is the same, the points are few."""
        return (x, y) if self._block == 1 else _thinned(x, y, self._block)

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
        """Paint lanes without a gap."""
        strokes = self._strokes_of(len(x))
        strokes.places[:, :, 0] = x
        strokes.places[:, :, 1] = y.T
        if self._style.is_bold:
            for pen, points in zip(self._pens, strokes.lanes, strict=True):
                painter.setPen(pen)
                self._stroke(painter, points)
            return
        set_pen, draw = painter.setPen, painter.drawPolyline
        for pen, points in zip(self._pens, strokes.lanes, strict=True):
            set_pen(pen)
            draw(points)

    def _strokes_of(self, n_points: int) -> Strokes:
        """Return points to write over; those of short lines are kept."""
        if n_points > SHORT:
            return Strokes(len(self.lanes), n_points)
        if n_points not in self._strokes:
            self._strokes[n_points] = Strokes(len(self.lanes), n_points)
        return self._strokes[n_points]

    def _stroke(self, painter: QPainter, points: Any) -> None:
        painter.drawPolyline(points)
        if self._style.is_bold:
            self._embolden(painter, points)

    def _embolden(self, painter: QPainter, points: Any) -> None:
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


def _thinned(x: Float64Array, y: Float64Array, block: int) -> tuple[Float64Array, Float64Array]:
    n_blocks = len(y) // block
    n_cut = n_blocks * block
    cut = y[:n_cut].reshape(n_blocks, block, -1)
    pairs = np.stack([cut.min(axis=1), cut.max(axis=1)], axis=1).reshape(2 * n_blocks, -1)
    middles = np.repeat((x[:n_cut:block] + x[block - 1 : n_cut : block]) / 2 + (x[1] - x[0]) / 2, 2)
    return np.concatenate([middles, x[n_cut:]]), np.concatenate([pairs, y[n_cut:]])


def _pen(colour: str) -> QPen:
    """Return a pen of Qt's fast kind: cosmetic and one pixel wide. At 1.2 pixels a full repaint took 40 times as long."""
    pen = QPen(QColor(colour), 1.0)
    pen.setCosmetic(True)
    return pen

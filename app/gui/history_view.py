"""The last minutes of predictions, with what was marked."""

from __future__ import annotations

import itertools

import numpy as np
from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QFont, QPainter
from PyQt5.QtWidgets import QComboBox, QWidget

from app.gui.history import History
from app.gui.meaning import class_colours
from app.gui.painting import CENTRE, RIGHT, area, line, pill, runs, text_width, write
from app.gui.session_like import SessionLike
from app.gui.theme import colour, font, on
from app.gui.view import PaintedView
from sclcm_core.types import BoolArray, Float64Array

SPANS_MIN = (1, 3, 5, 15)
STRIP = 12.0


class HistoryView(PaintedView):
    """Probabilities stacked over time; below them the states that markers announced."""

    key = "history"
    title = "Last minutes"
    summary = "The probabilities of the last minutes, stacked, with markers and marked states; grey where withheld."
    pace_hz = 4.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.span_s = 180.0
        self._seen: object = None
        self._box = QComboBox()
        self._box.addItems([f"{m} min" for m in SPANS_MIN])
        self._box.setCurrentIndex(1)
        self._box.setToolTip("Time across the picture")
        self._box.setAccessibleName("Time across the picture")
        self._box.activated[int].connect(lambda k: self.set_span(60.0 * SPANS_MIN[k]))

    def refresh(self) -> None:
        """Repaint when the picture has moved by a pixel, or something was told."""
        moved = int(self.t_now() / self.span_s * self.width() * self.devicePixelRatioF())
        seen = moved, self.history.n_events, len(self.history.predictions) == 0
        if seen != self._seen:
            self._seen = seen
            self.update()

    def set_span(self, seconds: float) -> None:
        """Set how much is seen, in s."""
        self.span_s = seconds
        self.update()

    def controls(self) -> list[QWidget]:
        """Return the choice of the time span."""
        return [self._box]

    def heading(self) -> str:
        """Say how much is seen, and how often the markers agree."""
        score = self.history.score
        agreement = f" · {score.accuracy:.0%} agree with markers" if score else ""
        return f"Last {self.span_s / 60:g} min{agreement}"

    def t_now(self) -> float:
        """Return the newest time on the clock of the stream in s."""
        buffer, newest = self.session.buffer, self.history.newest
        if buffer is not None and buffer.head > 0:
            return float(buffer.timestamps(buffer.head - 1, buffer.head)[0])
        return newest.t_end if newest else 0.0

    def paint(self, painter: QPainter) -> None:
        """Paint the stack, the strip of states, the markers and the time."""
        now = self.t_now()
        states = self.history.states_since(now - self.span_s, now)
        strip = STRIP + 4 if states else 0.0
        plot = QRectF(40, 8, self.width() - 54, self.height() - 32 - strip)
        painter.fillRect(plot, colour(self.theme.raised, 0.55))
        self._paint_stack(painter, plot, now)
        self._paint_axes(painter, plot, strip)
        self._paint_states(painter, QRectF(plot.left(), plot.bottom() + 4, plot.width(), STRIP), states, now)
        self._paint_markers(painter, plot, now)

    def _x(self, t: Float64Array | float, plot: QRectF, now: float) -> Float64Array:
        return np.asarray(plot.right() + (np.asarray(t) - now) / self.span_s * plot.width(), dtype=np.float64)

    def _paint_stack(self, painter: QPainter, plot: QRectF, now: float) -> None:
        times, probabilities = self.history.since(now - self.span_s)
        if not len(times):
            write(painter, plot, "No predictions yet", font(self.theme, 13), colour(self.theme.faint), align=CENTRE)
            return
        x = self._x(times, plot, now)
        longest = 2.5 * max(self.session.manifest.features.hop_s, 0.05)
        good = np.asarray(np.isfinite(probabilities).all(axis=1))
        self._paint_withheld(painter, plot, x, good)
        tops = plot.bottom() - np.cumsum(np.nan_to_num(probabilities), axis=1) * plot.height()
        shades = class_colours(self.theme, self.history.class_names)
        painter.setClipRect(plot)
        painter.setPen(Qt.NoPen)
        for start, stop in _unbroken(times, good, longest):
            below = np.full(stop - start, plot.bottom())
            for k, shade in enumerate(shades):
                painter.setBrush(colour(shade, 0.88))
                painter.drawPath(area(x[start:stop], below, tops[start:stop, k]))
                below = tops[start:stop, k]
        painter.setClipping(False)

    def _paint_withheld(self, painter: QPainter, plot: QRectF, x: Float64Array, good: BoolArray) -> None:
        hop = self.session.manifest.features.hop_s / self.span_s * plot.width()
        for start, stop in runs(~good):
            left = max(plot.left(), float(x[start]) - hop)
            painter.fillRect(QRectF(left, plot.top(), float(x[stop - 1]) - left + 1, plot.height()), colour(self.theme.gap))

    def _paint_axes(self, painter: QPainter, plot: QRectF, strip: float) -> None:
        small, shade = font(self.theme, 11), colour(self.theme.muted)
        for value in (0.0, 0.5, 1.0):
            y = plot.bottom() - value * plot.height()
            write(painter, QRectF(0, y - 8, plot.left() - 7, 16), f"{value:g}", small, shade, align=RIGHT)
        step = next(s for s in (10.0, 30.0, 60.0, 180.0, 300.0) if self.span_s / s <= 6.5)
        y = plot.bottom() + strip + 3
        t = step
        while t < self.span_s - 1:
            x = plot.right() - t / self.span_s * plot.width()
            line(painter, (x, plot.top()), (x, plot.bottom()), colour(self.theme.card, 0.35))
            text = f"−{t / 60:g} min" if t % 60 == 0 else f"−{t:g} s"
            write(painter, QRectF(x - 40, y, 80, 16), text, small, shade, align=CENTRE)
            t += step
        write(painter, QRectF(plot.right() - 40, y, 42, 16), "now", small, shade, align=RIGHT)

    def _paint_states(self, painter: QPainter, place: QRectF, states: list[tuple[float, float, str]], now: float) -> None:
        names = self.history.class_names
        shades = class_colours(self.theme, names)
        label = font(self.theme, 9, QFont.DemiBold)
        for start, until, name in states:
            left, right = float(self._x(start, place, now)), float(self._x(until, place, now))
            shade = shades[names.index(name)]
            box = QRectF(left, place.top(), max(2.0, right - left - 1.5), place.height())
            pill(painter, box, colour(shade), 3)
            if box.width() > 34:
                write(painter, box.adjusted(5, 0, -3, 0), name, label, colour(on(shade)))
        if states:
            write(
                painter,
                QRectF(0, place.top() - 2, place.left() - 7, 16),
                "true",
                font(self.theme, 10),
                colour(self.theme.muted),
                align=RIGHT,
            )

    def _paint_markers(self, painter: QPainter, plot: QRectF, now: float) -> None:
        small, ink, faint = font(self.theme, 10, QFont.DemiBold), colour(self.theme.text), colour(self.theme.text, 0.7)
        for marker in self.history.remarks_between(now - self.span_s, now):
            x = float(self._x(marker.t, plot, now))
            line(painter, (x, plot.top()), (x, plot.bottom()), faint)
            width = min(90.0, text_width(marker.text, small) + 1)
            left = x + 4 if x + 4 + width < plot.right() else x - 4 - width
            write(painter, QRectF(left, plot.top() + 2, width, 14), marker.text, small, ink)


def _unbroken(times: Float64Array, good: BoolArray, longest_s: float) -> list[tuple[int, int]]:
    """Return the (start, stop) of each stretch of good predictions without a hole in time."""
    out = []
    for start, stop in runs(good):
        holes = np.flatnonzero(np.diff(times[start:stop]) > longest_s) + start + 1
        edges = [start, *holes.tolist(), stop]
        out += [(a, b) for a, b in itertools.pairwise(edges) if b - a > 1]
    return out

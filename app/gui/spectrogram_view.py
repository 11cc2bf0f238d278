"""The spectrum of one channel over the last minute."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QComboBox, QWidget

from app.gui.colour_map import image, paint_values, table
from app.gui.history import History
from app.gui.lanes import ordered_channels
from app.gui.painting import CENTRE, RIGHT, write
from app.gui.session_like import SessionLike
from app.gui.spectra import HIGHEST_HZ, density
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Float64Array

WINDOW_S, COLUMN_S, STEP_S, SPAN_S = 1.0, 1.5, 0.25, 60.0
MOST_COLUMNS = 60
"""Columns computed in one refresh; after a stall the picture catches up over several."""


class SpectrogramView(PaintedView):
    """Power over frequency and time, newest on the right."""

    key = "spectrogram"
    title = "Spectrogram"
    summary = "Power of one channel over frequency and time, for the last minute."
    pace_hz = 4.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        n_columns = round(SPAN_S / STEP_S)
        self.levels: Float64Array = np.full((0, n_columns), np.nan)
        self._range: tuple[float, float] | None = None
        self._buffer: RingBuffer | None = None
        self._column = -1
        self._next_stop = 0
        self._box = QComboBox()
        self._box.setToolTip("Which channel")
        self._box.setAccessibleName("Channel of the spectrogram")
        self._box.activated[int].connect(lambda _: self._begin())

    def heading(self) -> str:
        """Name the channel."""
        return f"Spectrogram · {self._box.currentText()}" if self._box.count() else self.title

    def controls(self) -> list[QWidget]:
        """Return the choice of the channel."""
        return [self._box]

    def refresh(self) -> None:
        """Compute the columns that are due."""
        buffer, spec = self.session.buffer, self.session.spec
        if buffer is None or spec is None:
            return
        if buffer is not self._buffer:
            self._buffer = buffer
            self._box.clear()
            for channel in ordered_channels(spec, self.session.channel_indices):
                self._box.addItem(channel.name, channel.column)
            self._begin()
        if self._add_columns(buffer, spec.sfreq):
            self._follow_range()
            self.update()

    def _begin(self) -> None:
        """Start an empty picture of the chosen channel, filled from what is still held."""
        spec, buffer = self.session.spec, self._buffer
        if spec is None or buffer is None:
            return
        self._column = int(self._box.currentData())
        self.levels = np.full((int(min(HIGHEST_HZ, 0.48 * spec.sfreq) * WINDOW_S), self.levels.shape[1]), np.nan)
        window = round(COLUMN_S * spec.sfreq)
        self._next_stop = max(buffer.tail + window, buffer.head - round(SPAN_S * spec.sfreq))
        self._range = None

    def _add_columns(self, buffer: RingBuffer, sfreq: float) -> int:
        window, step = round(COLUMN_S * sfreq), max(1, round(STEP_S * sfreq))
        if self._next_stop - window < buffer.tail:
            self._next_stop = buffer.tail + window + step
        new: list[Float64Array] = []
        while self._next_stop <= buffer.head and len(new) < MOST_COLUMNS:
            start = self._next_stop - window
            samples = buffer.view(start, self._next_stop)[:, [self._column]].astype(np.float64)
            if not buffer.holds(start):
                break
            new.append(density(samples, sfreq, WINDOW_S)[1][:, 0])
            self._next_stop += step
        if new:
            self.levels = np.concatenate(
                [self.levels[:, len(new) :], np.stack(new, axis=1)[:, -self.levels.shape[1] :]], axis=1
            )
        return len(new)

    def _follow_range(self) -> None:
        some = self.levels[:, ::-4]  # a quarter of the columns tells the range as well
        finite = some[np.isfinite(some)]
        if not len(finite):
            return
        low, high = np.quantile(finite, [0.2, 0.997])
        wanted = (float(low), float(max(high, low + 12.0)))
        before = self._range or wanted
        self._range = (before[0] + 0.1 * (wanted[0] - before[0]), before[1] + 0.1 * (wanted[1] - before[1]))

    def ground_key(self) -> Hashable:
        """Return what the axes and the key beside the picture depend on."""
        return None if self._range is None else (len(self.levels), *self._figures())

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the axes and the key."""
        plot = self._plot()
        self._paint_axes(painter, plot)
        self._paint_key(painter, QRectF(plot.right() + 10, plot.top(), 8, plot.height()))

    def _plot(self) -> QRectF:
        return QRectF(34, 4, self.width() - 78, self.height() - 28)

    def _figures(self) -> tuple[str, str]:
        """Return what stands at the upper and at the lower end of the key."""
        low, high = self._range or (0.0, 0.0)
        return f"{high:.0f}", f"{low:.0f}"

    def paint(self, painter: QPainter) -> None:
        """Paint the picture."""
        plot = self._plot()
        if self._range is None:
            write(
                painter,
                QRectF(self.rect()),
                "Waiting for the signal",
                font(self.theme, 13),
                colour(self.theme.faint),
                align=CENTRE,
            )
            return
        low, high = self._range
        empty = QColor(self.theme.gap).rgba() | 0xFF000000
        started = np.isfinite(self.levels).any(axis=0)
        first = int(np.argmax(started)) if started.any() else self.levels.shape[1]
        pixels = paint_values(self.levels[::-1], low, high, "magma", empty)
        pixels[:, :first] = QColor(self.theme.raised).rgba()
        painter.setRenderHint(QPainter.SmoothPixmapTransform, self.width() > 260)
        painter.drawImage(plot, image(pixels))

    def _paint_axes(self, painter: QPainter, plot: QRectF) -> None:
        small, shade = font(self.theme, 11), colour(self.theme.muted)
        top = self.levels.shape[0] / WINDOW_S
        for value in (10, 20, 30, 40):
            y = plot.bottom() - value / top * plot.height()
            if y > plot.top() + 20:
                write(painter, QRectF(0, y - 8, plot.left() - 6, 16), f"{value}", small, shade, align=RIGHT)
        write(painter, QRectF(0, plot.top(), plot.left() - 6, 16), "Hz", small, shade, align=RIGHT)
        for seconds in (15, 30, 45):
            x = plot.right() - seconds / SPAN_S * plot.width()
            write(painter, QRectF(x - 30, plot.bottom() + 4, 60, 16), f"−{seconds} s", small, shade, align=CENTRE)
        write(painter, QRectF(plot.right() - 50, plot.bottom() + 4, 50, 16), "now", small, shade, align=RIGHT)

    def _paint_key(self, painter: QPainter, place: QRectF) -> None:
        high, low = self._figures()
        painter.drawImage(place, image(table("magma")[::-1, None]))
        small, shade = font(self.theme, 10), colour(self.theme.muted)
        for y, text in ((place.top(), high), (place.bottom() - 14, low), (place.center().y() - 7, "dB")):
            write(painter, QRectF(place.right() + 4, y, 30, 14), text.replace("-", "−"), small, shade)
        painter.setPen(Qt.NoPen)

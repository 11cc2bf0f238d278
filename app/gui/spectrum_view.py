"""The spectrum of the model's left and right electrode."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QFont, QPainter, QPen
from PyQt5.QtWidgets import QWidget

from app.gui.bands_view import chosen_sides
from app.gui.history import History
from app.gui.painting import CENTRE, RIGHT, area, line, pill, polygon, text_width, ticks, write
from app.gui.session_like import SessionLike
from app.gui.spectra import HIGHEST_HZ, density
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.bands import SYMBOLS
from sclcm_core.types import Float64Array

WINDOW_S, SPAN_S = 2.0, 8.0
EASING = 0.35


class SpectrumView(PaintedView):
    """Power over frequency of the newest seconds."""

    key = "spectrum"
    title = "Spectrum"
    summary = "Power spectral density of the model's left and right electrode over the newest eight seconds."
    pace_hz = 5.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self._sides = chosen_sides(session.manifest.features.ch_names)
        self.frequencies: Float64Array = np.zeros(0)
        self.level: Float64Array | None = None
        self._range = (-20.0, 30.0)

    def heading(self) -> str:
        """Name the electrodes."""
        return f"Spectrum · {self._sides[0].name} | {self._sides[1].name}"

    def refresh(self) -> None:
        """Take the newest seconds."""
        buffer, spec, indices = self.session.buffer, self.session.spec, self.session.channel_indices
        if buffer is None or spec is None or not indices or buffer.head < WINDOW_S * spec.sfreq:
            return
        samples, _, _ = buffer.latest(round(SPAN_S * spec.sfreq))
        columns = [indices[side.column] for side in self._sides]
        self.frequencies, level = density(samples[:, columns], spec.sfreq, WINDOW_S)
        if not np.isfinite(level).all():
            return
        same = self.level is not None and self.level.shape == level.shape
        self.level = self.level + EASING * (level - self.level) if same and self.level is not None else level
        low, high = float(np.quantile(self.level, 0.01)), float(self.level.max())
        self._range = (10 * np.floor(min(low, high - 30) / 10), 10 * np.ceil((high + 2) / 10))
        self.update()

    @property
    def peak_hz(self) -> float | None:
        """Frequency of the strongest line of the alpha range in Hz, or None when nothing stands out."""
        if self.level is None:
            return None
        mean = self.level.mean(axis=1)
        inside = np.flatnonzero((self.frequencies >= 7) & (self.frequencies <= 14))
        if len(inside) < 3:
            return None
        best = int(np.argmax(mean[inside]))
        stands_out = 0 < best < len(inside) - 1 and mean[inside[best]] > np.median(mean[inside]) + 1.5
        return float(self.frequencies[inside[best]]) if stands_out else None

    def paint(self, painter: QPainter) -> None:
        """Paint the axes, the bands, and two curves."""
        plot = QRectF(40, 24, self.width() - 54, self.height() - 48)
        if self.level is None:
            write(
                painter,
                QRectF(self.rect()),
                "Waiting for two seconds of signal",
                font(self.theme, 13),
                colour(self.theme.faint),
                align=CENTRE,
            )
            return
        self._paint_axes(painter, plot)
        x = plot.left() + self.frequencies / HIGHEST_HZ * plot.width()
        for side, shade in enumerate((self.theme.traces[0], self.theme.traces[-1])):
            y = self._y(self.level[:, side], plot)
            painter.setPen(Qt.NoPen)
            painter.setBrush(colour(shade, 0.12))
            painter.setClipRect(plot)
            painter.drawPath(area(x, np.full(len(x), plot.bottom()), y))
            painter.setBrush(Qt.NoBrush)
            painter.setPen(QPen(colour(shade), 1.8))
            painter.drawPolyline(polygon(np.stack([x, y], axis=1)))
            painter.setClipping(False)
        self._paint_legend(painter, plot)

    def _y(self, level: Float64Array, plot: QRectF) -> Float64Array:
        low, high = self._range
        return np.asarray(plot.bottom() - np.clip((level - low) / (high - low), 0, 1) * plot.height())

    def _paint_axes(self, painter: QPainter, plot: QRectF) -> None:
        theme, small = self.theme, font(self.theme, 11)
        low, high = self._range
        for value in ticks(low, high, max(2, int(plot.height() / 36))):
            y = float(self._y(np.array([value]), plot)[0])
            line(painter, (plot.left(), y), (plot.right(), y), colour(theme.grid))
            text = f"{value:g}".replace("-", "−")
            write(painter, QRectF(0, y - 8, plot.left() - 7, 16), text, small, colour(theme.muted), align=RIGHT)
        for k, band in enumerate(self.session.manifest.features.bands):
            left = plot.left() + band.low / HIGHEST_HZ * plot.width()
            right = plot.left() + min(band.high, HIGHEST_HZ) / HIGHEST_HZ * plot.width()
            if k % 2 == 0:
                painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), colour(theme.raised, 0.55))
            name = SYMBOLS.get(band.name, band.name[:2])
            box = QRectF(left, plot.top() + 1, right - left, 16)
            write(painter, box, name, font(theme, 12, QFont.DemiBold), colour(theme.faint), align=CENTRE)
        for value in (10, 20, 30, 40, 50):
            x = plot.left() + value / HIGHEST_HZ * plot.width()
            text = "Hz" if value == 50 else f"{value}"
            write(painter, QRectF(x - 20, plot.bottom() + 3, 40, 18), text, small, colour(theme.muted), align=CENTRE)

    def _paint_legend(self, painter: QPainter, plot: QRectF) -> None:
        x, small = plot.left(), font(self.theme, 11, QFont.Medium)
        for shade, side in zip((self.theme.traces[0], self.theme.traces[-1]), self._sides, strict=True):
            pill(painter, QRectF(x, 7, 9, 9), colour(shade), 3)
            write(painter, QRectF(x + 14, 2, 60, 18), side.name, small, colour(self.theme.muted))
            x += 26 + text_width(side.name, small)
        peak = self.peak_hz
        text = ("" if peak is None else f"alpha peak {peak:g} Hz · ") + "dB re 1 µV²/Hz"
        write(painter, QRectF(x + 8, 2, plot.right() - x - 8, 18), text, small, colour(self.theme.faint), align=RIGHT)

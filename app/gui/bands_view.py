"""How strong each rhythm is at the model's electrodes, left beside right."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QFont, QPainter
from PyQt5.QtWidgets import QWidget

from app.gui.history import History
from app.gui.painting import CENTRE, LEFT, RIGHT, line, pill, text_width, ticks, write
from app.gui.session_like import SessionLike
from app.gui.theme import colour, font, mix
from app.gui.view import PaintedView
from sclcm_core.bands import SYMBOLS, Band
from sclcm_core.features.asymmetry import dasm
from sclcm_core.montage import canonical_name, left_right_pairs
from sclcm_core.types import Float64Array, Prediction

DEAD = -2.0
"""Below this there is no signal: a flat channel has the entropy of the floor under the logarithm. In nats; no dB value is meant."""
EASING = 0.55
"""Share of the way a bar goes at each refresh."""
STILL = 4e-3
"""Nearer than this a bar goes all the way: the figures beside it have two digits. In nats or dB."""


class Side(NamedTuple):
    """A column of the features and what it is called."""

    column: int
    name: str


class BandsView(PaintedView):
    """Differential entropy of a left and a right electrode in each band, and their asymmetry."""

    key = "bands"
    title = "Differential entropy"
    summary = "Differential entropy of the model's left and right electrode in each band, and their difference."
    pace_hz = 7.5

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self._left, self._right = chosen_sides(session.manifest.features.signal_names)
        self._target: Float64Array | None = None
        self.shown: Float64Array | None = None
        self._range = (0.0, 4.0)

    def heading(self) -> str:
        """Name the electrodes and the unit."""
        title = self.session.manifest.features.title
        return f"{title[:1].upper()}{title[1:]} · {self._left.name} | {self._right.name}"

    def take_prediction(self, prediction: Prediction) -> None:
        """Take the features that the prediction was made of."""
        if prediction.frame is None or self.session.manifest.features.is_raw:
            return
        values = prediction.frame.values.astype(np.float64)
        self._target = np.stack([values[:, self._left.column], values[:, self._right.column]], axis=1)

    def refresh(self) -> None:
        """Let the bars go towards the newest values."""
        if self._target is None:
            return
        before = self.shown
        if before is None or not np.isfinite(before).all() or np.abs(self._target - before).max() < STILL:
            if before is not None and np.array_equal(before, self._target):
                return
            self.shown = self._target.copy()
        else:
            self.shown = before + EASING * (self._target - before)
        self._range = _axis_range(np.maximum(self.shown, DEAD) if self._is_de() else self.shown, self._range)
        self.update()

    def ground_key(self) -> Hashable:
        """Return what axes and captions depend on."""
        return None if self.shown is None else (self._range, self.history.why is not None)

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the axes and the captions."""
        bars, asymmetry = self._plots()
        self._paint_legend(painter, bars)
        self._paint_axis(painter, bars)
        bands = self.session.manifest.features.bands
        step = bars.width() / len(bands)
        for k, band in enumerate(bands):
            self._paint_band_name(painter, QRectF(bars.left() + k * step, bars.bottom() + 3, step, 18), band)
        if asymmetry is not None:
            self._paint_middle(painter, asymmetry)

    def paint(self, painter: QPainter) -> None:
        """Paint bars on the left, the asymmetry on the right."""
        if self.shown is None:
            is_raw = self.session.manifest.features.is_raw
            words = "This model looks at the signal itself." if is_raw else "Waiting for the first window"
            write(painter, QRectF(self.rect()), words, font(self.theme, 13), colour(self.theme.faint), align=CENTRE)
            return
        bars, asymmetry = self._plots()
        self._paint_bars(painter, bars, self.shown)
        if asymmetry is not None:
            self._paint_asymmetry(painter, asymmetry, self.shown)

    def _plots(self) -> tuple[QRectF, QRectF | None]:
        """Return where the bars are, and the asymmetry, if there is room for it."""
        split = self.width() * (0.62 if self.width() > 300 else 1.0)
        bars = QRectF(38, 24, split - 48, self.height() - 48)
        return bars, QRectF(split + 26, 24, self.width() - split - 40, self.height() - 48) if split < self.width() else None

    def _is_de(self) -> bool:
        return self._unit() == "nats"

    def _unit(self) -> str:
        return self.session.manifest.features.unit

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        low, high = self._range
        small, muted = font(self.theme, 11), colour(self.theme.muted)
        for value in ticks(low, high, max(2, int(plot.height() / 34))):
            y = plot.bottom() - (value - low) / (high - low) * plot.height()
            line(painter, (plot.left(), y), (plot.right(), y), colour(self.theme.grid))
            text = f"{value:g}".replace("-", "−")
            write(painter, QRectF(0, y - 8, plot.left() - 7, 16), text, small, muted, align=RIGHT)

    def _paint_bars(self, painter: QPainter, plot: QRectF, shown: Float64Array) -> None:
        low, high = self._range
        step = plot.width() / len(shown)
        bar = min(30.0, step * 0.34)
        shares = np.clip((shown - low) / (high - low), 0.0, 1.0).tolist()
        shades = [colour(shade) for shade in self.side_colours()]
        for k, pair in enumerate(shares):
            centre = plot.left() + (k + 0.5) * step
            for side, share in enumerate(pair):
                x = centre - bar - 1.5 if side == 0 else centre + 1.5
                top = plot.bottom() - share * plot.height()
                pill(painter, QRectF(x, top, bar, plot.bottom() - top), shades[side], min(5.0, bar / 3))
                if plot.bottom() - top > 6:
                    painter.fillRect(QRectF(x, plot.bottom() - 5, bar, 5), shades[side])
                self._paint_why(painter, QRectF(x, top - 9, bar, 6), k, side)

    def side_colours(self) -> tuple[str, str]:
        """Return the colours of left and right."""
        return self.theme.traces[0], self.theme.traces[-1]

    def _paint_band_name(self, painter: QPainter, place: QRectF, band: Band) -> None:
        symbol, span = SYMBOLS.get(band.name, band.name), f"{band.low:g}–{band.high:g}"
        big, small = font(self.theme, 12, QFont.DemiBold), font(self.theme, 11)
        if place.width() < 62:
            write(painter, place, symbol, big, colour(self.theme.text), align=CENTRE)
            return
        width = text_width(symbol, big) + 5 + text_width(span, small)
        box = QRectF(place.center().x() - width / 2, place.top(), width + 1, place.height())
        write(painter, box, symbol, big, colour(self.theme.text))
        write(painter, box, span, small, colour(self.theme.muted), align=RIGHT)

    def _paint_legend(self, painter: QPainter, plot: QRectF) -> None:
        x, small = plot.left(), font(self.theme, 11, QFont.Medium)
        for shade, side in zip(self.side_colours(), (self._left, self._right), strict=True):
            pill(painter, QRectF(x, 7, 9, 9), colour(shade), 3)
            write(painter, QRectF(x + 14, 2, 60, 18), side.name, small, colour(self.theme.muted))
            x += 26 + text_width(side.name, small)
        if self.history.why is not None:
            pill(painter, QRectF(x, 9, 12, 5), colour(self.theme.warn))
            write(painter, QRectF(x + 17, 2, 90, 18), "drove it", small, colour(self.theme.muted))
        write(painter, QRectF(plot.right() - 60, 2, 60, 18), self._unit(), small, colour(self.theme.faint), align=RIGHT)

    def _paint_why(self, painter: QPainter, place: QRectF, band: int, side: int) -> None:
        """A mark above the bars that drove the answer; its strength is its opacity."""
        why = self.history.why
        if why is None:
            return
        largest = float(why.max())
        share = float(why[band, (self._left, self._right)[side].column]) / largest if largest > 0 else 0.0
        if share > 0.25:
            pill(painter, place.adjusted(2, 1, -2, -1), colour(self.theme.warn, round(share, 2)))

    def _paint_middle(self, painter: QPainter, plot: QRectF) -> None:
        """Paint what the bars of the asymmetry begin at, and what they are."""
        caption = f"{self._left.name} − {self._right.name}"
        place = QRectF(plot.left() - 16, 2, plot.width() + 16, 18)
        write(painter, place, caption, font(self.theme, 11, QFont.Medium), colour(self.theme.muted))
        middle = plot.center().x()
        line(painter, (middle, plot.top()), (middle, plot.bottom()), colour(self.theme.border), 1.2)
        bands = self.session.manifest.features.bands
        step, letters = plot.height() / len(bands), font(self.theme, 12, QFont.DemiBold)
        for k, band in enumerate(bands):
            symbol = SYMBOLS.get(band.name, band.name[:2])
            place = QRectF(plot.left() - 18, plot.top() + (k + 0.5) * step - 9, 20, 18)
            write(painter, place, symbol, letters, colour(self.theme.text))

    def _paint_asymmetry(self, painter: QPainter, plot: QRectF, shown: Float64Array) -> None:
        difference = dasm(shown, [(0, 1)])[:, 0]
        if self._is_de():
            difference[(shown < DEAD).any(axis=1)] = np.nan
        reach = max(0.5, float(np.nanmax(np.abs(np.append(difference, 0.0)))) * 1.15)
        small, muted = font(self.theme, 11), colour(self.theme.muted)
        shades = [colour(mix(shade, self.theme.card, 0.1)) for shade in self.side_colours()]
        middle, step = plot.center().x(), plot.height() / len(difference)
        bar = min(16.0, step * 0.5)
        for k, value in enumerate(difference.tolist()):
            y = plot.top() + (k + 0.5) * step
            x = middle if math.isnan(value) else middle + value / reach * (plot.width() / 2 - 34)
            shade = shades[0 if value > 0 else 1]
            pill(painter, QRectF(min(x, middle), y - bar / 2, abs(x - middle), bar), shade, 4)
            text = "–" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")
            place = QRectF(x - 49, y - 9, 44, 18) if value < 0 else QRectF(x + 5, y - 9, 44, 18)
            write(painter, place, text, small, muted, align=RIGHT if value < 0 else LEFT)


def chosen_sides(ch_names: tuple[str, ...]) -> tuple[Side, Side]:
    """Return the left and the right electrode that are compared: T7 and T8 where they are, else the first pair.

    Parameters
    ----------
    ch_names : tuple of str
        Channels of the model, in the order of the columns of the features.
    """
    by_meaning = {canonical_name(name) or name: k for k, name in enumerate(ch_names)}
    pairs = left_right_pairs(ch_names)
    left, right = ("T7", "T8") if ("T7", "T8") in pairs else pairs[0] if pairs else (ch_names[0], ch_names[-1])
    return Side(by_meaning.get(left, 0), left), Side(by_meaning.get(right, len(ch_names) - 1), right)


def _axis_range(values: Float64Array, before: tuple[float, float]) -> tuple[float, float]:
    """Return a range that holds the values and seldom moves."""
    low, high = float(min(values.min(), 0.0)), float(values.max())
    grown = (min(before[0], np.floor(low)), max(before[1], np.ceil(high + 0.1)))
    return (float(grown[0]), float(grown[1])) if high > 0.55 * before[1] else (float(np.floor(low)), float(np.ceil(high + 0.5)))

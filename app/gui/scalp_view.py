"""Where on the scalp a rhythm is strong."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QFont, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import QComboBox, QWidget

from app.gui.colour_map import Pixels, image, paint_values, table
from app.gui.head_drawing import HeadPlan, located
from app.gui.history import History
from app.gui.layer import Layer
from app.gui.painting import CENTRE, text_width, write
from app.gui.scalp_map import flat_places, weights
from app.gui.session_like import Explains, SessionLike
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.bands import SYMBOLS, Band
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.montage import canonical_name
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import BoolArray, Float64Array

N_PIXELS = 72
WINDOW_S = 2.0
EASING = 0.3
DEAD = -2.0
"""Below this, in nats, an electrode gives no signal."""
FEWEST = 4
"""With fewer electrodes there is nothing to fill the scalp with; each is then shown by itself."""


class ScalpView(PaintedView):
    """Differential entropy of a band over the scalp, between the electrodes by spherical splines."""

    key = "scalp"
    title = "Scalp"
    summary = "Differential entropy of one band over the scalp, from all electrodes with a known place."
    pace_hz = 5.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.values: Float64Array | None = None
        self._buffer: RingBuffer | None = None
        self._columns: list[int] = []
        self._labels: list[str] = []
        self._flat: Float64Array = np.zeros((0, 2))
        self._places: Float64Array = np.zeros((0, 3))
        self._good: BoolArray = np.zeros(0, dtype=np.bool_)
        self._weights: Float64Array | None = None
        self._mask = Layer(self)
        self._bands: tuple[Band, ...] = session.manifest.features.bands
        self._box = QComboBox()
        self._box.setToolTip("Which band")
        self._box.setAccessibleName("Band of the scalp map")
        self._box.addItems([f"{SYMBOLS.get(b.name, '')} {b.name}".strip() for b in self._bands])
        self._box.setCurrentIndex(min(2, len(self._bands) - 1))
        self._box.activated[int].connect(lambda _: self.update())

    def heading(self) -> str:
        """Say that it is differential entropy."""
        return "Scalp · why" if self._shows_why() else "Scalp · DE"

    def controls(self) -> list[QWidget]:
        """Return the choice of the band."""
        if isinstance(self.session, Explains) and self._box.count() == len(self._bands):
            self._box.addItem("why this answer")
        return [self._box]

    def refresh(self) -> None:
        """Take the newest seconds of all electrodes."""
        buffer, spec = self.session.buffer, self.session.spec
        if buffer is None or spec is None:
            return
        if buffer is not self._buffer:
            self._buffer, self.values = buffer, None
            self._prepare(spec.ch_names)
        samples, _, _ = buffer.latest(round(WINDOW_S * spec.sfreq))
        if not self._columns or len(samples) < round(WINDOW_S * spec.sfreq):
            return
        data = samples[:, self._columns].T
        fresh = differential_entropy(np.nan_to_num(data), spec.sfreq, self._bands)
        fresh[:, ~np.isfinite(data).all(axis=1) | (fresh < DEAD).any(axis=0)] = np.nan
        before = self.values
        if before is None or before.shape != fresh.shape:
            self.values = fresh
        else:
            self.values = np.where(np.isfinite(before), before + EASING * (fresh - before), fresh)
        self.update()

    def _prepare(self, labels: tuple[str, ...]) -> None:
        self._columns, places = located(labels)
        self._labels = [canonical_name(labels[k]) or labels[k] for k in self._columns]
        self._flat = flat_places(places) if len(places) else np.zeros((0, 2))
        self._places, self._good = places, np.zeros(0, dtype=np.bool_)

    def _follow_electrodes(self, good: BoolArray) -> None:
        """Make the weights anew when an electrode has died or come back: a dead one says nothing."""
        if not np.array_equal(good, self._good):
            self._good = good
            self._weights = weights(self._places[good], N_PIXELS) if good.sum() >= FEWEST else None

    def _shows_why(self) -> bool:
        return self._box.currentIndex() >= len(self._bands)

    def shown_values(self) -> Float64Array | None:
        """Return what is shown at each electrode.

        Returns
        -------
        ndarray of float64, shape (n_electrodes,), or None
            In nats, or without unit when it shows what drove the prediction; NaN where there is none.
        """
        if self.values is None:
            return None
        if not self._shows_why():
            return np.asarray(self.values[self._box.currentIndex()])
        why = self.history.why
        out = np.full(len(self._columns), np.nan if why is None else 0.0)
        for k, column in enumerate(self.session.channel_indices):
            if why is not None and column in self._columns:
                out[self._columns.index(column)] = float(why[:, k].sum())
        return out

    def ground_key(self) -> Hashable:
        """Return what the key beside the map depends on; it is there as soon as there are values."""
        shown = self.shown_values()
        return None if shown is None or not np.isfinite(shown).any() else self._row()

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the row of colours and its unit."""
        place = self._key_place()
        painter.drawImage(place, image(table(self._row())[::-1, None]))
        unit = "for" if self._shows_why() else "nats"
        box = QRectF(place.left() - 12, place.top() - 20, 50, 16)
        write(painter, box, unit, font(self.theme, 10), colour(self.theme.faint), align=CENTRE)

    def paint(self, painter: QPainter) -> None:
        """Paint the map, the head, the electrodes and the key."""
        shown, plan = self.shown_values(), self._plan()
        if shown is None or not np.isfinite(shown).any():
            plan.paint(painter, self.theme)
            text = "No electrode has a known place" if self._buffer is not None and not self._columns else "Waiting"
            write(painter, QRectF(self.rect()), text, font(self.theme, 13), colour(self.theme.faint), align=CENTRE)
            return
        low, high = self._range(shown)
        good = np.asarray(np.isfinite(shown))
        self._follow_electrodes(good)
        if self._weights is None:
            plan.paint(painter, self.theme)
            self._paint_electrodes(painter, plan, good, paint_values(shown, low, high, self._row()))
        else:
            picture = (self._weights @ shown[good]).reshape(N_PIXELS, N_PIXELS)
            painter.setRenderHint(QPainter.SmoothPixmapTransform)
            painter.drawImage(plan.square(), image(paint_values(picture, low, high, self._row())))
            key = good.tobytes(), self.session.channel_indices, self.theme
            self._mask.show(painter, key, lambda p: self._paint_mask(p, plan, good), place=plan.surroundings())
        self._paint_figures(painter, low, high)

    def _plan(self) -> HeadPlan:
        return HeadPlan(QRectF(8, 12, self.width() - 60, self.height() - 20))

    def _row(self) -> str:
        return "balance" if self._shows_why() else "viridis"

    def _paint_mask(self, painter: QPainter, plan: HeadPlan, good: BoolArray) -> None:
        """Paint all that lies over the map: the card around the head, the head, the electrodes."""
        around = QPainterPath()
        around.addRect(plan.square().adjusted(-2, -2, 2, 2))
        painter.fillPath(around.subtracted(plan.outline()), colour(self.theme.card))
        plan.paint(painter, self.theme)
        self._paint_electrodes(painter, plan, good, None)

    def _range(self, shown: Float64Array) -> tuple[float, float]:
        if self._shows_why():
            reach = max(1e-3, float(np.nanmax(np.abs(shown))))
            return -reach, reach
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        middle, half = (low + high) / 2, max(0.25, (high - low) / 2)
        return middle - half, middle + half

    def _paint_electrodes(self, painter: QPainter, plan: HeadPlan, good: BoolArray, dots: Pixels | None) -> None:
        """Paint the electrodes: with dots in the colours of their values where there is no map."""
        fed = set(self.session.channel_indices)
        for k, spot in enumerate(plan.on_screen(self._flat)):
            is_fed = self._columns[k] in fed
            if not good[k]:
                box = QRectF(spot.x() - 9, spot.y() - 9, 18, 18)
                write(painter, box, "×", font(self.theme, 17, QFont.Bold), colour(self.theme.bad), align=CENTRE)
            elif dots is not None:
                painter.setBrush(colour(f"#{int(dots[k]) & 0xFFFFFF:06x}"))
                painter.setPen(QPen(colour(self.theme.faint), 1))
                painter.drawEllipse(spot, 11, 11)
            else:
                self._paint_dot(painter, spot, is_fed)
            if is_fed or (len(self._columns) <= 20 and plan.radius > 95):
                self._paint_name(painter, spot, plan, self._labels[k], is_fed)

    def _paint_dot(self, painter: QPainter, spot: QPointF, is_fed: bool) -> None:
        radius = 4.0 if is_fed else 2.4
        painter.setPen(QPen(colour("#0a0e15", 0.75), 1.2))
        painter.setBrush(colour("#ffffff"))
        painter.drawEllipse(spot, radius, radius)

    def _paint_name(self, painter: QPainter, spot: QPointF, plan: HeadPlan, name: str, is_fed: bool) -> None:
        """Write with a dark edge, so that it can be read on every colour of the map."""
        letters = font(self.theme, 11, QFont.Bold if is_fed else QFont.Medium)
        x = spot.x() - text_width(name, letters) / 2
        x = min(max(x, plan.centre.x() - plan.radius + 5), plan.centre.x() + plan.radius - 5 - text_width(name, letters))
        path = QPainterPath()
        path.addText(QPointF(x, spot.y() - 8), letters, name)
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QPen(colour("#0a0e15", 0.7), 2.6))
        painter.drawPath(path)
        painter.fillPath(path, colour("#ffffff"))

    def _key_place(self) -> QRectF:
        plan = self._plan()
        return QRectF(self.width() - 44, plan.centre.y() - plan.radius * 0.7, 8, plan.radius * 1.4)

    def _paint_figures(self, painter: QPainter, low: float, high: float) -> None:
        place, small, shade = self._key_place(), font(self.theme, 11), colour(self.theme.muted)
        for y, value in ((place.top(), high), (place.bottom() - 14, low)):
            write(painter, QRectF(place.right() + 4, y, 34, 14), f"{value:.1f}".replace("-", "−"), small, shade)

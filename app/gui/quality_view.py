"""How good each electrode is: a head with lights, and a hint."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt5.QtGui import QFont, QHelpEvent, QPainter, QPen
from PyQt5.QtWidgets import QToolTip, QWidget

from app.gui.head_drawing import HeadPlan, located
from app.gui.header import phase_tone
from app.gui.history import History
from app.gui.painting import CENTRE, pill, write
from app.gui.scalp_map import flat_places
from app.gui.session_like import SessionLike
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.montage import canonical_name
from sclcm_core.streaming.quality import ChannelQuality, Light, assess
from sclcm_core.types import Float64Array

WINDOW_S = 2.0
SIGNS = {Light.GOOD: "", Light.FAIR: "!", Light.POOR: "×"}
_FADED = 0.35
_RANK = {Light.GOOD: 0, Light.FAIR: 1, Light.POOR: 2}


class QualityView(PaintedView):
    """A light an electrode; shape and sign say the same as the colour."""

    key = "quality"
    title = "Signal quality"
    summary = "The contact of each electrode: good, fair or poor, and what to do about the worst."
    pace_hz = 1.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.channels: tuple[ChannelQuality, ...] = ()
        self._labels: tuple[str, ...] = ()
        self._columns: list[int] = []
        self._flat: Float64Array = flat_places(located([])[1].reshape(-1, 3))
        self._spots: list[QPointF] = []
        self._seen: object = None

    def heading(self) -> str:
        """Count the good ones."""
        if not self.channels:
            return self.title
        if not self.is_fresh:
            return f"{self.title} · not now"
        n_good = sum(self.channels[column].light is Light.GOOD for column in self._columns)
        return f"Signal · {n_good} of {len(self._columns)} good"

    def refresh(self) -> None:
        """Judge the newest seconds."""
        buffer, spec = self.session.buffer, self.session.spec
        if buffer is None or spec is None or buffer.head < WINDOW_S * spec.sfreq:
            return
        if spec.ch_names != self._labels:
            self._labels = spec.ch_names
            self._columns, places = located(spec.ch_names)
            self._flat = flat_places(places.reshape(-1, 3))
        samples, _, _ = buffer.latest(round(WINDOW_S * spec.sfreq))
        names = [canonical_name(label) or label for label in spec.ch_names]
        self.channels = assess(samples.T, spec.sfreq, names).channels
        seen = [found.light for found in self.channels], self.says
        if seen != self._seen:
            self._seen = seen
            self.update()

    @property
    def is_fresh(self) -> bool:
        """Whether samples come, or have come to their end: the lights are of now."""
        return phase_tone(self.session.status.phase) in ("good", "idle")

    @property
    def says(self) -> str:
        """What is wrong with the worst electrode, those of the model first; others than electrodes are left in peace."""
        if not self.is_fresh:
            return "No samples come: this is how the electrodes were last."
        if not self._columns:
            return "No channel of this stream is an electrode with a known place."
        fed = self.session.channel_indices
        worst = max(self._columns, key=lambda c: (_RANK[self.channels[c].light], c in fed, -c))
        found = self.channels[worst]
        return "All electrodes are good." if found.light is Light.GOOD else f"{found.name}: {found.hint}"

    def paint(self, painter: QPainter) -> None:
        """Paint the head, the lights and the hint."""
        hint_height = (48.0 if self.width() > 300 else 66.0) * self.theme.scale
        plan = HeadPlan(QRectF(10, 12, self.width() - 20, self.height() - hint_height - 16))
        plan.paint(painter, self.theme)
        if not self.channels:
            write(painter, plan.square(), "Waiting", font(self.theme, 13), colour(self.theme.faint), align=CENTRE)
            return
        self._spots = plan.on_screen(self._flat)
        painter.setOpacity(1.0 if self.is_fresh else _FADED)
        size = max(5.0, min(13.0, plan.radius / (3.0 + len(self._columns) / 7)))
        for spot, column in zip(self._spots, self._columns, strict=True):
            self._paint_light(painter, spot, size, column)
        painter.setOpacity(1.0)
        painter.setFont(font(self.theme, 12))
        painter.setPen(colour(self.theme.muted))
        box = QRectF(12, self.height() - hint_height, self.width() - 24, hint_height - 2)
        painter.drawText(box, int(Qt.AlignHCenter | Qt.AlignVCenter | Qt.TextWordWrap), self.says)

    def _paint_light(self, painter: QPainter, spot: QPointF, size: float, column: int) -> None:
        theme, found = self.theme, self.channels[column]
        shade = {Light.GOOD: theme.good, Light.FAIR: theme.warn, Light.POOR: theme.bad}[found.light]
        box = QRectF(spot.x() - size, spot.y() - size, 2 * size, 2 * size)
        pill(painter, box, colour(shade), size if found.light is Light.GOOD else size * 0.35)
        if column in self.session.channel_indices:
            painter.setBrush(Qt.NoBrush)
            painter.setPen(QPen(colour(theme.text), 1.8))
            painter.drawEllipse(spot, size + 3, size + 3)
        sign = SIGNS[found.light]
        text = sign or (found.name if size >= 11 else "")
        letters = font(theme, size * (1.2 if sign else 0.78), QFont.Bold)
        write(painter, box.adjusted(-4, 0, 4, 0), text, letters, colour("#0a0e15"), align=CENTRE)

    def event(self, event: QEvent | None) -> bool:
        """Tell of the electrode under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.ToolTip and self.channels:
            for spot, column in zip(self._spots, self._columns, strict=True):
                if (spot - QPointF(event.pos())).manhattanLength() < 16:
                    QToolTip.showText(event.globalPos(), self._tell(self.channels[column]), self)
                    return True
        return super().event(event)  # type: ignore[arg-type]

    def _tell(self, found: ChannelQuality) -> str:
        troubles = "; ".join(f"{f.trouble.value} ({f.light.value}): {f.hint}" for f in found.findings)
        return f"{found.name}: {troubles or 'good'} ({found.rms_uv:.0f} µV)"

"""How good each electrode is: a head with lights, and a hint."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt5.QtGui import QFont, QHelpEvent, QPainter, QPen
from PyQt5.QtWidgets import QToolTip, QWidget

from app.gui.head_drawing import HeadPlan, located
from app.gui.history import History
from app.gui.painting import CENTRE, pill, write
from app.gui.scalp_map import flat_places
from app.gui.session_like import SessionLike
from app.gui.signal_quality import Contact, Grade, advice, judge
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.montage import canonical_name
from sclcm_core.types import Float64Array

WINDOW_S = 2.0
SIGNS = {Grade.GOOD: "", Grade.FAIR: "!", Grade.BAD: "×"}


class QualityView(PaintedView):
    """A light an electrode; shape and sign say the same as the colour."""

    key = "quality"
    title = "Signal quality"
    summary = "The contact of each electrode: good, fair or bad, and what to do about the worst."
    pace_hz = 2.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.contacts: list[Contact] = []
        self._names: list[str] = []
        self._columns: list[int] = []
        self._flat: Float64Array = flat_places(located([])[1].reshape(-1, 3))
        self._spots: list[QPointF] = []

    def heading(self) -> str:
        """Count the good ones."""
        if not self.contacts:
            return self.title
        n_good = sum(self.contacts[column].grade is Grade.GOOD for column in self._columns)
        return f"Signal · {n_good} of {len(self._columns)} good"

    def refresh(self) -> None:
        """Judge the newest seconds."""
        buffer, spec = self.session.buffer, self.session.spec
        if buffer is None or spec is None or buffer.head < WINDOW_S * spec.sfreq:
            return
        names = [canonical_name(label) or label for label in spec.ch_names]
        if names != self._names:
            self._names = names
            self._columns, places = located(spec.ch_names)
            self._flat = flat_places(places.reshape(-1, 3))
        samples, _, _ = buffer.latest(round(WINDOW_S * spec.sfreq))
        self.contacts = judge(samples, spec.sfreq)
        self.update()

    @property
    def says(self) -> str:
        """The hint; channels that are no electrodes are left in peace."""
        fed = {k for k, column in enumerate(self._columns) if column in self.session.channel_indices}
        return advice([self._names[k] for k in self._columns], [self.contacts[k] for k in self._columns], fed)

    def paint(self, painter: QPainter) -> None:
        """Paint the head, the lights and the hint."""
        hint_height = (44.0 if self.width() > 260 else 62.0) * self.theme.scale
        plan = HeadPlan(QRectF(10, 12, self.width() - 20, self.height() - hint_height - 16))
        plan.paint(painter, self.theme)
        if not self.contacts:
            write(painter, plan.square(), "Waiting", font(self.theme, 13), colour(self.theme.faint), align=CENTRE)
            return
        self._spots = plan.on_screen(self._flat)
        size = max(5.0, min(13.0, plan.radius / (3.0 + len(self._columns) / 7)))
        for spot, column in zip(self._spots, self._columns, strict=True):
            self._paint_light(painter, spot, size, column)
        painter.setFont(font(self.theme, 12))
        painter.setPen(colour(self.theme.muted))
        box = QRectF(14, self.height() - hint_height, self.width() - 28, hint_height - 2)
        painter.drawText(box, int(Qt.AlignHCenter | Qt.AlignVCenter | Qt.TextWordWrap), self.says)

    def _paint_light(self, painter: QPainter, spot: QPointF, size: float, column: int) -> None:
        theme, contact = self.theme, self.contacts[column]
        shade = {Grade.GOOD: theme.good, Grade.FAIR: theme.warn, Grade.BAD: theme.bad}[contact.grade]
        box = QRectF(spot.x() - size, spot.y() - size, 2 * size, 2 * size)
        pill(painter, box, colour(shade), size if contact.grade is Grade.GOOD else size * 0.35)
        if column in self.session.channel_indices:
            painter.setBrush(Qt.NoBrush)
            painter.setPen(QPen(colour(theme.text), 1.8))
            painter.drawEllipse(spot, size + 3, size + 3)
        text = SIGNS[contact.grade] or (self._names[column] if size >= 11 else "")
        letters = font(theme, size * (0.78 if not SIGNS[contact.grade] else 1.2), QFont.Bold)
        write(painter, box.adjusted(-4, 0, 4, 0), text, letters, colour("#0a0e15"), align=CENTRE)

    def event(self, event: QEvent | None) -> bool:
        """Tell of the electrode under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.ToolTip and self.contacts:
            for spot, column in zip(self._spots, self._columns, strict=True):
                if (spot - QPointF(event.pos())).manhattanLength() < 16:
                    contact = self.contacts[column]
                    QToolTip.showText(event.globalPos(), f"{self._names[column]}: {contact.finding}. {contact.hint}", self)
                    return True
        return super().event(event)  # type: ignore[arg-type]

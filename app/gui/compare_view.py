"""Two models on the same windows, side by side."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QFont, QPainter
from PyQt5.QtWidgets import QWidget

from app.gui.history import History
from app.gui.meaning import class_colours
from app.gui.painting import CENTRE, RIGHT, line, pill, write
from app.gui.session_like import Compares, SessionLike
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.types import Prediction

COMPARED = 600


class CompareView(PaintedView):
    """What either model says, and how often they agree."""

    key = "compare"
    title = "Two models"
    summary = "The newest answers of two models on the same windows, and how often they agree."
    pace_hz = 4.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self._n_seen = -1

    def refresh(self) -> None:
        """Repaint when either model has said something."""
        n = len(self.history.predictions) + len(self.history.rivals)
        if n != self._n_seen or n >= COMPARED:
            self._n_seen = n
            self.update()

    def agreement(self) -> tuple[float, float, int] | None:
        """Return the share of equal labels, the mean difference of probabilities, and of how many; None before any."""
        rivals = {p.index: p for p in list(self.history.rivals)[-COMPARED:] if p.withheld is None}
        mine = list(self.history.predictions)[-COMPARED:]
        pairs = [(p, rivals[p.index]) for p in mine if p.withheld is None and p.index in rivals]
        if not pairs:
            return None
        same = np.mean([a.label == b.label for a, b in pairs])
        comparable = [(a, b) for a, b in pairs if a.class_names == b.class_names]
        gaps = [float(np.abs(a.probabilities - b.probabilities).mean()) for a, b in comparable]
        return float(same), float(np.mean(gaps)) if gaps else float("nan"), len(pairs)

    def paint(self, painter: QPainter) -> None:
        """Paint two columns and a line under them."""
        session = self.session
        rival = session.rival_manifest if isinstance(session, Compares) else None
        if rival is None:
            text = "No second model runs beside this one."
            write(
                painter,
                QRectF(self.rect()).adjusted(12, 0, -12, 0),
                text,
                font(self.theme, 12),
                colour(self.theme.faint),
                align=CENTRE,
            )
            return
        half, height = self.width() / 2, self.height() - 34.0
        newest = self.history.rivals[-1] if self.history.rivals else None
        self._paint_model(painter, QRectF(14, 2, half - 24, height), session.manifest.name, self.history.newest)
        self._paint_model(painter, QRectF(half + 10, 2, half - 24, height), rival.name, newest)
        line(painter, (half, 8), (half, height - 6), colour(self.theme.border))
        found = self.agreement()
        text = "–" if found is None else f"{found[0]:.1%} of {found[2]} answers agree · mean difference {found[1]:.3f}"
        write(
            painter,
            QRectF(8, self.height() - 30, self.width() - 16, 24),
            text,
            font(self.theme, 12),
            colour(self.theme.muted),
            align=CENTRE,
        )

    def _paint_model(self, painter: QPainter, place: QRectF, name: str, newest: Prediction | None) -> None:
        theme = self.theme
        write(painter, QRectF(place.left(), place.top(), place.width(), 16), name, font(theme, 11), colour(theme.muted))
        if newest is None or newest.withheld:
            reason = "waiting" if newest is None else f"withheld: {newest.withheld}"
            write(
                painter, QRectF(place.left(), place.top() + 20, place.width(), 24), reason, font(theme, 13), colour(theme.faint)
            )
            return
        shades = class_colours(theme, newest.class_names)
        best = int(np.argmax(newest.probabilities))
        label = (newest.label or "").capitalize()
        write(
            painter,
            QRectF(place.left(), place.top() + 17, place.width(), 28),
            label,
            font(theme, 20, QFont.Bold),
            colour(shades[best]),
        )
        step = min(24.0, (place.height() - 52) / len(shades))
        for k, shade in enumerate(shades):
            y = place.top() + 52 + (k + 0.5) * step
            value = float(newest.probabilities[k])
            track = QRectF(place.left(), y - 4, place.width() - 46, 8)
            pill(painter, track, colour(theme.raised))
            if value > 0.01:
                pill(painter, QRectF(track.left(), track.top(), max(8.0, track.width() * value), 8), colour(shade))
            percent = f"{value * 100:.0f} %"
            write(painter, QRectF(track.right() + 2, y - 9, 44, 18), percent, font(theme, 12), colour(theme.text), align=RIGHT)

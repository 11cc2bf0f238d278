"""Two models on the same windows, side by side."""

from __future__ import annotations

import time

import numpy as np
from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QFont, QPainter
from PyQt5.QtWidgets import QWidget

from app.gui.history import History
from app.gui.meaning import class_colours, shown_name
from app.gui.painting import CENTRE, RIGHT, line, pill, text_width, write
from app.gui.session_like import Compares, SessionLike
from app.gui.theme import colour, font
from app.gui.transport_bar import clock
from app.gui.view import PaintedView
from app.session.comparison import Comparison, Disagreement, Standing
from sclcm_core.types import Prediction

COUNT_EACH_S = 0.5
LINE = 17.0
MOST_LINES = 6
NOBODY = "No second model runs beside this one. Choose one with Model (Ctrl+M): Compare with it."


class CompareView(PaintedView):
    """What either model says, what it costs, how often they agree, and when they do not."""

    key = "compare"
    title = "Two models"
    summary = "The newest answers of two models on the same windows, how often they agree, and when they do not."
    pace_hz = 4.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.found: Comparison | None = None
        self._count_due = 0.0

    def refresh(self) -> None:
        """Look at both models; repaint at the pace of the view."""
        now = time.monotonic()
        if now >= self._count_due and isinstance(self.session, Compares):
            self._count_due = now + COUNT_EACH_S
            self.found = self.session.comparison()
            self.setAccessibleDescription(self.says)
        self.update()

    @property
    def says(self) -> str:
        """What stands under the two models, for those who listen."""
        found = self.found
        if found is None:
            return NOBODY
        if found.trouble:
            return found.trouble
        if not found.is_comparable:
            return "They tell different things; their answers are not counted against each other."
        if found.agreement is None:
            return "No window yet of which both say something."
        last = f" · last apart at {clock(found.disagreements[-1].at_s)}" if found.disagreements else ""
        return f"{found.agreement:.1%} of {found.n_compared} agree · differ by {found.mean_difference:.3f}{last}"

    def paint(self, painter: QPainter) -> None:
        """Paint two columns, and under them how they agree."""
        theme, found = self.theme, self.found
        if found is None:
            place = QRectF(self.rect()).adjusted(12, 0, -12, 0)
            write(painter, place, NOBODY, font(theme, 12), colour(theme.faint), align=CENTRE)
            return
        n_lines = min(MOST_LINES, max(0, int((self.height() - 190) / LINE)), len(found.disagreements))
        foot = 26.0 + n_lines * LINE
        half, height = self.width() / 2, self.height() - foot - 8
        theirs = self.history.rivals[-1] if self.history.rivals else None
        self._paint_model(painter, QRectF(14, 2, half - 24, height), found.mine, self.history.newest)
        self._paint_model(painter, QRectF(half + 10, 2, half - 24, height), found.theirs, theirs)
        line(painter, (half, 8), (half, height), colour(theme.border))
        self._paint_foot(painter, QRectF(14, self.height() - foot, self.width() - 28, foot), n_lines)

    def _paint_foot(self, painter: QPainter, place: QRectF, n_lines: int) -> None:
        theme, found = self.theme, self.found
        if found is None:
            return
        shade = theme.warn if found.trouble else theme.text
        write(
            painter,
            QRectF(place.left(), place.top(), place.width(), 22),
            self.says,
            font(theme, 13),
            colour(shade),
            align=CENTRE,
        )
        newest = found.disagreements[len(found.disagreements) - n_lines :]
        for k, disagreement in enumerate(reversed(newest)):
            row = QRectF(place.left(), place.top() + 22 + k * LINE, place.width(), LINE)
            self._paint_disagreement(painter, row, disagreement)

    def _paint_disagreement(self, painter: QPainter, row: QRectF, found: Disagreement) -> None:
        """When they said different things: the time in the middle, what either said beside it."""
        theme, small, middle = self.theme, font(self.theme, 11), row.center().x()
        write(painter, QRectF(middle - 34, row.top(), 68, LINE), clock(found.at_s), small, colour(theme.muted), align=CENTRE)
        left, right = QRectF(row.left(), row.top(), middle - 40 - row.left(), LINE), QRectF(middle + 40, row.top(), 160, LINE)
        write(painter, left, found.mine, small, colour(theme.text), align=RIGHT)
        write(painter, right, found.theirs, small, colour(theme.text))

    def _paint_model(self, painter: QPainter, place: QRectF, model: Standing, newest: Prediction | None) -> None:
        theme = self.theme
        top, width = place.top(), place.width()
        write(painter, QRectF(place.left(), top, width, 16), model.name, font(theme, 11, QFont.Medium), colour(theme.muted))
        write(
            painter,
            QRectF(place.left(), place.bottom() - 18, width, 18),
            what_it_costs(model),
            font(theme, 11),
            colour(theme.muted),
        )
        if newest is None or newest.withheld:
            reason = "waiting" if newest is None else f"withheld: {newest.withheld}"
            write(painter, QRectF(place.left(), top + 20, width, 24), reason, font(theme, 13), colour(theme.faint))
            return
        shades = class_colours(theme, newest.class_names)
        best, label = int(np.argmax(newest.probabilities)), shown_name(newest.label or "")
        write(painter, QRectF(place.left(), top + 17, width, 28), label, font(theme, 20, QFont.Bold), colour(shades[best]))
        self._paint_bars(painter, place.adjusted(0, 48, 0, -22), newest, shades)

    def _paint_bars(self, painter: QPainter, place: QRectF, newest: Prediction, shades: tuple[str, ...] | list[str]) -> None:
        theme, words = self.theme, font(self.theme, 11)
        step = min(24.0, place.height() / len(shades))
        if step < 9:
            return
        names = [shown_name(name) for name in newest.class_names]
        left = min(place.width() * 0.4, max(text_width(name, words) for name in names) + 10)
        for k, shade in enumerate(shades):
            y, value = place.top() + (k + 0.5) * step, float(newest.probabilities[k])
            write(painter, QRectF(place.left(), y - 9, left, 18), names[k], words, colour(theme.muted))
            track = QRectF(place.left() + left, y - 4, place.width() - left - 46, 8)
            pill(painter, track, colour(theme.raised))
            if value > 0.01:
                pill(painter, QRectF(track.left(), track.top(), max(8.0, track.width() * value), 8), colour(shade))
            percent = f"{value * 100:.0f} %"
            write(painter, QRectF(track.right() + 2, y - 9, 44, 18), percent, font(theme, 12), colour(theme.text), align=RIGHT)


def what_it_costs(model: Standing) -> str:
    """Return a model's own figures: processor time an answer, agreement with the markers, what it skipped."""
    parts = [] if model.cost_s is None else [f"{model.cost_s * 1e3:.1f} ms CPU"]
    if model.score is not None:
        parts.append(f"{model.score.accuracy:.0%} of {model.score.n_compared} right")
    if model.n_skipped:
        parts.append(f"{model.n_skipped} skipped")
    return " · ".join(parts)

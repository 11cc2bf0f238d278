"""The stage: the answer, large, and nothing else."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QFont, QKeyEvent, QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

from app.gui.header import PHASE_WORDS, OriginBadge, paint_mark, phase_tone
from app.gui.history import History
from app.gui.meaning import class_colours, meaning, shown_name
from app.gui.painting import CENTRE, RIGHT, area, pill, text_width, write
from app.gui.session_like import SessionLike
from app.gui.theme import Theme, colour, font
from sclcm_core.types import Float64Array, Prediction

EASING = 0.12
SPAN_S = 120.0


class Audience(QWidget):
    """Full screen: the label as large as it fits, the probabilities, the last two minutes. No raw data, no names.

    Parameters
    ----------
    session : SessionLike
        What is shown.
    history : History
        What has happened so far.
    theme : Theme
        The look.
    """

    def __init__(self, session: SessionLike, history: History, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.Window)
        self.setObjectName("audience")
        self.setWindowTitle("SCLCM Live – audience")
        self.setAccessibleName("Audience mode")
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self.session, self.history, self.theme = session, history, theme
        self.shown: Float64Array = np.full(len(history.class_names), 1.0 / len(history.class_names))
        self.badge = OriginBadge(self, height=40)
        self.badge.theme = theme
        self._timer = QTimer(self)
        self._timer.setInterval(50)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Let the bars go towards the newest probabilities."""
        newest = self.history.newest
        if newest is not None and newest.withheld is None:
            self.shown = self.shown + EASING * (newest.probabilities.astype(np.float64) - self.shown)
        spec = self.session.spec
        self.badge.show_origin(spec.origin if spec else "", self.session.manifest.simulated)
        self.badge.adjustSize()
        self.badge.move(self.width() - self.badge.width() - 40, 34)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Leave with Esc or F11."""
        if event.key() in (Qt.Key_Escape, Qt.Key_F11):
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Stop to look."""
        self._timer.stop()
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the sign, the word, the bars and the last minutes."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.fillRect(self.rect(), colour(self.theme.window))
        unit = min(self.width() / 16.0, self.height() / 9.0)
        self._paint_head(painter, unit)
        newest = self.history.newest
        middle = QRectF(unit, self.height() * 0.16, self.width() - 2 * unit, self.height() * 0.34)
        self._paint_word(painter, middle, newest, unit)
        bars = QRectF(self.width() * 0.16, self.height() * 0.53, self.width() * 0.68, self.height() * 0.24)
        self._paint_bars(painter, bars, newest is None or newest.withheld is not None or self._is_over())
        self._paint_past(painter, QRectF(0, self.height() * 0.83, self.width(), self.height() * 0.17))

    def _is_over(self) -> bool:
        return phase_tone(self.session.status.phase) != "good"

    def _why_silent(self, newest: Prediction | None) -> str:
        if self._is_over():
            return PHASE_WORDS[self.session.status.phase]
        return (newest.withheld or "") if newest else ""

    def _paint_head(self, painter: QPainter, unit: float) -> None:
        paint_mark(painter, QRectF(40, 32, 44, 44), self.theme)
        title = f"Live {self.session.manifest.target} recognition from EEG"
        write(
            painter,
            QRectF(98, 32, self.width() * 0.6, 44),
            title,
            font(self.theme, max(18, unit * 0.24), QFont.DemiBold),
            colour(self.theme.muted),
        )

    def _paint_word(self, painter: QPainter, place: QRectF, newest: Prediction | None, unit: float) -> None:
        theme = self.theme
        if newest is None or newest.withheld or self._is_over():
            text = "…" if newest is None else "No answer"
            write(painter, place, text, font(theme, unit * 1.5, QFont.Bold, spacing=-2), colour(theme.faint), align=CENTRE)
            reason = QRectF(place.left(), place.bottom() - unit * 0.6, place.width(), unit * 0.6)
            write(
                painter,
                reason,
                self._why_silent(newest),
                font(theme, unit * 0.3),
                colour(theme.muted),
                align=CENTRE,
            )
            return
        best = int(np.argmax(newest.probabilities))
        shade = class_colours(theme, newest.class_names)[best]
        word = shown_name(newest.label or "")
        size = unit * 2.3
        while text_width(word, font(theme, size, QFont.Bold, spacing=-3)) > place.width() * 0.86 and size > 20:
            size *= 0.92
        letters = font(theme, size, QFont.Bold, spacing=-3)
        write(painter, place, word, letters, colour(shade), align=CENTRE)
        sign = meaning(newest.class_names[best], best).sign
        half = text_width(word, letters) / 2
        spot = QRectF(place.center().x() + half + unit * 0.3, place.top(), unit * 1.4, place.height())
        write(painter, spot, sign, font(theme, size * 0.42, QFont.Bold), colour(shade, 0.8))

    def _paint_bars(self, painter: QPainter, place: QRectF, withheld: bool) -> None:
        theme, names = self.theme, self.history.class_names
        step = min(place.height() / len(names), self.height() * 0.085)
        words = font(theme, step * 0.42 / theme.scale, QFont.DemiBold)
        label = max(text_width(shown_name(name), words) for name in names) + step * 0.5
        ink, strength = colour(theme.faint if withheld else theme.text), 0.25 if withheld else 1.0
        for k, (name, shade) in enumerate(zip(names, class_colours(theme, names), strict=True)):
            y = place.top() + (k + 0.5) * step
            write(painter, QRectF(place.left(), y - step / 2, label, step), shown_name(name), words, ink)
            track = QRectF(place.left() + label, y - step * 0.16, place.width() - label - step * 2.2, step * 0.32)
            pill(painter, track, colour(theme.raised))
            width = max(track.height(), track.width() * float(self.shown[k]))
            pill(painter, QRectF(track.left(), track.top(), width, track.height()), colour(shade, strength))
            text = "–" if withheld else f"{self.shown[k] * 100:.0f} %"
            write(painter, QRectF(track.right(), y - step / 2, step * 2.2, step), text, words, ink, align=RIGHT)

    def _paint_past(self, painter: QPainter, place: QRectF) -> None:
        """The stack of the last minutes, without axes: a horizon."""
        newest = self.history.newest
        if newest is None:
            return
        times, probabilities = self.history.since(newest.t_end - SPAN_S)
        good = np.isfinite(probabilities).all(axis=1)
        if good.sum() < 2:
            return
        times, probabilities = times[good], probabilities[good]
        x = place.right() + (times - newest.t_end) / SPAN_S * place.width()
        tops = place.bottom() - np.cumsum(probabilities, axis=1) * place.height()
        below = np.full(len(x), place.bottom())
        painter.setPen(Qt.NoPen)
        for k, shade in enumerate(class_colours(self.theme, self.history.class_names)):
            painter.setBrush(colour(shade, 0.55))
            painter.drawPath(area(x, below, tops[:, k]))
            below = tops[:, k]

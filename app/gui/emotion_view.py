"""What the model says now: label, probabilities, confidence, or why it says nothing."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

from app.gui.header import phase_tone
from app.gui.history import History
from app.gui.meaning import class_colours, expected_place, meaning, shown_name
from app.gui.painting import CENTRE, RIGHT, line, pill, text_width, write
from app.gui.session_like import SessionLike
from app.gui.theme import colour, font
from app.gui.view import PaintedView
from sclcm_core.types import Float64Array, Prediction

EASING = 0.4
TRAIL = 24


class _Parts(NamedTuple):
    """Where the parts of the picture are; None where there is no such part."""

    bars: QRectF
    axis: QRectF | None
    plane: QRectF | None


class EmotionView(PaintedView):
    """The newest prediction, large."""

    key = "emotion"
    title = "Now"
    summary = "The most probable class, the probability of each class, and the reason when the prediction is withheld."
    pace_hz = 7.5

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.shown: Float64Array = np.full(len(history.class_names), np.nan)
        self._places: list[tuple[float, float]] = []
        self._seen: object = None
        self._line = ("", "")
        self._line_place = QRect()

    def heading(self) -> str:
        """Say what is predicted."""
        return f"{self.session.manifest.target} now"

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return how small the view may become: no class may lie upon another, of up to four."""
        return QSize(150, 80 + 22 * min(4, len(self.history.class_names)))

    def take_prediction(self, prediction: Prediction) -> None:
        """Keep the trail on the plane of valence and arousal."""
        if prediction.withheld is None:
            valence, arousal = expected_place(prediction.class_names, prediction.probabilities)
            if valence is not None and arousal is not None:
                self._places = [*self._places[1 - TRAIL :], (valence, arousal)]

    def refresh(self) -> None:
        """Let the bars go towards the newest probabilities."""
        newest = self.history.newest
        if newest is not None and newest.withheld is None:
            target = newest.probabilities.astype(np.float64)
            start = np.where(np.isfinite(self.shown), self.shown, target)
            self.shown = start + EASING * (target - start)
        seen, line = self._what_is_seen(), self._second_line()
        if seen != self._seen:
            self.update()
        elif line != self._line:
            self.update(self._line_place)
        self._seen, self._line = seen, line

    def _what_is_seen(self) -> tuple[object, ...]:
        """Return all that the picture depends on, but for the line that says how long ago it was."""
        newest, status = self.history.newest, self.session.status
        answer = (newest.label, newest.withheld) if newest else None
        return (
            answer,
            np.round(np.nan_to_num(self.shown) * 250).tolist(),
            status.phase,
            status.baseline_progress_s,
            self._places,
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint all, or only the line that changes all the time."""
        if not self._line_place.contains(event.rect()):
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour(self.theme.card))
        painter.setRenderHint(QPainter.Antialiasing)
        self._paint_second_line(painter)

    def age_s(self) -> float | None:
        """Return how old the newest prediction is when nothing newer can be expected, in s; None while all goes on."""
        newest, phase = self.history.newest, self.session.status.phase
        if newest is None or phase_tone(phase) == "good":
            return None
        return max(0.0, time.perf_counter() - newest.t_ready)

    @property
    def says(self) -> str:
        """What stands there, for those who listen: label and confidence, or the reason for silence."""
        newest = self.history.newest
        if newest is None:
            return _waiting(self.session.status.baseline_progress_s)
        if newest.withheld:
            return f"Withheld: {newest.withheld}"
        age = self.age_s()
        if age is not None:
            return f"The last answer, {age:.0f} s ago, was {newest.label}"
        return f"{newest.label}, confidence {float(newest.probabilities.max()):.2f}"

    def ground_key(self) -> Hashable:
        """Return what the words depend on, and which of them are pale."""
        newest, is_old = self.history.newest, self.age_s() is not None
        label = (newest.label, newest.withheld) if newest else None
        return label, is_old, self.session.status.baseline_progress_s if newest is None or newest.withheld else None

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the words, what stands beside the bars, and the axis of feeling."""
        newest, parts = self.history.newest, self._parts()
        self._paint_words(painter, newest)
        self._paint_tracks(painter, parts.bars, self._is_withheld())
        if parts.axis is not None:
            self._paint_axis(painter, parts.axis)

    def paint(self, painter: QPainter) -> None:
        """Paint what changes all the time: the age of the answer, the bars, the place on the axis of feeling."""
        newest, parts, withheld = self.history.newest, self._parts(), self._is_withheld()
        self._line_place = QRect()
        if newest is not None and not newest.withheld:
            self._line_place = QRect(14, round(self._words_height()), round(self.width() - 28.0), 20)
            self._paint_second_line(painter)
        self._paint_bars(painter, parts.bars, withheld)
        if parts.plane is not None:
            self._paint_plane(painter, parts.plane, withheld)
        elif parts.axis is not None and not withheld:
            valence, _ = expected_place(self.history.class_names, np.nan_to_num(self.shown))
            self._paint_valence(painter, parts.axis, valence or 0.0)

    def _is_withheld(self) -> bool:
        newest = self.history.newest
        return newest is None or newest.withheld is not None or self.age_s() is not None

    def _words_height(self) -> float:
        return self._large().pixelSize() * 1.25

    def _large(self) -> QFont:
        return font(self.theme, 40 if self.height() > 230 else 30, QFont.Bold, spacing=-0.6)

    def _parts(self) -> _Parts:
        """Return where bars, axis and plane are."""
        names, top = self.history.class_names, self._words_height() + 30
        place = expected_place(names, np.zeros(len(names)))
        has_plane, has_axis = None not in place, place[0] is not None
        foot = 46.0 if has_axis and not has_plane and self.height() - top > 34 * len(names) + 30 else 0.0
        side = min(self.height() - top - 6, self.width() * 0.4) if has_plane else 0.0
        bars = QRectF(14, top, self.width() - 28 - side, self.height() - top - foot - 8)
        axis = QRectF(14, self.height() - foot, self.width() - 28, foot) if foot else None
        return _Parts(bars, axis, QRectF(self.width() - side - 8, top, side, side) if has_plane else None)

    def _paint_words(self, painter: QPainter, newest: Prediction | None) -> None:
        """Paint the label and the sign beside it, or why there is none."""
        width, theme, large, height = self.width() - 28.0, self.theme, self._large(), self._words_height()
        if newest is None or newest.withheld:
            self._paint_silence(painter, QRectF(14, 0, width, height + 22), newest)
            return
        index = int(np.argmax(newest.probabilities))
        shade = class_colours(theme, newest.class_names)[index] if self.age_s() is None else theme.faint
        sign = meaning(newest.class_names[index], index).sign
        sign_font = font(theme, large.pixelSize() / theme.scale * 0.55, QFont.Bold)
        label = shown_name(newest.label or "")
        write(painter, QRectF(14, 0, width - 40, height), label, large, colour(shade))
        x = 14 + min(width - 40, text_width(label, large)) + 12
        write(painter, QRectF(x, 2, 40, height), sign, sign_font, colour(shade, 0.85))

    def _paint_second_line(self, painter: QPainter) -> None:
        text, shade = self._second_line()
        write(painter, QRectF(self._line_place), text, font(self.theme, 13), colour(shade))

    def _second_line(self) -> tuple[str, str]:
        """Return the line under the label, and its colour; the age in steps that the eye can follow."""
        newest = self.history.newest
        if newest is None or newest.withheld:
            return "", self.theme.muted
        ago = max(0.0, time.perf_counter() - newest.t_ready)
        when = f"{round(ago, 2) * 1e3:.0f} ms ago" if ago < 0.95 else f"{ago:.0f} s ago"
        if self.age_s() is not None:
            return f"the last answer, {when}; nothing new comes", self.theme.warn
        return f"confidence {float(newest.probabilities.max()):.2f} · decided {when}", self.theme.muted

    def _paint_silence(self, painter: QPainter, place: QRectF, newest: Prediction | None) -> None:
        theme = self.theme
        progress = self.session.status.baseline_progress_s
        title = "Withheld" if newest is not None and progress is None else "Rest" if progress else "No answer yet"
        reason = newest.withheld if newest is not None and progress is None else _waiting(progress)
        head = QRectF(place.left(), place.top() + 4, place.width(), 36)
        write(painter, head, title, font(theme, 28, QFont.Bold, spacing=-0.4), colour(theme.warn if newest else theme.faint))
        box = QRectF(place.left(), head.bottom() + 2, place.width(), place.bottom() - head.bottom() + 6)
        painter.setFont(font(theme, 13))
        painter.setPen(colour(theme.muted))
        painter.drawText(box, int(Qt.AlignLeft | Qt.AlignTop | Qt.TextWordWrap), reason or "")

    def _tracks(self, place: QRectF) -> list[QRectF]:
        """Return where the bars run."""
        words, names = font(self.theme, 13, QFont.Medium), self.history.class_names
        label_width = min(place.width() * 0.5, max(text_width(shown_name(n), words) for n in names) + 32)
        left, step = place.left() + label_width, min(32.0, place.height() / len(names))
        width = place.width() - label_width - 50
        return [QRectF(left, place.top() + (k + 0.5) * step - 5.5, width, 11) for k in range(len(names))]

    def _paint_tracks(self, painter: QPainter, place: QRectF, withheld: bool) -> None:
        """Paint what each bar is called, and what it runs on."""
        names, theme, words = self.history.class_names, self.theme, font(self.theme, 13, QFont.Medium)
        ink = colour(theme.faint if withheld else theme.text)
        shades = class_colours(theme, names)
        for k, (name, track) in enumerate(zip(names, self._tracks(place), strict=True)):
            y, sign = track.center().y(), meaning(name, k).sign
            shade = colour(shades[k], 0.25 if withheld else 1.0)
            write(painter, QRectF(place.left(), y - 10, 16, 20), sign, font(theme, 10), shade)
            box = QRectF(place.left() + 18, y - 10, track.left() - place.left() - 18, 20)
            write(painter, box, shown_name(name), words, ink)
            pill(painter, track, colour(theme.raised))

    def _paint_bars(self, painter: QPainter, place: QRectF, withheld: bool) -> None:
        names, theme, figures = self.history.class_names, self.theme, font(self.theme, 13, QFont.DemiBold)
        ink, strength = colour(theme.faint if withheld else theme.text), 0.25 if withheld else 1.0
        values = np.nan_to_num(self.shown).tolist()
        for track, shade, value in zip(self._tracks(place), class_colours(theme, names), values, strict=True):
            if value > 0.004:
                width = max(track.height(), track.width() * value)
                pill(painter, QRectF(track.left(), track.top(), width, track.height()), colour(shade, strength))
            text = "–" if withheld else f"{value * 100:.0f} %"
            write(painter, QRectF(track.right() + 4, track.center().y() - 10, 46, 20), text, figures, ink, align=RIGHT)

    def _paint_axis(self, painter: QPainter, place: QRectF) -> None:
        theme = self.theme
        y, left, right = place.top() + 12, place.left() + 6, place.right() - 6
        small = font(theme, 11)
        line(painter, (left, y), (right, y), colour(theme.border), 2.0)
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = left + share * (right - left)
            line(painter, (x, y - 3), (x, y + 3), colour(theme.border), 1.5)
        write(painter, QRectF(left - 6, y + 8, 120, 18), "− unpleasant", small, colour(theme.muted))
        write(painter, QRectF(right - 114, y + 8, 120, 18), "pleasant +", small, colour(theme.muted), align=RIGHT)
        write(painter, QRectF((left + right) / 2 - 50, y + 8, 100, 18), "valence", small, colour(theme.faint), align=CENTRE)

    def _paint_valence(self, painter: QPainter, place: QRectF, valence: float) -> None:
        theme, y = self.theme, place.top() + 12
        x = place.left() + 6 + (valence + 1) / 2 * (place.width() - 12)
        shade = theme.valences[0 if valence < -0.2 else 2 if valence > 0.2 else 1]
        pill(painter, QRectF(x - 8, y - 8, 16, 16), colour(theme.card))
        pill(painter, QRectF(x - 6, y - 6, 12, 12), colour(shade))

    def _paint_plane(self, painter: QPainter, place: QRectF, withheld: bool) -> None:
        """Valence to the right, arousal upwards, and where the prediction has been."""
        theme = self.theme
        centre, radius = place.center(), place.width() / 2 - 16
        painter.setPen(colour(theme.border))
        painter.setBrush(colour(theme.raised))
        painter.drawEllipse(centre, radius, radius)
        line(painter, (centre.x() - radius, centre.y()), (centre.x() + radius, centre.y()), colour(theme.border))
        line(painter, (centre.x(), centre.y() - radius), (centre.x(), centre.y() + radius), colour(theme.border))
        small = font(theme, 10)
        write(painter, QRectF(centre.x() - 40, place.top() - 1, 80, 16), "aroused", small, colour(theme.muted), align=CENTRE)
        write(painter, QRectF(centre.x() - 40, place.bottom() - 15, 80, 16), "calm", small, colour(theme.muted), align=CENTRE)
        for k, (valence, arousal) in enumerate(self._places):
            age = (k + 1) / len(self._places)
            dot = QPointF(centre.x() + valence * radius, centre.y() - arousal * radius)
            size = 7.0 if k == len(self._places) - 1 and not withheld else 2.5
            pill(painter, QRectF(dot.x() - size, dot.y() - size, 2 * size, 2 * size), colour(theme.accent, round(age**2, 2)))


def _waiting(progress: tuple[float, float] | None) -> str:
    if progress is not None:
        return f"Please rest: {progress[0]:.0f} of {progress[1]:.0f} s of baseline taken."
    return "The first answer comes when the first windows are complete."

"""The time course of a session as a picture: what was presented, what the model said, where it said nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PyQt5.QtCore import QBuffer, QIODevice, QPointF, QRectF, Qt
from PyQt5.QtGui import QImage, QPainter, QPen, QPolygonF

from app.experiment.findings import Findings
from app.gui.application import make_application
from app.gui.theme import LIGHT, Theme, colour, font
from app.session.recorded_session import RecordedSession
from sclcm_core.types import Prediction

WIDTH, HEIGHT = 1600, 620
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 70, 110


def time_course(session: RecordedSession, findings: Findings, theme: Theme = LIGHT) -> bytes:
    """Draw the time course of a session.

    Parameters
    ----------
    session : RecordedSession
        The recording.
    findings : Findings
        What was presented.
    theme : Theme
        Colours and fonts.

    Returns
    -------
    bytes
        A PNG.
    """
    application = make_application()  # held until the end: without it there are no fonts
    image = QImage(WIDTH, HEIGHT, QImage.Format_RGB32)
    image.fill(colour(theme.card))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.Antialiasing)
    plot = _Plot(painter, theme, session.t_first, max(session.t_last, session.t_first + 1.0))
    plot.presentations(findings)
    plot.frame()
    plot.withheld(session.predictions)
    plot.probabilities(session.predictions, findings.class_names)
    plot.legend(findings.class_names)
    painter.end()
    application.processEvents()
    return _png(image)


class _Plot:
    """A painter with axes: time in s from left to right, probability from the bottom to the top."""

    def __init__(self, painter: QPainter, theme: Theme, t_start: float, t_end: float) -> None:
        self._painter, self._theme = painter, theme
        self._t_start, self._t_end = t_start, t_end

    def _x(self, t: float) -> float:
        share = (t - self._t_start) / (self._t_end - self._t_start)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def _y(self, probability: float) -> float:
        return HEIGHT - BOTTOM - probability * (HEIGHT - TOP - BOTTOM)

    def presentations(self, findings: Findings) -> None:
        """Shade each presentation by its label, and write what it was."""
        labels = list(dict.fromkeys([*findings.class_names, *(one.span.label for one in findings.presentations)]))
        painter, theme = self._painter, self._theme
        painter.setFont(font(theme, 13))
        for number, one in enumerate(findings.presentations):
            x = self._x(one.span.t_start)
            rect = QRectF(x, TOP - 26, self._x(one.span.t_end) - x, HEIGHT - TOP - BOTTOM + 26)
            painter.fillRect(rect, colour(_of(theme, labels.index(one.span.label)), 0.13))
            painter.setPen(colour(theme.muted))
            words = QRectF(x, HEIGHT - BOTTOM + 26 + 18 * (number % 2), max(rect.width(), 120), 18)
            painter.drawText(words, Qt.AlignLeft, one.span.name)

    def frame(self) -> None:
        """Draw the axes."""
        painter, theme = self._painter, self._theme
        painter.setFont(font(theme, 13))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            painter.setPen(QPen(colour(theme.border), 1))
            painter.drawLine(QPointF(LEFT, self._y(share)), QPointF(WIDTH - RIGHT, self._y(share)))
            painter.setPen(colour(theme.muted))
            painter.drawText(QRectF(0, self._y(share) - 9, LEFT - 10, 18), Qt.AlignRight, f"{share:g}")
        for t in _ticks(self._t_end - self._t_start):
            painter.drawText(QRectF(self._x(self._t_start + t) - 40, HEIGHT - BOTTOM + 6, 80, 18), Qt.AlignCenter, f"{t:g} s")

    def withheld(self, predictions: Sequence[Prediction]) -> None:
        """Mark below the plot where nothing was said."""
        for prediction in predictions:
            if prediction.withheld is not None:
                x = self._x(prediction.t_end)
                self._painter.fillRect(QRectF(x - 1, HEIGHT - BOTTOM + 1, 2, 5), colour(self._theme.bad))

    def probabilities(self, predictions: Sequence[Prediction], class_names: Sequence[str]) -> None:
        """Draw a line for each class, interrupted where nothing was said."""
        for k in range(len(class_names)):
            self._painter.setPen(QPen(colour(_of(self._theme, k)), 2))
            for run in _runs(predictions):
                points = [QPointF(self._x(p.t_end), self._y(float(p.probabilities[k]))) for p in run]
                self._painter.drawPolyline(QPolygonF(points))

    def legend(self, class_names: Sequence[str]) -> None:
        """Say which line is which class."""
        painter, theme, x = self._painter, self._theme, LEFT
        painter.setFont(font(theme, 15, 63))
        for k, name in enumerate(class_names):
            painter.setPen(colour(_of(theme, k)))
            painter.drawText(QRectF(x, 10, 400, 24), Qt.AlignLeft, name)
            x += painter.fontMetrics().horizontalAdvance(name) + 28
        painter.setPen(colour(theme.bad))
        painter.setFont(font(theme, 13))
        painter.drawText(QRectF(WIDTH - RIGHT - 400, 10, 400, 24), Qt.AlignRight, "red below the axis: withheld")


def _of(theme: Theme, number: int) -> str:
    return theme.classes[number % len(theme.classes)]


def _runs(predictions: Sequence[Prediction]) -> list[list[Prediction]]:
    runs: list[list[Prediction]] = [[]]
    for prediction in predictions:
        if prediction.withheld is None:
            runs[-1].append(prediction)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _ticks(duration_s: float) -> list[float]:
    """Return about ten round numbers of seconds."""
    rough = duration_s / 10
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [float(t) for t in np.arange(0, duration_s, step)]


def _png(image: QImage) -> bytes:
    memory = QBuffer()
    memory.open(QIODevice.WriteOnly)
    image.save(memory, "PNG")
    return bytes(memory.data())

"""The self-assessment manikin: five figures over nine steps, drawn and not photographed."""

from __future__ import annotations

import math

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QFont, QPainter, QPainterPath, QPen

from app.gui.theme import Theme, colour, font

QUESTIONS = {
    "valence": ("How pleasant was it?", "unpleasant", "pleasant"),
    "arousal": ("How stirring was it?", "calm", "excited"),
    "dominance": ("How much in control were you?", "controlled", "in control"),
}
"""The question of each scale, and its two ends (Bradley & Lang 1994, doi:10.1016/0005-7916(94)90063-9)."""

N_STEPS = 9


def step_rects(width: float, height: float) -> list[QRectF]:
    """Return where the nine steps stand on a screen, in pixels, from 1 to 9."""
    side = min(width / (N_STEPS + 2), height / 5)
    left, top = (width - N_STEPS * side) / 2, height * 0.46
    return [QRectF(left + k * side, top, side, side * 1.25) for k in range(N_STEPS)]


def paint_scale(painter: QPainter, theme: Theme, size: tuple[float, float], scale: str, hovered: int) -> None:
    """Draw the question, the figures and the steps.

    Parameters
    ----------
    painter : QPainter
        On the screen.
    theme : Theme
        Colours and fonts.
    size : (float, float)
        Width and height of the screen in pixels.
    scale : str
        One of `QUESTIONS`.
    hovered : int
        The step under the mouse, from 1; 0 for none.
    """
    width, height = size
    question, low, high = QUESTIONS[scale]
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(colour(theme.text))
    painter.setFont(font(theme, 34, QFont.DemiBold))
    painter.drawText(QRectF(0, height * 0.16, width, 60), Qt.AlignCenter, question)
    rects = step_rects(width, height)
    for number, rect in enumerate(rects, start=1):
        _step(painter, theme, rect, number, is_hovered=number == hovered)
        if number % 2:
            figure = QRectF(rect.left(), rect.top() - rect.width() * 1.35, rect.width(), rect.width() * 1.2)
            _figure(painter, theme, figure, scale, (number - 1) / (N_STEPS - 1))
    painter.setFont(font(theme, 18))
    painter.setPen(colour(theme.muted))
    bottom = rects[0].bottom() + 12
    painter.drawText(QRectF(rects[0].left(), bottom, 300, 30), Qt.AlignLeft, low)
    painter.drawText(QRectF(rects[-1].right() - 300, bottom, 300, 30), Qt.AlignRight, high)
    painter.drawText(QRectF(0, height * 0.86, width, 30), Qt.AlignCenter, "Press 1 to 9, or click.")


def _step(painter: QPainter, theme: Theme, rect: QRectF, number: int, *, is_hovered: bool) -> None:
    inner = rect.adjusted(4, 4, -4, -4)
    painter.setPen(QPen(colour(theme.accent if is_hovered else theme.border), 3 if is_hovered else 2))
    painter.setBrush(colour(theme.raised))
    painter.drawRoundedRect(inner, 10, 10)
    painter.setPen(colour(theme.text))
    painter.setFont(font(theme, 26, QFont.DemiBold))
    painter.drawText(inner, Qt.AlignCenter, str(number))


def _figure(painter: QPainter, theme: Theme, rect: QRectF, scale: str, share: float) -> None:
    """Draw a manikin; `share` is where it stands between the ends of its scale, 0..1."""
    factor = 0.45 + 0.55 * share if scale == "dominance" else 0.9
    side = rect.width() * factor
    head = QRectF(0, 0, side * 0.62, side * 0.62)
    head.moveCenter(QPointF(rect.center().x(), rect.bottom() - side * 0.78))
    body = QRectF(0, 0, side * 0.8, side * 0.46)
    body.moveCenter(QPointF(rect.center().x(), rect.bottom() - side * 0.24))
    painter.setPen(QPen(colour(theme.text), 2.5))
    painter.setBrush(colour(theme.card))
    painter.drawRoundedRect(body, 8, 8)
    painter.drawEllipse(head)
    eye = head.width() * 0.09
    painter.setBrush(colour(theme.text))
    for sign in (-1, 1):
        painter.drawEllipse(QPointF(head.center().x() + sign * head.width() * 0.2, head.top() + head.height() * 0.4), eye, eye)
    painter.setBrush(Qt.NoBrush)
    _mouth(painter, head, 2 * share - 1 if scale == "valence" else 0.0)
    if scale == "arousal":
        _burst(painter, theme, body, share)


def _mouth(painter: QPainter, head: QRectF, smile: float) -> None:
    y, reach = head.top() + head.height() * 0.68, head.width() * 0.24
    path = QPainterPath(QPointF(head.center().x() - reach, y - smile * reach * 0.35))
    path.quadTo(
        QPointF(head.center().x(), y + smile * reach * 0.9), QPointF(head.center().x() + reach, y - smile * reach * 0.35)
    )
    painter.drawPath(path)


def _burst(painter: QPainter, theme: Theme, body: QRectF, share: float) -> None:
    """Draw what stirs inside: a dot when calm, a star when excited."""
    painter.setBrush(colour(theme.accent))
    painter.setPen(Qt.NoPen)
    centre, reach = body.center(), body.height() * (0.08 + 0.38 * share)
    star = QPainterPath()
    for k in range(16):
        long = reach if k % 2 == 0 else reach * (1 - 0.55 * share)
        angle = k / 16 * 2 * math.pi
        point = QPointF(centre.x() + long * math.cos(angle), centre.y() + long * math.sin(angle))
        if k:
            star.lineTo(point)
        else:
            star.moveTo(point)
    star.closeSubpath()
    painter.drawPath(star)

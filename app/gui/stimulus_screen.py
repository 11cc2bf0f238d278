"""The screen that a person looks at during a protocol. What it shows is stamped right after it was painted."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QPoint, QRectF, Qt
from PyQt5.QtGui import QCloseEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PyQt5.QtWidgets import QApplication, QWidget

from app.acquisition.lsl_network import local_clock
from app.experiment.protocol import Protocol
from app.experiment.schedule import Step, StepKind
from app.gui.media import PLAYED, MediaPlayer, needs_player
from app.gui.sam import paint_scale, step_rects
from app.gui.theme import DARK, Theme, colour, font
from sclcm_core.errors import SclcmError


class StimulusScreen(QWidget):
    """Shows steps, and hears keys and the mouse.

    Parameters
    ----------
    protocol : Protocol
        Whose images are loaded beforehand: nothing is read from the disk while it runs.
    theme : Theme
        Colours and fonts.

    Attributes
    ----------
    on_press, on_abort : callable or None
        The space bar; Escape, or the window was closed.
    on_rate : callable or None
        Called with scale, value (1 to 9) and time in s on the LSL clock.
    """

    def __init__(self, protocol: Protocol, theme: Theme = DARK) -> None:
        super().__init__()
        self.setWindowTitle(protocol.title or protocol.name)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.resize(1280, 800)
        self.theme = theme
        self.on_press: Callable[[], None] | None = None
        self.on_abort: Callable[[], None] | None = None
        self.on_rate: Callable[[str, int, float], None] | None = None
        self.t_painted = 0.0
        self._step = Step(StepKind.INSTRUCTIONS, "")
        self._second, self._why, self._rated, self._hovered = -1, "", 0, 0
        self._images = {s.file: _image(s.file) for s in protocol.stimuli if s.kind == "image" and s.file}
        self._player = MediaPlayer(self) if needs_player(protocol.stimuli) else None
        for stimulus in protocol.stimuli:
            if self._player is not None and stimulus.kind in PLAYED:
                self._player.check(stimulus)

    # -- what the runner asks --------------------------------------------------------------------------------------------------

    def present(self, step: Step) -> float:
        """Show a step; return when it was painted and handed to the display, or began to play, in s on the LSL clock."""
        self._step, self._why, self._rated, self._hovered = step, "", 0, 0
        self._second = math.ceil(step.duration_s or 0)
        if self._player is not None:
            self._player.stop()
        self.repaint()  # paints now, and flushes the picture to the display before it returns
        QApplication.flush()
        if self._player is not None and step.kind is StepKind.STIMULUS and step.stimulus and step.stimulus.kind in PLAYED:
            return self._player.play(step.stimulus, (self.width(), self.height()))
        return local_clock()

    @property
    def step(self) -> Step:
        """What is shown."""
        return self._step

    def tell(self, step: Step, left_s: float | None, why_waiting: str) -> None:
        """Repaint when the seconds of a countdown change, or the reason to wait does."""
        second = math.ceil(left_s) if left_s is not None and step.kind is StepKind.COUNTDOWN else self._second
        if (second, why_waiting) != (self._second, self._why):
            self._second, self._why = second, why_waiting
            self.repaint()

    # -- what the person does --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Space goes on or pauses, digits rate, Escape ends."""
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key_Escape and self.on_abort:
            self.on_abort()
        elif Qt.Key_1 <= event.key() <= Qt.Key_9:
            self._rate(event.key() - Qt.Key_0)
        elif event.key() in (Qt.Key_Space, Qt.Key_Return, Qt.Key_Enter) and self.on_press:
            self.on_press()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Show which step of a scale is under the mouse."""
        hovered = self._at(event.pos())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Rate by a click."""
        value = self._at(event.pos())
        if value:
            self._rate(value)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """End the protocol with the window."""
        if self._player is not None:
            self._player.stop()
        if self.on_abort:
            self.on_abort()
        event.accept()

    def _rate(self, value: int) -> None:
        if self._step.kind is not StepKind.RATING or self._rated >= len(self._step.scales) or self.on_rate is None:
            return
        scale = self._step.scales[self._rated]
        self._rated += 1
        self.on_rate(scale, value, local_clock())
        self.update()

    def _at(self, place: QPoint) -> int:
        if self._step.kind is not StepKind.RATING:
            return 0
        rects = step_rects(self.width(), self.height())
        return next((k for k, rect in enumerate(rects, start=1) if rect.contains(place)), 0)

    # -- painting --------------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the present step."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), colour(self.theme.window))
        step = self._step
        if step.kind is StepKind.RATING:
            scale = step.scales[min(self._rated, len(step.scales) - 1)]
            paint_scale(painter, self.theme, (self.width(), self.height()), scale, self._hovered)
        elif step.kind is StepKind.STIMULUS:
            self._paint_stimulus(painter, step)
        elif step.kind in (StepKind.PAUSE, StepKind.REST):
            self._paint_cross(painter, self._why or (step.text if step.kind is StepKind.REST else ""))
        else:
            self._paint_words(painter, step)
        painter.end()
        self.t_painted = local_clock()

    def _paint_stimulus(self, painter: QPainter, step: Step) -> None:
        image = self._images.get(step.stimulus.file) if step.stimulus and step.stimulus.file else None
        if image is None:
            self._write(painter, step.text, QRectF(self.rect()), 64, QFont.DemiBold)
            return
        room = self.rect().adjusted(40, 40, -40, -120 if step.text else -40)
        size = image.size().scaled(room.size(), Qt.KeepAspectRatio)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(QRectF(room).center())
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        painter.drawPixmap(target, image, QRectF(image.rect()))
        self._write(painter, step.text, QRectF(0, self.height() - 110, self.width(), 80), 28)

    def _paint_cross(self, painter: QPainter, text: str) -> None:
        x, y = self.width() / 2, self.height() / 2
        painter.setPen(QPen(colour(self.theme.muted), 4))
        painter.drawLine(round(x - 22), round(y), round(x + 22), round(y))
        painter.drawLine(round(x), round(y - 22), round(x), round(y + 22))
        self._write(painter, text, QRectF(0, y + 90, self.width(), 90), 24)

    def _paint_words(self, painter: QPainter, step: Step) -> None:
        middle = QRectF(self.rect()).adjusted(self.width() * 0.12, 0, -self.width() * 0.12, -self.height() * 0.15)
        if step.kind is StepKind.COUNTDOWN:
            self._write(painter, str(max(self._second, 1)), middle, 120, QFont.DemiBold)
            self._write(painter, step.text, QRectF(0, self.height() * 0.68, self.width(), 60), 26)
            return
        self._write(painter, step.text, middle, 34)
        hint = "Press the space bar to go on." if step.kind is StepKind.INSTRUCTIONS else "Press Escape to close."
        painter.setPen(colour(self.theme.muted))
        painter.setFont(font(self.theme, 20))
        painter.drawText(QRectF(0, self.height() * 0.86, self.width(), 40), Qt.AlignCenter, hint)

    def _write(self, painter: QPainter, text: str, room: QRectF, size: float, weight: int = QFont.Normal) -> None:
        painter.setPen(colour(self.theme.text))
        painter.setFont(font(self.theme, size, weight))
        painter.drawText(room, Qt.AlignCenter | Qt.TextWordWrap, text)


def _image(path: Path) -> QPixmap:
    image = QPixmap(str(path))
    if image.isNull():
        raise SclcmError(f"'{path}' is no image that can be shown.", "Export it as PNG or JPEG.")
    return image

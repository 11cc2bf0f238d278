"""The top of the window: what this is, where the data come from, how it is going, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QFontMetrics, QIcon, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from app.acquisition.source import Phase
from app.gui.painting import pill, polygon, text_width, write
from app.gui.session_like import SessionLike
from app.gui.theme import DARK, Theme, colour, font, on

if TYPE_CHECKING:
    from app.session.session import SessionStatus

LONGEST_TITLE = 16
"""Letters of a person's name over a panel."""
_SHORTEST_NAME = 34
_GAP = 10
_BUTTON_GAP = 8

PHASE_WORDS = {
    Phase.SEARCHING: "Looking for the stream",
    Phase.CONNECTING: "Connecting",
    Phase.STREAMING: "Streaming",
    Phase.STALLED: "No samples come",
    Phase.PAUSED: "Paused",
    Phase.LOST: "Stream lost",
    Phase.RECOVERED: "Recovered",
    Phase.CHANGED: "Stream changed",
    Phase.ENDED: "Ended",
    Phase.FAILED: "Failed",
}


def phase_tone(phase: Phase) -> str:
    """Return how a phase is: good, warn, bad or idle."""
    if phase in (Phase.STREAMING, Phase.RECOVERED):
        return "good"
    if phase in (Phase.LOST, Phase.FAILED, Phase.CHANGED):
        return "bad"
    return "idle" if phase in (Phase.ENDED, Phase.PAUSED) else "warn"


class OriginBadge(QWidget):
    """SIMULATED, REPLAY or LIVE, in a colour of its own; it cannot be hidden.

    Parameters
    ----------
    height : int
        Height in logical pixels.
    """

    def __init__(self, parent: QWidget | None = None, height: int = 28) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.text = ""
        self._origin = ""
        self._height = height
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Fixed)

    def show_origin(self, origin: str, model_simulated: bool) -> None:
        """Say where the samples come from, and whether the model has seen real EEG."""
        text = {"simulated": "SIMULATED", "replay": "REPLAY", "live": "LIVE"}.get(origin, "")
        if text and text != "SIMULATED" and model_simulated:
            text += " · SIMULATION-TRAINED MODEL"
        if (text, origin) != (self.text, self._origin):
            self.text, self._origin = text, origin
            self.setAccessibleName(f"Data: {text}")
            self.setToolTip(_ORIGIN_WORDS.get(origin, ""))
            self.updateGeometry()
            self.update()

    def surface(self) -> str:
        """Return the colour of the badge."""
        theme = self.theme
        return {"simulated": theme.simulated, "replay": theme.replay}.get(self._origin, theme.live)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of the text and its margins."""
        if not self.text:
            return QSize(0, self._height)
        return QSize(
            round(text_width(self.text, self._font())) + round(self._height * 1.75), round(self._height * self.theme.scale)
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint a full, rounded sign."""
        if not self.text:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        surface = self.surface()
        place = QRectF(self.rect())
        pill(painter, place, colour(surface), place.height() / 3.6)
        ink, dot = colour(on(surface)), place.height() * 0.26
        middle = place.center().y()
        pill(painter, QRectF(place.height() * 0.42, middle - dot / 2, dot, dot), ink)
        write(painter, place.adjusted(place.height() * 0.9, 0, 0, 0), self.text, self._font(), ink)

    def _font(self) -> QFont:
        return font(self.theme, self._height * 0.45, QFont.Bold, spacing=1.1)


_ORIGIN_WORDS = {
    "simulated": "The EEG is made by a program. No person wears a headset.",
    "replay": "The EEG was recorded before, and is played back.",
    "live": "The EEG comes from a device now.",
}


class PhasePill(QWidget):
    """What is going on, in a word, with a light."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.text = ""
        self.is_brief = False
        self._tone = "warn"
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Fixed)

    def show_status(self, status: SessionStatus) -> None:
        """Say what is going on."""
        spec = status.spec
        is_flowing = phase_tone(status.phase) == "good" and not self.is_brief
        detail = f" · {spec.n_channels} ch · {spec.sfreq:g} Hz" if spec and is_flowing else ""
        text, tone = PHASE_WORDS[status.phase] + detail, phase_tone(status.phase)
        if (text, tone) != (self.text, self._tone):
            self.text, self._tone = text, tone
            self.setAccessibleName(f"State: {text}")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of the text and its margins."""
        return QSize(round(text_width(self.text, font(self.theme, 13))) + 42, round(28 * self.theme.scale))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the light and the word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        theme = self.theme
        shade = {"good": theme.good, "warn": theme.warn, "bad": theme.bad, "idle": theme.muted}[self._tone]
        place = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        pill(painter, place, colour(shade, 0.13), place.height() / 3.6)
        pill(painter, QRectF(13, place.center().y() - 4, 8, 8), colour(shade))
        write(painter, place.adjusted(29, 0, 0, 0), self.text, font(theme, 13), colour(shade))


class Mark(QWidget):
    """The sign of the program: a head that listens on both sides."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self.setFixedSize(26, 26)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint a circle, a nose, and a wave between two electrodes."""
        paint_mark(QPainter(self), QRectF(self.rect()), self.theme)


def paint_mark(painter: QPainter, place: QRectF, theme: Theme) -> None:
    """Paint the sign of the program into a square."""
    painter.setRenderHint(QPainter.Antialiasing)
    side = place.width()
    centre, radius = place.center() + QPointF(0, side * 0.03), side * 0.40
    painter.setPen(QPen(colour(theme.accent), side * 0.07))
    painter.setBrush(Qt.NoBrush)
    painter.drawEllipse(centre, radius, radius)
    t = np.linspace(-1, 1, 41)
    wave = np.stack([centre.x() + t * radius * 0.72, centre.y() - np.sin(3 * np.pi * t) * radius * 0.42 * (1 - t**2)], axis=1)
    painter.drawPolyline(polygon(wave))
    for direction in (-1, 1):
        spot = QRectF(0, 0, side * 0.2, side * 0.2)
        spot.moveCenter(QPointF(centre.x() + direction * radius, centre.y()))
        pill(painter, spot, colour(theme.simulated if direction < 0 else theme.good))


def icon(theme: Theme) -> QIcon:
    """Return the sign of the program for the task bar."""
    picture = QPixmap(64, 64)
    picture.fill(Qt.transparent)
    painter = QPainter(picture)
    paint_mark(painter, QRectF(2, 2, 60, 60), theme)
    painter.end()
    return QIcon(picture)


class Header(QWidget):
    """Sign, badge, state, and buttons.

    Parameters
    ----------
    session : SessionLike
        What is talked about.
    """

    def __init__(self, session: SessionLike, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.theme: Theme = DARK
        self.mark, self.badge, self.phase = Mark(), OriginBadge(), PhasePill()
        self.title = QLabel("SCLCM Live")
        self.title.setObjectName("app-title")
        self.name = self.title.text()
        self._wide: list[QPushButton] = []
        self._folded: QPushButton | None = None
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(_BUTTON_GAP)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 10, 12, 8)
        layout.setSpacing(_GAP)
        for widget in (self.mark, self.title, self.badge, self.phase):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(self._buttons)

    def be_brief(self, title: str) -> None:
        """Stand over a panel: a name in place of the program's, and the state in a word."""
        self.name = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
        self.title.setToolTip(title)
        self.mark.hide()
        self.phase.is_brief = True
        self._share_room()

    def add_button(self, text: str, tip: str, menu: QMenu | None = None) -> QPushButton:
        """Add a button on the right and return it."""
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.TabFocus)
        if menu is not None:
            button.setMenu(menu)
        self._buttons.addWidget(button)
        self._wide.append(button)
        return button

    def fold_into(self, menu: QMenu) -> None:
        """Take a menu that holds all that the buttons so far do: it stands in for them where they have no room."""
        self._folded = QPushButton("Menu")
        self._folded.setFocusPolicy(Qt.TabFocus)
        self._folded.setMenu(menu)
        self._folded.hide()
        self._buttons.addWidget(self._folded)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Fold the buttons, and shorten the name, where there is no room for them."""
        self._share_room()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return how narrow it may become: folded, where it can be."""
        hint = super().minimumSizeHint()
        return QSize(0, hint.height()) if self._folded else hint

    def _share_room(self) -> None:
        """Give a panel's header the buttons, or the menu in place of them, and as much of the name as there is room for."""
        if self._folded is None:
            return
        metrics = QFontMetrics(self.title.font())
        signs = sum(sign.sizeHint().width() + _GAP for sign in (self.badge, self.phase))
        room = self.width() - 14 - 12 - 2 * _GAP - signs
        wide = sum(button.sizeHint().width() + _BUTTON_GAP for button in self._wide) - _BUTTON_GAP
        is_folded = room < wide + metrics.horizontalAdvance(self.name)
        for button in self._wide:
            button.setHidden(is_folded)
        self._folded.setVisible(is_folded)
        left = room - (self._folded.sizeHint().width() if is_folded else wide)
        self.title.setText(metrics.elidedText(self.name, Qt.ElideRight, max(left, _SHORTEST_NAME)))

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        self.theme = theme
        for part in (self.mark, self.badge, self.phase):
            part.theme = theme
            part.updateGeometry()
            part.update()
        self._share_room()

    def refresh(self) -> None:
        """Look at the session."""
        spec = self.session.spec
        self.phase.show_status(self.session.status)
        self.badge.show_origin(spec.origin if spec else "", self.session.manifest.simulated)
        self._share_room()

"""Play, pause, seek, speed and loop, for recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from app.gui.session_like import SessionLike, Transport, transport_of

if TYPE_CHECKING:
    from app.session.truth import TruthScore

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
TICKS = 10_000


class TransportBar(QWidget):
    """Hidden unless the session replays a recording.

    Parameters
    ----------
    session : SessionLike
        Whose replay is moved.
    """

    def __init__(self, session: SessionLike, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self._session = session
        self.play = QPushButton("Pause")
        self.play.setAccessibleName("Play or pause the recording")
        self.play.clicked.connect(lambda _: self.toggle())
        self.slider = QSlider(Qt.Horizontal)
        self.slider.setRange(0, TICKS)
        self.slider.setAccessibleName("Position in the recording")
        self.slider.sliderReleased.connect(self._seek)
        self.slider.actionTriggered.connect(lambda _: None if self.slider.isSliderDown() else self._seek_soon())
        self.where, self.score = QLabel(), QLabel()
        self.score.setObjectName("transport-score")
        self.speed = QComboBox()
        self.speed.addItems([f"{s:g}×" for s in SPEEDS])
        self.speed.setToolTip("Pace relative to the clock")
        self.speed.setAccessibleName("Speed of the replay")
        self.speed.activated[int].connect(self._set_speed)
        self.loop = QPushButton("Loop")
        self.loop.setCheckable(True)
        self.loop.setToolTip("Begin again at the end")
        self.loop.clicked[bool].connect(self._set_loop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 0, 14, 10)
        layout.setSpacing(10)
        for widget, stretch in (
            (self.play, 0),
            (self.slider, 1),
            (self.where, 0),
            (self.score, 0),
            (self.speed, 0),
            (self.loop, 0),
        ):
            layout.addWidget(widget, stretch)
        self.show_session(session)

    def show_session(self, session: SessionLike) -> None:
        """Move the replay of another session; hide when it has none."""
        self._session = session
        self.setVisible(transport_of(session) is not None)

    def refresh(self) -> None:
        """Look where the replay stands."""
        transport = transport_of(self._session) if self.isVisible() else None
        if transport is None:
            return
        duration = self._duration_s(transport)
        self.play.setText("Play" if transport.is_paused else "Pause")
        if not self.slider.isSliderDown() and duration > 0:
            self.slider.setValue(round(TICKS * transport.position_s / duration))
        self.where.setText(f"{clock(transport.position_s)} / {clock(duration)}")
        self.loop.setChecked(transport.loop)
        self.speed.setCurrentIndex(min(range(len(SPEEDS)), key=lambda k: abs(SPEEDS[k] - transport.speed)))

    def show_score(self, score: TruthScore | None) -> None:
        """Show the running accuracy."""
        self.score.setText("" if score is None else f"{score.accuracy:.0%} of {score.n_compared} right")

    def toggle(self) -> None:
        """Play, or pause."""
        transport = transport_of(self._session)
        if transport is not None:
            (transport.play if transport.is_paused else transport.pause)()
            self.refresh()

    def _duration_s(self, transport: Transport) -> float:
        spec = self._session.spec
        return transport.n_samples / spec.sfreq if spec is not None else 0.0

    def _seek_soon(self) -> None:
        self.slider.setValue(self.slider.sliderPosition())
        self._seek()

    def _seek(self) -> None:
        transport = transport_of(self._session)
        if transport is not None:
            transport.seek(self.slider.value() / TICKS * self._duration_s(transport))

    def _set_speed(self, index: int) -> None:
        transport = transport_of(self._session)
        if transport is not None:
            transport.set_speed(SPEEDS[index])

    def _set_loop(self, loop: bool) -> None:
        transport = transport_of(self._session)
        if transport is not None:
            transport.set_loop(loop)


def clock(seconds: float) -> str:
    """Return minutes and seconds.

    Examples
    --------
    >>> clock(125.4), clock(3725.0)
    ('2:05', '1:02:05')
    """
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"

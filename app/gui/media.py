"""Video and sound by Qt's own player, where this machine has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PyQt5.QtCore import QUrl
from PyQt5.QtWidgets import QWidget

from app.experiment.protocol import Protocol, Stimulus
from sclcm_core.errors import SclcmError

PLAYED = ("video", "sound")


def check_media(protocol: Protocol) -> None:
    """Refuse a protocol that this machine cannot present, before anything is started.

    Parameters
    ----------
    protocol : Protocol
        With videos and sounds, or without.

    Raises
    ------
    SclcmError
        When it has some, and Qt's player cannot be loaded.
    """
    played = [stimulus.name for stimulus in protocol.stimuli if stimulus.kind in PLAYED]
    if not played:
        return
    try:
        from PyQt5 import QtMultimedia, QtMultimediaWidgets  # noqa: F401
    except ImportError as error:
        raise SclcmError(
            f"The protocol plays {', '.join(played)}, and Qt's player cannot be loaded here ({error}).",
            "Install what it needs (Debian: libpulse-mainloop-glib0, gstreamer1.0-plugins-good), or present with texts and images.",
        ) from error


class MediaPlayer:
    """Plays one stimulus at a time on a widget.

    Parameters
    ----------
    parent : QWidget
        On which videos are shown, filling it.
    """

    def __init__(self, parent: QWidget) -> None:
        from PyQt5.QtMultimedia import QMediaContent, QMediaPlayer
        from PyQt5.QtMultimediaWidgets import QVideoWidget

        self._content = QMediaContent
        self._screen: Any = QVideoWidget(parent)
        self._screen.hide()
        self._player: Any = QMediaPlayer(parent)
        self._player.setVideoOutput(self._screen)

    def play(self, stimulus: Stimulus, size: tuple[int, int]) -> None:
        """Begin a video or a sound; `size` is that of the screen in pixels."""
        self._player.setMedia(self._content(QUrl.fromLocalFile(str(stimulus.file))))
        if stimulus.kind == "video":
            self._screen.setGeometry(0, 0, *size)
            self._screen.show()
        self._player.play()

    def stop(self) -> None:
        """End what is being played."""
        self._player.stop()
        self._screen.hide()


def needs_player(stimuli: Iterable[Stimulus]) -> bool:
    """Tell whether any of some stimuli is a video or a sound."""
    return any(stimulus.kind in PLAYED for stimulus in stimuli)

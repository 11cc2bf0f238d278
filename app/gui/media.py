"""Video and sound by Qt's own player, where this machine has it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from PyQt5.QtCore import QEventLoop, QUrl
from PyQt5.QtWidgets import QApplication, QWidget

from app.acquisition.lsl_network import local_clock
from app.experiment.protocol import Protocol, Stimulus
from sclcm_core.errors import SclcmError

PLAYED = ("video", "sound")
PATIENCE_S = 5.0
"""A player that has not begun after this long, in s, never will."""

REMEDY = (
    "Install what it needs (Debian: libpulse-mainloop-glib0, gstreamer1.0-plugins-good, gstreamer1.0-libav), "
    "or present with texts and images."
)


def player_trouble() -> str:
    """Return why nothing can be played on this machine; empty when it can."""
    try:
        from PyQt5 import QtMultimedia, QtMultimediaWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt's player cannot be loaded here ({error})"
    return ""


def has_sound() -> bool:
    """Tell whether this machine has where to play a sound; only where there is a player."""
    from PyQt5.QtMultimedia import QAudioDeviceInfo

    return not QAudioDeviceInfo.defaultOutputDevice().isNull()


def check_media(protocol: Protocol) -> None:
    """Refuse a protocol that this machine cannot present, before anything is started.

    Parameters
    ----------
    protocol : Protocol
        With videos and sounds, or without.

    Raises
    ------
    SclcmError
        When it has some, and Qt's player cannot be loaded, or there is no sound output for a sound.
    """
    played = [stimulus.name for stimulus in protocol.stimuli if stimulus.kind in PLAYED]
    sounds = [stimulus.name for stimulus in protocol.stimuli if stimulus.kind == "sound"]
    if not played:
        return
    trouble = player_trouble()
    if trouble:
        raise SclcmError(f"The protocol plays {', '.join(played)}, and {trouble}.", REMEDY)
    if sounds and not has_sound():
        raise SclcmError(
            f"The protocol plays the sound {', '.join(sounds)}, and this machine has no sound output: nobody would hear it.",
            "Plug in loudspeakers or earphones, and see that the sound server runs.",
        )


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

    def check(self, stimulus: Stimulus) -> None:
        """Play the beginning of a stimulus without sound or picture; raise `SclcmError` when that does not work."""
        self._player.setMuted(True)
        try:
            self._begin(stimulus)
        finally:
            self.stop()
            self._player.setMuted(False)

    def play(self, stimulus: Stimulus, size: tuple[int, int]) -> float:
        """Begin a video or a sound, and wait until it runs.

        Parameters
        ----------
        stimulus : Stimulus
            What is played.
        size : (int, int)
            Of the screen in pixels.

        Returns
        -------
        float
            When it began, by the player's own position, in s on the LSL clock.

        Raises
        ------
        SclcmError
            When it cannot be played.
        """
        if stimulus.kind == "video":
            self._screen.setGeometry(0, 0, *size)
            self._screen.show()
        return self._begin(stimulus)

    def stop(self) -> None:
        """End what is being played."""
        self._player.stop()
        self._screen.hide()

    def _begin(self, stimulus: Stimulus) -> float:
        self._player.setMedia(self._content(QUrl.fromLocalFile(str(stimulus.file))))
        self._player.play()
        deadline = time.monotonic() + PATIENCE_S
        while not self._player.position():
            if self._player.error() or time.monotonic() > deadline:
                why = self._player.errorString() or f"the player has not begun within {PATIENCE_S:g} s"
                raise SclcmError(
                    f"The {stimulus.kind} '{stimulus.file}' of the stimulus '{stimulus.name}' cannot be played ({why}).",
                    "Try it in another player; export video as MP4 (H.264), sound as WAV.",
                )
            QApplication.processEvents(QEventLoop.ExcludeUserInputEvents, 5)
        return local_clock() - float(self._player.position()) / 1000.0


def needs_player(stimuli: Iterable[Stimulus]) -> bool:
    """Tell whether any of some stimuli is a video or a sound."""
    return any(stimulus.kind in PLAYED for stimulus in stimuli)

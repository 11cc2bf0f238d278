"""Sounds and videos are played, stamped when they begin, and refused in words when they cannot be."""

import wave
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QWidget

from app.acquisition.lsl_network import local_clock
from app.experiment.protocol import Protocol, Stimulus
from app.gui import media
from app.gui.media import MediaPlayer, check_media, player_trouble
from sclcm_core.errors import SclcmError

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(bool(player_trouble()), reason=f"nothing can be played: {player_trouble()}"),
]


def a_tone(path: Path) -> Stimulus:
    tone = (3000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(tone.tobytes())
    return Stimulus(name="tone", kind="sound", label="calm", file=path, duration_s=1.0)


def test_a_sound_is_stamped_when_it_began(qtbot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    player = MediaPlayer(parent)
    asked = local_clock()
    try:
        began = player.play(a_tone(tmp_path / "tone.wav"), (640, 480))
    except SclcmError as error:
        pytest.skip(f"this machine has no decoder: {error}")
    assert asked <= began + 0.005 and began <= local_clock()
    player.stop()


def test_a_file_that_cannot_be_played_is_refused_by_its_name(qtbot, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("no video")
    parent = QWidget()
    qtbot.addWidget(parent)
    clip = Stimulus(name="clip", kind="video", label="calm", file=path, duration_s=1.0)
    with pytest.raises(SclcmError, match=r"clip.mp4' of the stimulus 'clip' cannot be played"):
        MediaPlayer(parent).check(clip)


def test_a_sound_that_nobody_would_hear_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "has_sound", lambda: False)
    protocol = Protocol(name="p", rest_s=1.0, stimuli=(a_tone(tmp_path / "tone.wav"),))
    with pytest.raises(SclcmError, match="no sound output"):
        check_media(protocol)

"""Where a replay stands that runs in a process of its own."""

from __future__ import annotations

import threading
from typing import Protocol

from app.acquisition.transport import Standing


class Player(Protocol):
    """What plays a recording elsewhere, and is told what to do."""

    def pause(self) -> None:
        """Stand still."""
        ...

    def play(self) -> None:
        """Go on."""
        ...

    def seek(self, position_s: float) -> None:
        """Go to a position in s of the recording."""
        ...

    def set_speed(self, speed: float) -> None:
        """Set the pace relative to the clock."""
        ...

    def set_loop(self, loop: bool) -> None:
        """Set whether to begin again at the end."""
        ...


class RemoteTransport(Standing):
    """The transport of a replay through LSL, as `Transport` is that of one in this process; safe to use from several threads.

    Parameters
    ----------
    player : Player
        What is led.
    n_samples : int
        Length of the recording.
    sfreq : float
        Sampling rate in Hz.
    speed : float
        Pace relative to the clock.

    Notes
    -----
    The position is that of the newest sample that has come here, counted from the start or from where it was last sent to. What was
    under way at that moment is counted as if it came after, so it is ahead by no more than the samples of a block or two.
    """

    def __init__(self, player: Player, n_samples: int, sfreq: float, speed: float = 1.0) -> None:
        super().__init__(n_samples, sfreq, speed)
        self._player = player
        self._lock = threading.Lock()

    def heard(self, n_samples: int) -> None:
        """Take note of samples that came, or were lost on the way."""
        with self._lock:
            row = self._row + n_samples
            self._row = row % self.n_samples if self.loop and self.n_samples else min(row, self.n_samples)

    def pause(self) -> None:
        """Stand still."""
        self._player.pause()
        self._paused = True

    def play(self) -> None:
        """Go on."""
        self._player.play()
        self._paused = False

    def seek(self, position_s: float) -> None:
        """Go to a position in s of the recording."""
        self._player.seek(position_s)
        with self._lock:
            self._row = min(max(round(position_s * self._sfreq), 0), self.n_samples)

    def set_speed(self, speed: float) -> None:
        """Set the pace relative to the clock."""
        self._player.set_speed(speed)
        self._speed = speed

    def set_loop(self, loop: bool) -> None:
        """Set whether to begin again at the end."""
        self._player.set_loop(loop)
        self.loop = loop

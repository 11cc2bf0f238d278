"""Where a replay stands: play, pause, seek, loop, speed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

SPEEDS = (0.25, 20.0)
"""Slowest and fastest pace of a replay relative to the clock."""


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive samples of a recording that are due.

    Parameters
    ----------
    start, stop : int
        Rows of the recording.
    first : int
        Number of the first of them since the replay began; counts on through seeks and loops.
    t_first : float
        Capture time of the first of them, in s on the clock: with what follows one sampling interval apart, moved on by the
        time that the replay stood still.
    """

    start: int
    stop: int
    first: int
    t_first: float


class Standing:
    """Where a replay stands, as others see it.

    Parameters
    ----------
    n_samples : int
        Length of the recording.
    sfreq : float
        Sampling rate in Hz.
    speed : float
        Pace relative to the clock.
    loop : bool
        Whether to begin again at the end.
    """

    def __init__(self, n_samples: int, sfreq: float, speed: float, *, loop: bool = False) -> None:
        self.n_samples, self.loop = n_samples, loop
        self._sfreq, self._speed = sfreq, check_speed(speed)
        self._row = 0
        self._paused = False

    @property
    def position_s(self) -> float:
        """Where the replay stands, in s of the recording."""
        return self._row / self._sfreq

    @property
    def is_paused(self) -> bool:
        """Whether the replay stands still."""
        return self._paused

    @property
    def speed(self) -> float:
        """Pace relative to the clock."""
        return self._speed


class Transport(Standing):
    """The position of a replay, for a transport bar; safe to use from several threads.

    Parameters
    ----------
    n_samples : int
        Length of the recording.
    sfreq : float
        Sampling rate in Hz.
    speed : float
        Pace relative to the clock.
    clock : callable
        A steady clock, in s.
    loop : bool
        Whether to begin again at the end.
    """

    def __init__(self, n_samples: int, sfreq: float, speed: float, clock: Callable[[], float], *, loop: bool = False) -> None:
        super().__init__(n_samples, sfreq, speed, loop=loop)
        self._clock = clock
        self._lock = threading.Condition()
        self._first = 0
        self._started: tuple[float, int] | None = None
        self._anchor = 0.0, 0

    def pause(self) -> None:
        """Stand still."""
        with self._lock:
            self._paused = True
            self._started = None

    def play(self) -> None:
        """Go on."""
        with self._lock:
            self._paused = False
            self._lock.notify_all()

    def seek(self, position_s: float) -> None:
        """Go to a position in s of the recording; what follows is numbered on without a gap."""
        with self._lock:
            self._row = min(max(round(position_s * self._sfreq), 0), self.n_samples)
            self._started = None
            self._lock.notify_all()

    def set_speed(self, speed: float) -> None:
        """Set the pace relative to the clock."""
        with self._lock:
            self._speed = check_speed(speed)
            self._started = None

    def set_loop(self, loop: bool) -> None:
        """Set whether to begin again at the end."""
        with self._lock:
            self.loop = loop
            self._lock.notify_all()

    @property
    def n_taken(self) -> int:
        """Number of samples taken since the replay began."""
        return self._first

    def next(self, n_at_least: int, n_at_most: int, timeout_s: float) -> Span | None:
        """Wait until samples are due and take them.

        Parameters
        ----------
        n_at_least, n_at_most : int
            How many samples to wait for, and to take when late.
        timeout_s : float
            How long to wait at most, in s.

        Returns
        -------
        Span or None
            The samples, or None when the time was up, or the end is reached.
        """
        deadline = self._clock() + timeout_s
        with self._lock:
            while True:
                if self.is_at_end:
                    return None
                n_due, wait_s = self._n_due(n_at_least)
                if n_due:
                    return self._take(min(n_due, n_at_most))
                left_s = deadline - self._clock()
                if left_s <= 0:
                    return None
                self._lock.wait(min(wait_s, left_s))

    @property
    def is_at_end(self) -> bool:
        """Whether the last sample has been taken, and no loop begins again."""
        return self._row >= self.n_samples and not (self.loop and self.n_samples)

    def _n_due(self, n_at_least: int) -> tuple[int, float]:
        """Return how many samples are due, or 0 and how long to wait, in s."""
        if self._paused:
            return 0, 0.5
        now = self._clock()
        if self._started is None:
            self._started = now, self._first
            self._anchor = (max(now, self._t_next) if self._first else now), self._first
        if self._row >= self.n_samples:
            self._row = 0
        t_started, first = self._started
        n_due = int((now - t_started) * self._sfreq * self._speed) + 1 - (self._first - first)
        wanted = min(n_at_least, self.n_samples - self._row)
        if n_due >= wanted:
            return min(n_due, self.n_samples - self._row), 0.0
        return 0, (wanted - n_due) / (self._sfreq * self._speed)

    @property
    def _t_next(self) -> float:
        """Capture time of the next sample if the replay runs on, in s on the clock."""
        t, first = self._anchor
        return t + (self._first - first) / self._sfreq

    def _take(self, n: int) -> Span:
        span = Span(self._row, self._row + n, self._first, self._t_next)
        self._row += n
        self._first += n
        return span


def check_speed(speed: float) -> float:
    """Return a speed that is possible.

    Parameters
    ----------
    speed : float
        Pace relative to the clock.

    Raises
    ------
    ValueError
        When it is out of range.
    """
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise ValueError(f"A replay runs at {SPEEDS[0]:g} to {SPEEDS[1]:g} times the clock; got {speed:g}.")
    return speed

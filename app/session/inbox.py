"""What waits to be recorded: bounded, so that a slow disk costs samples of the recording and never memory or acquisition."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from app.acquisition.source import SampleSource, SourceStatus
from app.session.session_file import SampleRun
from sclcm_core.types import Chunk, Marker, StreamSpec

MOST_BYTES = 64 * 2**20
"""Samples that wait at most, in bytes: an hour of eight channels at 250 Hz, a minute of 128 channels at 2 kHz."""

MOST_NOTES = 100_000
"""Predictions, markers and events that wait at most."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that has opened.

    Parameters
    ----------
    spec : StreamSpec
        What it says of itself.
    n_before : int
        How many samples it had delivered when it was open before.
    """

    spec: StreamSpec
    n_before: int = 0


class Inbox:
    """Items from any thread for one reader, in order.

    Parameters
    ----------
    most_bytes : int
        How many bytes of samples are held.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._items: deque[Any] = deque()
        self._n_bytes = 0
        self._is_closed = False
        self._news = threading.Condition()
        self.n_refused = 0

    def put(self, item: Any) -> bool:
        """Add anything but samples; return False when there is no room."""
        with self._news:
            if self._is_closed or len(self._items) >= MOST_NOTES:
                self.n_refused += not self._is_closed
                return False
            self._items.append(item)
            return True

    def put_samples(self, run: SampleRun) -> bool:
        """Add samples; return False when there is no room."""
        n_bytes = run.chunk.samples.nbytes + run.chunk.timestamps.nbytes
        with self._news:
            if self._is_closed or self._n_bytes >= self._most_bytes:
                return False
            self._items.append(run)
            self._n_bytes += n_bytes
            if self._is_filling:
                self._news.notify_all()
            return True

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a quarter of the room is free; return whether it is, or nobody reads any more."""
        with self._news:
            return self._news.wait_for(lambda: self._is_closed or self._n_bytes <= 0.75 * self._most_bytes, timeout_s)

    def take(self, timeout_s: float) -> tuple[list[Any], bool]:
        """Wait a while for items to gather; return all there are, and whether no more will come."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._is_filling, timeout_s)
            items, self._n_bytes = list(self._items), 0
            self._items.clear()
            self._news.notify_all()
            return items, self._is_closed

    def close(self) -> None:
        """Take no more, and wake who waits."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()

    @property
    def _is_filling(self) -> bool:
        return self._n_bytes > 0.25 * self._most_bytes


class Listener:
    """A source that lets an inbox have all that it delivers.

    Parameters
    ----------
    source : SampleSource
        The source itself.
    inbox : Inbox
        Where copies of its words go. Samples are handed on, not copied.

    Attributes
    ----------
    n_seen : int
        Samples since it was opened, lost ones included.
    n_left_out : int
        Samples in all that found no room.

    Notes
    -----
    A source that runs on the clock is never held back: what finds no room in the inbox is left out, and its numbers with it. A file
    that is read as fast as it can waits for room.
    """

    def __init__(self, source: SampleSource, inbox: Inbox) -> None:
        self.source = source
        self._inbox = inbox
        self.n_seen = self.n_left_out = 0
        self._newest: tuple[float, float] | None = None

    @property
    def transport(self) -> object | None:
        """What pauses and moves the source, if it can be."""
        return getattr(self.source, "transport", None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know about a recording."""
        return getattr(self.source, "notes", ())

    @property
    def realtime(self) -> bool:
        """Whether samples come at the pace of the clock."""
        return self.source.realtime

    def open(self, timeout_s: float) -> StreamSpec:
        """Open the source; see `SampleSource.open`."""
        return self._begin(self.source.open(timeout_s))

    def accept_change(self) -> StreamSpec:
        """Take a stream that came back changed as a new one; see `SampleSource.accept_change`."""
        return self._begin(self.source.accept_change())

    def _begin(self, spec: StreamSpec) -> StreamSpec:
        self._inbox.put(Opened(spec, self.n_seen))
        self.n_seen = 0
        return spec

    def read(self, timeout_s: float) -> list[Chunk]:
        """Read the source; see `SampleSource.read`."""
        if not self.source.realtime and not self._inbox.wait_for_room(timeout_s):
            return []
        chunks = self.source.read(timeout_s)
        for chunk in chunks:
            first = self.n_seen + chunk.n_lost_before
            self.n_seen = first + len(chunk.samples)
            if not self._inbox.put_samples(SampleRun(first, chunk)):
                self.n_left_out += len(chunk.samples)
            if len(chunk.timestamps):
                self._newest = float(chunk.timestamps[-1]), time.perf_counter()
        return chunks

    def t_now(self) -> float:
        """Return the time on the clock of the stream in s, as well as the newest sample tells it; NaN before the first."""
        if self._newest is None:
            return math.nan
        t, arrived = self._newest
        return t + (time.perf_counter() - arrived if self.source.realtime else 0.0)

    def markers(self) -> list[Marker]:
        """Return the newest markers; see `SampleSource.markers`."""
        markers = self.source.markers()
        for marker in markers:
            self._inbox.put(marker)
        return markers

    def status(self) -> SourceStatus:
        """Return how the source is doing."""
        return self.source.status()

    def close(self) -> None:
        """Close the source."""
        self.source.close()

"""A source of samples whose markers also hold what the protocol presents: by a direct way, which loses nothing."""

from __future__ import annotations

import threading

from app.acquisition.source import SampleSource, SourceStatus
from sclcm_core.types import Chunk, Marker, StreamSpec


class MarkedSource:
    """Passes on a source, and the protocol's markers with it.

    Parameters
    ----------
    source : SampleSource
        A source whose capture times are on the LSL clock.

    Notes
    -----
    The protocol's markers also stand on LSL, for other programs. Where the source takes them along from there, they come twice; the
    second is dropped, for each text of a protocol is unique.
    """

    def __init__(self, source: SampleSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._waiting: list[Marker] = []
        self._sent: set[str] = set()

    def mark(self, text: str, t: float) -> None:
        """Take a marker of the protocol, at a time in s on the LSL clock; may be called from any thread."""
        with self._lock:
            self._waiting.append(Marker(t, text))
            self._sent.add(text)

    @property
    def is_drained(self) -> bool:
        """Whether all markers of the protocol have been passed on."""
        with self._lock:
            return not self._waiting

    @property
    def transport(self) -> object | None:
        """What pauses and moves the source, if it can be."""
        return getattr(self._source, "transport", None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know about a recording."""
        return getattr(self._source, "notes", ())

    @property
    def realtime(self) -> bool:
        """See `SampleSource.realtime`."""
        return self._source.realtime

    def open(self, timeout_s: float) -> StreamSpec:
        """See `SampleSource.open`."""
        return self._source.open(timeout_s)

    def read(self, timeout_s: float) -> list[Chunk]:
        """See `SampleSource.read`."""
        return self._source.read(timeout_s)

    def markers(self) -> list[Marker]:
        """See `SampleSource.markers`; the protocol's among them."""
        foreign = self._source.markers()
        with self._lock:
            own, self._waiting = self._waiting, []
            kept = [marker for marker in foreign if marker.text not in self._sent]
        return sorted([*kept, *own], key=lambda marker: marker.t)

    def status(self) -> SourceStatus:
        """See `SampleSource.status`."""
        return self._source.status()

    def accept_change(self) -> StreamSpec:
        """See `SampleSource.accept_change`."""
        return self._source.accept_change()

    def close(self) -> None:
        """See `SampleSource.close`."""
        self._source.close()

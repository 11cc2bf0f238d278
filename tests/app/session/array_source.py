"""A source that plays an array, and can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from app.acquisition.source import Phase, SourceStatus
from sclcm_core.errors import EndOfStream
from sclcm_core.types import Chunk, Marker, StreamSpec


class ArraySource:
    """Plays samples in chunks of a given size, then ends."""

    def __init__(
        self,
        samples: np.ndarray,
        *,
        sfreq: float = 128.0,
        ch_names: Sequence[str] = ("T7", "T8"),
        chunk: int = 50,
        lost_at: dict[int, int] | None = None,
        markers: Sequence[Marker] = (),
        realtime: bool = False,
        endless: bool = False,
        error: Exception | None = None,
        changed_to: tuple[StreamSpec, np.ndarray] | None = None,
    ) -> None:
        self.realtime = realtime
        self.closed = False
        self._spec = StreamSpec(sfreq, tuple(ch_names), "array", "array-1", "replay")
        self._samples, self._chunk = np.asarray(samples, dtype=np.float32), chunk
        self._lost_at = lost_at or {}
        self._markers = list(markers)
        self._position = 0
        self._endless, self._error = endless, error
        self._pause = threading.Event()
        self._phase, self._changed_to = Phase.STREAMING, changed_to

    def open(self, timeout_s: float) -> StreamSpec:
        return self._spec

    def read(self, timeout_s: float) -> list[Chunk]:
        if self._phase is Phase.CHANGED:
            return []
        if self._position >= len(self._samples) and self._changed_to and self._spec is not self._changed_to[0]:
            self._phase = Phase.CHANGED
            return []
        if self._position >= len(self._samples):
            if self._error:
                raise self._error
            if self._endless:
                self._pause.wait(min(timeout_s, 0.02))
                return []
            raise EndOfStream
        start = self._position
        self._position = min(start + self._chunk, len(self._samples))
        times = np.arange(start, self._position) / self._spec.sfreq
        lost = self._lost_at.get(start, 0)
        return [Chunk(self._samples[start : self._position], times, lost)]

    def markers(self) -> list[Marker]:
        out, self._markers = self._markers, []
        return out

    def status(self) -> SourceStatus:
        return SourceStatus(self._phase)

    def accept_change(self) -> StreamSpec:
        self._phase = Phase.STREAMING
        self._samples, self._position = self._changed_to[1], 0
        self._spec = self._changed_to[0]
        return self._spec

    def close(self) -> None:
        self.closed = True

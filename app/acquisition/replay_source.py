"""A recording as a source of samples: at the pace of the clock, or as fast as it is read."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable
from typing import Literal

from app.acquisition.lsl_network import local_clock
from app.acquisition.source import Phase, SourceStatus
from app.acquisition.transport import Span, Transport
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.recordings.recording import Recording
from sclcm_core.types import Chunk, Marker, StreamSpec

_BLOCK_S = 0.02
_MAX_BLOCK_S = 1.0


class ReplaySource:
    """A recording, sample by sample.

    At a speed, capture times run on the local clock as those of a headset do, one sampling interval apart; a pause moves them on
    without a loss. With ``speed="max"`` nothing waits, capture times are seconds of the recording, and each run
    gives the same chunks.

    Parameters
    ----------
    recording : Recording
        What to play.
    speed : float or 'max'
        Pace relative to the clock, 0.25 to 20.
    loop : bool
        Whether to begin again at the end; not with ``"max"``.
    clock : callable
        A steady clock, in s.
    """

    def __init__(
        self,
        recording: Recording,
        speed: float | Literal["max"] = 1.0,
        *,
        loop: bool = False,
        clock: Callable[[], float] = local_clock,
    ) -> None:
        self.recording = recording
        self.notes = recording.notes
        self._is_max = speed == "max"
        if self._is_max and loop:
            raise ValueError("A replay at full speed cannot loop: it would never end.")
        pace = 1.0 if speed == "max" else float(speed)
        self.transport = Transport(recording.n_samples, recording.spec.sfreq, pace, clock, loop=loop)
        self._clock = clock
        self._row = 0
        self._closed = threading.Event()
        self._n_delivered = 0
        self._inbox: list[Marker] = []
        self._marker_times = [marker.t for marker in recording.markers]
        self._status = SourceStatus(Phase.SEARCHING)

    @property
    def realtime(self) -> bool:
        """Whether samples come at the pace of the clock, with capture times on the local clock."""
        return not self._is_max and self.transport.speed == 1.0

    @property
    def spec(self) -> StreamSpec:
        """What the recording says of itself."""
        return self.recording.spec

    def open(self, timeout_s: float) -> StreamSpec:
        """Begin; see `SampleSource.open`."""
        if self.recording.n_samples == 0:
            raise StreamError(f"The recording '{self.recording.path}' holds no samples.", "Choose another one.")
        self._show(Phase.STREAMING)
        return self.spec

    def read(self, timeout_s: float) -> list[Chunk]:
        """Wait for samples; see `SampleSource.read`."""
        if self._closed.is_set():
            raise EndOfStream
        span = self._next_span(timeout_s)
        if span is None:
            if self._is_at_end():
                self._show(Phase.ENDED, "The recording has been played to its end.")
                raise EndOfStream
            return []
        return [self._chunk(span)]

    def _next_span(self, timeout_s: float) -> Span | None:
        sfreq, n_samples = self.spec.sfreq, self.recording.n_samples
        longest = max(round(_MAX_BLOCK_S * sfreq), 1)
        if not self._is_max:
            return self.transport.next(max(round(_BLOCK_S * sfreq), 1), longest, timeout_s)
        start, self._row = self._row, min(self._row + longest, n_samples)
        return Span(start, self._row, start, float(self.recording.timestamps[start])) if start < n_samples else None

    def _is_at_end(self) -> bool:
        return self._row >= self.recording.n_samples if self._is_max else self.transport.is_at_end

    def _chunk(self, span: Span) -> Chunk:
        times = self.recording.timestamps[span.start : span.stop]
        shift = span.t_first - float(times[0])
        self._n_delivered += len(times)
        self._take_markers(span, shift)
        stamps = times + shift
        self._show(Phase.STREAMING, t_newest=float(stamps[-1]))
        return Chunk(self.recording.samples[span.start : span.stop].copy(), stamps)

    def _take_markers(self, span: Span, shift: float) -> None:
        """Take the markers that lie before the next sample, once."""
        begin = 0 if span.start == 0 else bisect_left(self._marker_times, span.start / self.spec.sfreq)
        is_last = span.stop >= self.recording.n_samples
        end = len(self._marker_times) if is_last else bisect_left(self._marker_times, span.stop / self.spec.sfreq)
        self._inbox += [Marker(m.t + shift, m.text, m.duration_s) for m in self.recording.markers[begin:end]]

    def markers(self) -> list[Marker]:
        """Return the markers that came since the last call, in s on the clock of the samples."""
        taken, self._inbox = self._inbox, []
        return taken

    def status(self) -> SourceStatus:
        """Return how the replay is doing."""
        return self._status

    def accept_change(self) -> StreamSpec:
        """Never: a recording does not change."""
        raise StreamError("No stream came back changed.", "Go on reading.")

    def close(self) -> None:
        """End the replay."""
        self._closed.set()
        self._show(Phase.ENDED)

    def _show(self, phase: Phase, message: str = "", t_newest: float | None = None) -> None:
        paused = phase is Phase.STREAMING and not self._is_max and self.transport.is_paused
        self._status = SourceStatus(
            Phase.PAUSED if paused else phase,
            "The replay is paused." if paused else message,
            n_samples=self._n_delivered,
            sfreq_effective=self.spec.sfreq,
            clock_offset_s=0.0,
            t_newest=self._status.t_newest if t_newest is None else t_newest,
        )

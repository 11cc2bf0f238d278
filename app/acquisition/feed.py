"""From what a connection delivers to chunks in µV on the local clock, across reconnections."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from app.acquisition.chunk_pull import MAX_PULL
from app.acquisition.clock_map import ClockMap
from app.acquisition.connection import Connection
from app.acquisition.lsl_network import lsl_clock
from app.acquisition.marker_inlets import MarkerInlets, RawMarker
from app.acquisition.silence import STALL_S
from app.acquisition.stamp_check import StampCheck
from app.acquisition.steady_run import SteadyRun
from app.acquisition.stream_description import StreamDescription
from app.acquisition.timeline import Piece, Timeline
from app.acquisition.units import Scaling, find_scaling, is_eeg_channel
from sclcm_core.types import Chunk, Float32Array, Float64Array, Marker, Origin, StreamSpec

logger = logging.getLogger(__name__)

_LISTEN_S = 0.5
_RATE_WARNING = 0.005
_MARKERS_KEPT = 10_000
_MARKERS_EVERY_S = 0.02
_CHECK_EVERY_S = 0.1
"""How often the clocks are compared, in s; LSL itself measures them every 5 s."""

_Visible = list[tuple[StreamDescription, Any]]


class Feed:
    """One stream, from the wire to chunks.

    Parameters
    ----------
    connection : Connection
        An open connection.
    visible : list of (StreamDescription, pylsl.StreamInfo)
        What else is there: marker streams are taken along.
    unit : str
        Unit of the samples, when the user knows better than the stream; what the stream declares when empty.

    Notes
    -----
    While all is as it should be, a chunk goes the short way (`SteadyRun`); ten times a second, and whenever something is odd, the
    thorough one, which first catches up on what went the short way.
    """

    def __init__(self, connection: Connection, visible: _Visible, unit: str = "") -> None:
        self._unit = unit
        self.connection: Connection | None = connection
        self.description = connection.description
        self.clock = ClockMap(follows_clock=self.description.speed == 1.0)
        self.timeline = Timeline(self.description.sfreq)
        self._set_scaling(Scaling(np.ones(self.description.n_channels)))
        self.is_complete = False
        self.n_samples = 0
        self.t_newest: float | None = None
        self._now = lsl_clock()
        self.t_heard = self._now()
        self.is_steady = False
        self._run = SteadyRun()
        self._heard_at: list[float] = []
        self._markers = MarkerInlets(self.description.markers_id, self.description.source_id or self.description.name)
        self._markers.take_along(visible)
        self._inbox: deque[Marker] = deque(maxlen=_MARKERS_KEPT)
        self._stamp_end: float | None = None
        self._is_resuming = False
        self._uses_arrival = False
        self._check = StampCheck(self.description.sfreq)
        self._n_unchecked = 0
        self._next_check = self._next_markers = -np.inf

    @property
    def spec(self) -> StreamSpec:
        """What the stream says of itself, after conversion to µV."""
        d = self.description
        origin: Origin = "replay" if d.end_marker else "simulated" if d.simulated else "live"
        return StreamSpec(d.sfreq, d.labels, d.name, d.source_id, origin)

    def listen(self, is_wanted: Callable[[], bool], look: Callable[[], _Visible]) -> list[Chunk]:
        """Collect the first half second, and decide by it what the numbers mean.

        Parameters
        ----------
        is_wanted : callable
            Asked every 50 ms; once it says no, the listening ends.
        look : callable
            Returns what is visible: marker streams may show up a moment later.

        Returns
        -------
        list of Chunk
            What was heard; a stream that is silent for a second is believed what it says.
        """
        n_wanted, deadline = _LISTEN_S * self.description.sfreq, self._now() + 2 * _LISTEN_S
        heard: list[tuple[Any, Float64Array]] = []
        while n_wanted > 0 and self._now() < deadline and is_wanted() and self.connection:
            self.connection.correction_s()
            self._take_along(look())
            self._pull_markers()
            samples, stamps = self.connection.pull(0.05)
            if len(stamps):
                heard.append((samples, stamps))
                n_wanted -= len(stamps)
        self._set_scaling(self._find_scaling([samples for samples, _ in heard]))
        return [chunk for raw, stamps in heard for chunk in self._take(self._in_uv(raw), stamps, self._now())]

    def _set_scaling(self, scaling: Scaling) -> None:
        self.scaling = scaling
        self._is_in_uv = scaling.is_identity and self.description.channel_format == "float32"

    def _find_scaling(self, heard: list[Any]) -> Scaling:
        d = self.description
        types = d.ch_types or ("",) * d.n_channels
        eeg = [is_eeg_channel(label, kind) for label, kind in zip(d.labels, types, strict=True)]
        judged = heard and not d.end_marker  # a replay of ours is in µV, whatever it looks like
        samples = np.concatenate(heard) if judged else np.zeros((0, d.n_channels))
        declared = (self._unit,) * d.n_channels if self._unit else d.units or ("",) * d.n_channels
        return find_scaling(declared, eeg, samples)

    def pull(self, timeout_s: float) -> list[Chunk] | None:
        """Wait for samples; return the chunks they complete, or None when none came.

        Raises
        ------
        ConnectionLostError
            When the stream is gone.
        """
        if self.connection is None:
            return None
        raw, stamps = self.connection.pull(timeout_s)
        self.t_heard = now = self._now()
        if now >= self._next_markers:
            self._pull_markers()
        samples = raw if self._is_in_uv else self._in_uv(raw)
        chunk = self._run.take(samples, stamps, now)
        self.is_steady = chunk is not None
        if chunk is not None:
            return [chunk]
        self._catch_up()
        return self._take(samples, stamps, now) if len(stamps) else None

    def arrivals(self) -> list[float]:
        """Return when the chunks came that were caught up with since the last call, in s on the local clock."""
        heard_at, self._heard_at = self._heard_at, []
        return heard_at

    def _catch_up(self) -> None:
        """Learn from the chunks that went the short way."""
        for stamps, now in self._run.end():
            self.timeline.catch_up(stamps, self.clock.stamp_at(now))
            self.n_samples += len(stamps)
            self._n_unchecked += len(stamps)
            self.t_newest = float(stamps[-1]) + (self.clock.offset_s or 0.0)
            self._heard_at.append(now)

    def _begin_run(self) -> None:
        """Let the next chunks go the short way, unless something is to be watched closely."""
        is_odd = self._uses_arrival or self.clock.is_foreign or self._is_resuming or self._stamp_end is not None
        if self.timeline.is_steady and self.clock.offset_s is not None and not is_odd:
            self._run.begin(self.timeline.last_stamp, self.timeline.period, self.clock.offset_s, self._next_check)

    def poll(self) -> list[Chunk]:
        """Return chunks that were held back and now need not be."""
        self._catch_up()
        now = self._now()
        return self._deliver(self.timeline.poll(now, self.clock.stamp_at(now)))

    def flush(self) -> list[Chunk]:
        """Return all that is held back: nothing will follow it."""
        self._catch_up()
        self._pull_markers()
        return self._deliver(self.timeline.flush())

    def disconnect(self) -> None:
        """Let go of the connection; what was learned of the stream is kept."""
        self._catch_up()
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def resume(self, connection: Connection, visible: _Visible) -> None:
        """Go on with another connection to the same source.

        Parameters
        ----------
        connection : Connection
            An open connection to a stream of the same shape.
        visible : list of (StreamDescription, pylsl.StreamInfo)
            What else is there.
        """
        self.disconnect()
        old, self.connection, self.description = self.description, connection, connection.description
        self._set_scaling(self._find_scaling([]) if self.description.units != old.units else self.scaling)
        self.clock = ClockMap(follows_clock=self.description.speed == 1.0)
        self._check = StampCheck(self.description.sfreq)
        self._is_resuming, self._uses_arrival = True, False
        self.timeline.patience_s = 0.0
        self._stamp_end = None
        self._take_along(visible)

    def markers(self) -> list[Marker]:
        """Return the markers that came since the last call."""
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def keep_house(self, visible: _Visible) -> list[str]:
        """Do what is due once a second; return what the user should know."""
        self._take_along(visible)
        notes = [self.scaling.message] if self.scaling.message else []
        if self._uses_arrival:
            notes.append("The stream's time stamps do not follow its samples; arrival times are used.")
        sfreq, nominal = self.timeline.rate.sfreq, self.description.sfreq
        if sfreq is not None and abs(sfreq / nominal - 1) > _RATE_WARNING and self.description.speed == 1.0:
            notes.append(f"The stream declares {nominal:g} Hz and delivers {sfreq:.5g} Hz.")
        return notes

    def close(self) -> None:
        """Disconnect from everything."""
        self.disconnect()
        self._markers.close()

    def _take(self, samples: Float32Array, stamps: Float64Array, now: float) -> list[Chunk]:
        self._n_unchecked += len(stamps)
        is_due = now >= self._next_check or self._is_resuming or self.clock.is_foreign
        chunks = self._check_time(stamps, now) if is_due else []
        if self._uses_arrival:
            stamps = now - np.arange(len(stamps) - 1, -1, -1) / self.description.sfreq
        if self.clock.offset_s is None:
            self._update_clock(stamps, now)
        if self._is_resuming:
            self._take_up(stamps)
        chunks += self._number(samples, stamps, now)
        if is_due and not self.timeline.is_holding:  # a suspected gap is judged by the clock as it was
            self._update_clock(stamps, now)
        self._begin_run()
        return chunks if self._stamp_end is None else chunks + self._end_if_reached()

    def _check_time(self, stamps: Float64Array, now: float) -> list[Chunk]:
        """Turn from time stamps that are worth nothing to times of arrival; return what was held back."""
        self._next_check = now + _CHECK_EVERY_S
        n_new, self._n_unchecked = self._n_unchecked, 0
        held = self._deliver(self.timeline.flush()) if self._is_resuming else []
        is_unusable = self.description.speed == 1.0 and self._check.is_unusable(n_new, float(stamps[-1]), now)
        if is_unusable and not self._uses_arrival:
            held += self._deliver(self.timeline.flush())
            self._uses_arrival, self.clock = True, ClockMap()
            self.timeline.patience_s = STALL_S
            self.timeline.take_up(None)
        return held

    def _number(self, samples: Float32Array, stamps: Float64Array, now: float) -> list[Chunk]:
        n_jumps = self.timeline.n_jumps
        pieces = self.timeline.push(samples, stamps, now, self.clock.stamp_at(now))
        if self.timeline.n_jumps != n_jumps:
            logger.warning("The clock of the stream '%s' jumped.", self.description.name)
        return self._deliver(pieces)

    def _update_clock(self, stamps: Float64Array, now: float) -> None:
        is_drained = len(stamps) < MAX_PULL
        if is_drained or self.clock.offset_s is None:
            correction_s = 0.0 if self._uses_arrival or self.connection is None else self.connection.correction_s()
            self.clock.update(correction_s, float(stamps[-1]), now)

    def _take_up(self, stamps: Float64Array) -> None:
        """Count what is missing between the last sample before the interruption and the first one after."""
        self._is_resuming = False
        is_known = self.t_newest is not None and self.description.speed == 1.0
        first = float(self.clock.to_local(stamps[:1])[0])
        self.timeline.take_up(first - self.t_newest if is_known and self.t_newest is not None else None)

    def _in_uv(self, raw: Any) -> Float32Array:
        """Return samples in µV, shape (n_samples, n_channels)."""
        if self._is_in_uv:
            return raw  # type: ignore[no-any-return]
        return np.asarray(raw * self.scaling.factors, dtype=np.float32)

    def _deliver(self, pieces: list[Piece]) -> list[Chunk]:
        chunks = []
        for piece in pieces:
            chunks.append(Chunk(piece.samples, self.clock.to_local(piece.stamps), piece.n_lost_before))
            self.n_samples += len(piece.stamps)
            self.t_newest = float(chunks[-1].timestamps[-1])
        return chunks

    def _take_along(self, visible: _Visible) -> None:
        self._markers.take_along(visible)
        self._next_markers = -np.inf

    def _pull_markers(self) -> None:
        self._next_markers = self._now() + _MARKERS_EVERY_S if self._markers.n_streams else np.inf
        for marker in self._markers.pull():
            if self.description.end_marker and marker.text == self.description.end_marker:
                self._stamp_end = marker.stamp
                self._catch_up()  # the end is to be found in what comes next
            else:
                self._inbox.append(self._aligned(marker))

    def _aligned(self, marker: RawMarker) -> Marker:
        same_clock = marker.stream.hostname == self.description.hostname and not self._uses_arrival
        offset_s = (self.clock.offset_s or 0.0) if same_clock else marker.correction_s
        return Marker(marker.stamp + offset_s, marker.text, marker.duration_s)

    def _end_if_reached(self) -> list[Chunk]:
        """End where the sender has said that the stream ends."""
        if self._stamp_end is None or self.timeline.last_stamp < self._stamp_end - 1.5 / self.description.sfreq:
            return []
        self.is_complete = True
        return self._deliver(self.timeline.flush())

    def give_up_waiting(self) -> list[Chunk]:
        """End although not all has come, when the sender has said that it has finished."""
        self.is_complete = self._stamp_end is not None
        return self.flush() if self.is_complete else []

"""Samples from an LSL stream: a state machine that notices what liblsl does not, and recovers by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from app.acquisition.connection import Connection, ConnectionLostError
from app.acquisition.feed import Feed
from app.acquisition.lsl_network import Resolver, local_clock
from app.acquisition.selection import StreamQuery, choose, differences, find_again, refusal
from app.acquisition.silence import SilenceWatch
from app.acquisition.source import Phase, SourceStatus
from app.acquisition.stream_description import StreamDescription
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.types import Chunk, Marker, StreamSpec

logger = logging.getLogger(__name__)

GONE_S = 1.8
"""Silence in s after which a stream that is no longer announced counts as lost."""

_SURVEY_S = 1.0
_RETRY_S = 5.0
_RETRY_EVERY_S = 10.0
_STILL_THERE_S = 4.0
_RECOVERED_S = 3.0
_STEP_S = 0.2
_POLL_S = 0.02
_CONNECT_S = 3.0
_RECONNECT_S = 1.5
_HOUSEKEEPING_S = 1.0
_SHOW_EVERY_S = 0.1
_NOTABLE = (Phase.STALLED, Phase.LOST, Phase.CHANGED, Phase.RECOVERED)
"""What who reads the log is told: that it is over as well as that it began."""

_Stream = tuple[StreamDescription, Any]


class LslInlet:
    """An EEG stream on the network as a source of samples in µV, with capture times on the local LSL clock.

    Parameters
    ----------
    name, type, source_id : str, optional
        Which stream; without any, the only EEG stream there is.
    unit : str
        Unit of the samples, when the user knows better than the stream.

    Attributes
    ----------
    is_silent_by_order : callable
        Tells whether the sender was told to stand still: silence is then no news.

    Notes
    -----
    searching → connecting → streaming → stalled → (recovered | lost → recovered | changed). liblsl's silent recovery is off,
    because it accepts a stream that returns at another rate. While nothing comes, the old connection is kept: a frozen sender
    or a cable that was pulled then delivers all it has. It is given up when the stream has reappeared as another instance.
    """

    def __init__(
        self, name: str | None = None, type: str | None = None, source_id: str | None = None, *, unit: str = ""
    ) -> None:
        self._unit = unit
        self.is_silent_by_order: Callable[[], bool] = lambda: False
        self.query = StreamQuery(name, type, source_id)
        self._reading = threading.Lock()
        self._closing = threading.Event()
        self._resolver: Resolver | None = None
        self._feed: Feed | None = None
        self._ready: list[Chunk] = []
        self._silence = SilenceWatch()
        self._others: frozenset[str] = frozenset()
        self._changed: _Stream | None = None
        self._n_reconnects = 0
        self._choice = ""
        self._notes = ""
        self._recovery: tuple[float, int] = 0.0, 0
        self._recovered_until = self._next_housekeeping = self._next_retry = self._next_show = -1.0
        self._status = SourceStatus(Phase.SEARCHING)

    @property
    def realtime(self) -> bool:
        """Whether capture times are on the local clock; not for a recording that is replayed at another pace."""
        return self._feed is None or self._feed.description.speed == 1.0

    @property
    def description(self) -> StreamDescription:
        """What the stream says of itself.

        Raises
        ------
        ValueError
            Before the stream is open.
        """
        return self._open_feed().description

    def open(self, timeout_s: float) -> StreamSpec:
        """Find the stream and connect; see `SampleSource.open`."""
        deadline = time.monotonic() + timeout_s
        with self._reading:
            self._resolver = Resolver()
            while True:
                stream = self._search(deadline)
                try:
                    return self._connect(stream, _CONNECT_S)
                except ConnectionLostError:
                    if time.monotonic() > deadline:
                        raise StreamError(
                            f"The stream '{stream[0].name}' was found but does not answer.",
                            "Check the firewall of its computer and restart the program that sends it.",
                        ) from None

    def read(self, timeout_s: float) -> list[Chunk]:
        """Wait for samples; see `SampleSource.read`."""
        deadline = time.monotonic() + timeout_s
        with self._reading:
            while True:
                if self._closing.is_set() or (self._status.phase is Phase.ENDED and not self._ready):
                    raise EndOfStream
                chunks = self._take_ready() or self._step(max(min(_STEP_S, deadline - time.monotonic()), 0.0))
                if chunks or time.monotonic() >= deadline:
                    return chunks

    def markers(self) -> list[Marker]:
        """Return the markers that came since the last call, in s on the clock of the samples."""
        return self._feed.markers() if self._feed else []

    def status(self) -> SourceStatus:
        """Return how the stream is doing."""
        return self._status

    def accept_change(self) -> StreamSpec:
        """Take the stream that came back changed, as a new one.

        Returns
        -------
        StreamSpec
            What it is now; loss and rate are counted anew.

        Raises
        ------
        StreamError
            When no changed stream is there, or it does not answer.
        """
        with self._reading:
            if self._changed is None:
                raise StreamError("No stream came back changed.", "Go on reading.")
            try:
                return self._connect(self._changed, _RECONNECT_S)
            except ConnectionLostError:
                self._changed = None
                self._show_lost(self._open_feed())
                raise StreamError("The stream that came back is gone again.", "Go on reading; it is looked for.") from None

    def close(self) -> None:
        """Disconnect; takes less than half a second whatever the reading thread does."""
        self._closing.set()
        with self._reading:
            if self._feed is not None:
                self._feed.close()
            if self._resolver is not None:
                self._resolver.close()
            self._show(Phase.ENDED)

    def _open_feed(self) -> Feed:
        if self._feed is None:
            raise ValueError("The inlet is not open; call open() first.")
        return self._feed

    def _is_wanted(self) -> bool:
        return not self._closing.is_set()

    def _visible(self) -> list[_Stream]:
        return self._resolver.infos() if self._resolver else []

    def _search(self, deadline: float) -> _Stream:
        """Wait for the stream that is meant; streams that could be confused with it get a second to show up."""
        self._show(Phase.SEARCHING, f"Looking for the {self.query.text}.")
        started = time.monotonic()
        while True:
            visible = self._visible()
            surveyed = self.query.source_id is not None or time.monotonic() - started >= _SURVEY_S
            found = any(self.query.accepts(d) and refusal(d) is None for d, _ in visible)
            if self._closing.is_set():
                raise EndOfStream
            if (found and surveyed) or time.monotonic() >= deadline:
                chosen, self._choice = choose(self.query, [d for d, _ in visible])
                return next(stream for stream in visible if stream[0].uid == chosen.uid)
            time.sleep(_POLL_S)

    def _connect(self, stream: _Stream, timeout_s: float) -> StreamSpec:
        """Connect to a stream as a new one."""
        self._show(Phase.CONNECTING, f"Connecting to '{stream[0].name}'.")
        connection = Connection(stream[1], stream[0])
        full = connection.open(timeout_s, self._is_wanted)
        if (reason := refusal(full)) is not None:
            raise StreamError(f"The stream '{full.name}' cannot be used: {reason}.", "`sclcm streams` lists what can.")
        visible = self._visible()
        self._feed, self._changed = Feed(connection, visible, self._unit), None
        self._ready = self._feed.listen(self._is_wanted, self._visible)
        self._silence = SilenceWatch()
        self._silence.restart(local_clock())
        self._keep_house(local_clock())
        self._show(Phase.STREAMING, self._notes)
        return self._feed.spec

    def _take_ready(self) -> list[Chunk]:
        ready, self._ready = self._ready, []
        return ready

    def _step(self, timeout_s: float) -> list[Chunk]:
        """Do one short thing: pull, or look for the stream."""
        feed = self._open_feed()
        if feed.connection is None:
            self._look_again()
            self._closing.wait(min(timeout_s, _POLL_S))
            return []
        try:
            chunks = feed.pull(timeout_s)
        except ConnectionLostError:
            return self._on_lost(feed)
        if feed.is_steady and chunks:  # nothing to tell: what went by is caught up with ten times a second
            return chunks
        self._hear(feed)
        return self._on_silence(feed) if chunks is None else self._on_samples(feed, chunks)

    def _hear(self, feed: Feed) -> None:
        """Let the watch on silence know when the chunks came that went by."""
        for t in feed.arrivals():
            self._silence.heard(t)

    def _on_samples(self, feed: Feed, chunks: list[Chunk]) -> list[Chunk]:
        now = feed.t_heard
        silent_s = self._silence.silent_s(now)
        self._silence.heard(now)
        if now >= self._next_show or self._has_news(feed):
            self._next_show = now + _SHOW_EVERY_S
            self._show_samples(feed, silent_s, now)
        return chunks

    def _has_news(self, feed: Feed) -> bool:
        """Tell whether others should see at once what happened."""
        status = self._status
        return status.phase is not Phase.STREAMING or feed.timeline.n_lost != status.n_lost or feed.is_complete

    def _show_samples(self, feed: Feed, silent_s: float, now: float) -> None:
        """Show that samples come; before these there was silence for a time in s."""
        if self._status.phase in (Phase.STALLED, Phase.LOST):
            self._recovered_until = now + _RECOVERED_S
            self._recovery = silent_s, self._recovery[1]
            self._next_retry = -1.0
        if now >= self._next_housekeeping:
            self._keep_house(now)
        if feed.is_complete:
            self._show(Phase.ENDED, "The recording has been played to its end.")
        elif now < self._recovered_until:
            self._show(Phase.RECOVERED, self._recovery_message(feed))
        else:
            self._recovery = 0.0, feed.timeline.n_lost
            self._show(Phase.STREAMING, self._notes)

    def _recovery_message(self, feed: Feed) -> str:
        silent_s, n_lost_before = self._recovery
        n_lost = feed.timeline.n_lost - n_lost_before
        return f"Samples come again after {silent_s:.1f} s; {n_lost or 'none'} {'was' if n_lost == 1 else 'were'} lost."

    def _keep_house(self, now: float) -> None:
        self._next_housekeeping = now + _HOUSEKEEPING_S
        visible = self._visible()
        self._others = frozenset(d.uid for d, _ in visible)
        self._notes = " ".join(note for note in (self._choice, *self._open_feed().keep_house(visible)) if note)

    def _on_silence(self, feed: Feed) -> list[Chunk]:
        now, chunks = local_clock(), feed.poll()
        if self.is_silent_by_order():
            self._silence.restart(now)
            return chunks
        silent_s = self._silence.silent_s(now)
        if not self._silence.is_stalled(now):
            return chunks
        chunks += feed.give_up_waiting()
        if feed.is_complete:
            self._show(Phase.ENDED, "The recording has been played to its end.")
            return chunks
        visible = self._visible()
        feed.keep_house(visible)
        itself = next((stream for stream in visible if stream[0].uid == feed.description.uid), None)
        self._show_silence(feed, silent_s, is_there=itself is not None)
        self._look_again(may_be_twin=itself is None and silent_s > GONE_S)
        if itself and silent_s > _RETRY_S and now >= self._next_retry and feed.connection is not None:
            self._next_retry = now + _RETRY_EVERY_S
            self._reconnect(itself, "")
        return chunks

    def _show_silence(self, feed: Feed, silent_s: float, *, is_there: bool) -> None:
        name = feed.description.name
        if is_there:
            text = f"The stream '{name}' is there but has sent nothing for {silent_s:.1f} s: is the device switched on and in reach?"
            self._show(Phase.STALLED, text)
        elif silent_s <= GONE_S:
            self._show(Phase.STALLED, f"The stream '{name}' has sent nothing for {silent_s:.1f} s.")
        else:
            self._show_lost(feed)

    def _show_lost(self, feed: Feed) -> None:
        silent_s = self._silence.silent_s(local_clock())
        self._show(Phase.LOST, f"The stream '{feed.description.name}' has been gone for {silent_s:.1f} s; looking for it.")

    def _on_lost(self, feed: Feed) -> list[Chunk]:
        """Go on after liblsl has said that the stream is gone."""
        chunks = feed.flush()
        self._hear(feed)
        feed.disconnect()
        feed.give_up_waiting()
        if feed.is_complete:
            self._show(Phase.ENDED, "The recording has been played to its end.")
        else:
            self._show_lost(feed)
        return chunks

    def _look_again(self, *, may_be_twin: bool = True) -> None:
        """Look once for the stream that was lost; connect when it is there."""
        feed, visible = self._open_feed(), self._visible()
        streams = [d for d, _ in visible if self._changed is None or d.uid != self._changed[0].uid]
        if feed.connection is None and self._silence.silent_s(local_clock()) < _STILL_THERE_S:
            streams = [d for d in streams if d.uid != feed.description.uid]
        by_source_id = self.query.source_id is not None
        beside = self._others - {feed.description.uid} if feed.connection is None else self._others | {feed.description.uid}
        found = find_again(feed.description, streams, beside, by_source_id=by_source_id, may_be_twin=may_be_twin)
        if found is not None:
            self._reconnect(next(stream for stream in visible if stream[0].uid == found[0].uid), found[1])
        elif feed.connection is None:
            self._show_still_lost(feed, {d.uid for d, _ in visible})

    def _show_still_lost(self, feed: Feed, uids: set[str]) -> None:
        if self._changed is not None and self._changed[0].uid in uids:
            return
        self._changed = None
        self._show_lost(feed)

    def _reconnect(self, stream: _Stream, choice: str) -> None:
        feed = self._open_feed()
        if refusal(stream[0]) is not None:
            self._on_changed(feed, stream, f"no EEG any more: {refusal(stream[0])}")
            return
        connection = Connection(stream[1], stream[0])
        try:
            full = connection.open(_RECONNECT_S, self._is_wanted)
        except ConnectionLostError:
            connection.close()
            return
        if change := differences(feed.description, full):
            connection.close()
            self._on_changed(feed, (full, stream[1]), change)
            return
        feed.resume(connection, self._visible())
        self._changed, self._choice = None, choice
        self._n_reconnects += 1
        logger.info("Connected to '%s' again.", full.name)

    def _on_changed(self, feed: Feed, stream: _Stream, change: str) -> None:
        feed.disconnect()
        self._changed = stream
        self._show(Phase.CHANGED, f"The stream '{stream[0].name}' came back with {change}.")

    def _show(self, phase: Phase, message: str = "") -> None:
        """Replace the snapshot that others see."""
        if phase is not self._status.phase:
            logger.log(
                logging.WARNING if phase in _NOTABLE else logging.INFO,
                "%s: %s",
                phase,
                message,
            )
        feed = self._feed
        if feed is None:
            self._status = SourceStatus(phase, message)
            return
        line = feed.timeline
        self._status = SourceStatus(
            phase, message, feed.n_samples, line.n_lost, line.n_gaps, self._n_reconnects, line.rate.sfreq, feed.clock.offset_s,
            feed.t_newest,
        )  # fmt: skip

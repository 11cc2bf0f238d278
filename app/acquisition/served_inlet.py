"""An inlet together with the process that feeds it, started only when the inlet is opened."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.remote_transport import RemoteTransport
from app.acquisition.source import Phase, SourceStatus
from sclcm_core.types import Chunk, Marker, StreamSpec

_MAY_BE_PAUSED = (Phase.STREAMING, Phase.STALLED, Phase.RECOVERED)


class Feeder(Protocol):
    """A process that puts a stream on the network."""

    source_id: str

    def start(self) -> object:
        """Start it and wait until its stream is there."""
        ...

    def stop(self) -> None:
        """End it; safe to call twice."""
        ...


class ServedInlet:
    """A source that starts what it listens to, so that the window need not wait for either.

    Parameters
    ----------
    feeder : Feeder
        The process, not yet started.
    notes : tuple of str
        What there is to know about the recording that it plays.
    transport : RemoteTransport, optional
        What pauses and moves the recording.
    """

    def __init__(self, feeder: Feeder, notes: tuple[str, ...] = (), transport: RemoteTransport | None = None) -> None:
        self.notes, self.transport = notes, transport
        self._feeder = feeder
        self._inlet = LslInlet(source_id=feeder.source_id)
        if transport is not None:
            self._inlet.is_silent_by_order = lambda: transport.is_paused

    @property
    def realtime(self) -> bool:
        """See `SampleSource.realtime`."""
        return self._inlet.realtime

    def open(self, timeout_s: float) -> StreamSpec:
        """Start the process and connect to it; see `SampleSource.open`."""
        self._feeder.start()
        return self._inlet.open(timeout_s)

    def read(self, timeout_s: float) -> list[Chunk]:
        """See `SampleSource.read`."""
        chunks = self._inlet.read(timeout_s)
        if self.transport is not None:
            self.transport.heard(sum(len(chunk.samples) + chunk.n_lost_before for chunk in chunks))
        return chunks

    def markers(self) -> list[Marker]:
        """See `SampleSource.markers`."""
        return self._inlet.markers()

    def status(self) -> SourceStatus:
        """See `SampleSource.status`; a pause that was ordered is called so."""
        status = self._inlet.status()
        if self.transport is None or not self.transport.is_paused or status.phase not in _MAY_BE_PAUSED:
            return status
        return replace(status, phase=Phase.PAUSED, message="The replay is paused.")

    def accept_change(self) -> StreamSpec:
        """See `SampleSource.accept_change`."""
        return self._inlet.accept_change()

    def close(self) -> None:
        """End both; see `SampleSource.close`."""
        self._inlet.close()
        self._feeder.stop()

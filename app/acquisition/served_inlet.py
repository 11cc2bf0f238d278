"""An inlet together with the process that feeds it, started only when the inlet is opened."""

from __future__ import annotations

from typing import Protocol

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.source import SourceStatus
from sclcm_core.types import Chunk, Marker, StreamSpec


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
    """

    def __init__(self, feeder: Feeder, notes: tuple[str, ...] = ()) -> None:
        self.notes = notes
        self._feeder = feeder
        self._inlet = LslInlet(source_id=feeder.source_id)

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
        return self._inlet.read(timeout_s)

    def markers(self) -> list[Marker]:
        """See `SampleSource.markers`."""
        return self._inlet.markers()

    def status(self) -> SourceStatus:
        """See `SampleSource.status`."""
        return self._inlet.status()

    def accept_change(self) -> StreamSpec:
        """See `SampleSource.accept_change`."""
        return self._inlet.accept_change()

    def close(self) -> None:
        """End both; see `SampleSource.close`."""
        self._inlet.close()
        self._feeder.stop()

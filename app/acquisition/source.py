"""What every source of samples can do, and what it tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sclcm_core.types import Chunk, Marker, StreamSpec


class Phase(StrEnum):
    """What a source is doing."""

    SEARCHING = "searching"
    """Looking for the stream."""
    CONNECTING = "connecting"
    """The stream is there; its description is being read."""
    STREAMING = "streaming"
    """Samples come."""
    STALLED = "stalled"
    """The stream is there, but no samples come."""
    PAUSED = "paused"
    """A replay stands still, as it was told to."""
    LOST = "lost"
    """The stream is gone; it is looked for."""
    RECOVERED = "recovered"
    """Samples come again since a few seconds."""
    CHANGED = "changed"
    """A stream of the same source came back with other channels or another rate."""
    ENDED = "ended"
    """The source has delivered its last sample, or was closed."""
    FAILED = "failed"
    """Something unforeseen happened."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What a source tells of itself; a snapshot that never changes.

    Parameters
    ----------
    phase : Phase
        What the source is doing.
    message : str
        The same for the user, with the numbers; empty when all is well.
    n_samples : int
        Samples delivered.
    n_lost : int
        Samples that the source, or the way, lost.
    n_gaps : int
        How many times samples were lost.
    n_reconnects : int
        How many times the stream was taken up again.
    sfreq_effective : float or None
        Sampling rate in Hz as the time stamps show it; None until it is known.
    clock_offset_s : float or None
        What is added to the stream's time stamps to bring them onto the local clock, in s; None until it is known.
    t_newest : float or None
        Capture time of the newest sample in s; None before the first.
    """

    phase: Phase
    message: str = ""
    n_samples: int = 0
    n_lost: int = 0
    n_gaps: int = 0
    n_reconnects: int = 0
    sfreq_effective: float | None = None
    clock_offset_s: float | None = None
    t_newest: float | None = None


class SampleSource(Protocol):
    """A stream of samples in µV.

    One thread opens, reads and closes; `status` may be asked, and `close` called, from any thread.
    """

    @property
    def realtime(self) -> bool:
        """Whether samples come at the pace of the clock, with capture times on the local clock."""
        ...

    def open(self, timeout_s: float) -> StreamSpec:
        """Find the stream and connect to it.

        Parameters
        ----------
        timeout_s : float
            How long to look for it, in s.

        Returns
        -------
        StreamSpec
            What the stream says of itself.

        Raises
        ------
        StreamError
            When it is not found, or cannot be used.
        EndOfStream
            When the source is closed meanwhile.
        """
        ...

    def read(self, timeout_s: float) -> list[Chunk]:
        """Wait for samples.

        Parameters
        ----------
        timeout_s : float
            How long to wait at most, in s.

        Returns
        -------
        list of Chunk
            What has come, in µV; empty when nothing came in time.

        Raises
        ------
        EndOfStream
            When the last sample has been delivered.
        """
        ...

    def markers(self) -> list[Marker]:
        """Return the markers that came since the last call, with times on the clock of the samples."""
        ...

    def status(self) -> SourceStatus:
        """Return how the source is doing."""
        ...

    def accept_change(self) -> StreamSpec:
        """Take the stream that came back changed (`Phase.CHANGED`) as a new one.

        Returns
        -------
        StreamSpec
            What it is now.

        Raises
        ------
        StreamError
            When no changed stream is there, or it does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of everything; safe to call twice."""
        ...

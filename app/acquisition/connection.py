"""One connection to one LSL stream: the thin layer over pylsl's inlet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from app.acquisition.chunk_pull import ChunkPull
from app.acquisition.lsl_network import load_lsl
from app.acquisition.stream_description import StreamDescription, parse_description
from sclcm_core.types import Float64Array

_SLICE_S = 0.2
BUFFER_S = 60
"""How much liblsl keeps for a reader that is late, in s; what is older is lost, and counted."""


class ConnectionLostError(Exception):
    """The stream is gone."""


class Connection:
    """A connection to a stream.

    Parameters
    ----------
    info : pylsl.StreamInfo
        What a resolver found.
    description : StreamDescription
        The same, as far as it is known before connecting.

    Notes
    -----
    liblsl's own recovery is off: it accepts a stream that comes back at another rate, and is silent for ever when it comes back
    with other channels.
    """

    def __init__(self, info: Any, description: StreamDescription) -> None:
        self._pylsl = load_lsl()
        self.description = description
        buffer_s = round(BUFFER_S * max(description.speed, 1.0))
        self._inlet: Any = self._pylsl.StreamInlet(info, max_buflen=buffer_s, max_chunklen=0, recover=False)
        self._chunks: ChunkPull | None = None

    def open(self, timeout_s: float, is_wanted: Callable[[], bool]) -> StreamDescription:
        """Read the full description and subscribe to the samples.

        Parameters
        ----------
        timeout_s : float
            How long to try, in s.
        is_wanted : callable
            Asked every 0.2 s; once it says no, the attempt is given up.

        Returns
        -------
        StreamDescription
            With channels and units.

        Raises
        ------
        ConnectionLostError
            When the stream does not answer.
        """
        deadline = time.monotonic() + timeout_s
        info = self._insist(lambda: self._inlet.info(timeout=_SLICE_S), deadline, is_wanted)
        self.description = parse_description(info.as_xml())
        self._insist(lambda: self._inlet.open_stream(timeout=_SLICE_S), deadline, is_wanted)
        self._chunks = ChunkPull(self._inlet)
        return self.description

    def _insist(self, attempt: Callable[[], Any], deadline: float, is_wanted: Callable[[], bool]) -> Any:
        while True:
            try:
                return attempt()
            except self._pylsl.util.TimeoutError as error:
                if time.monotonic() > deadline or not is_wanted():
                    raise ConnectionLostError("the stream does not answer") from error
            except RuntimeError as error:
                raise ConnectionLostError(str(error)) from error

    def pull(self, timeout_s: float) -> tuple[npt.NDArray[Any], Float64Array]:
        """Wait for samples.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the first of them, in s.

        Returns
        -------
        samples : ndarray, shape (n_samples, n_channels)
            In the stream's unit and type.
        stamps : ndarray of float64, shape (n_samples,)
            Raw time stamps in s.

        Raises
        ------
        ConnectionLostError
            When the stream is gone.
        """
        if self._chunks is None:
            raise ConnectionLostError("the connection is closed")
        try:
            return self._chunks.pull(timeout_s)
        except RuntimeError as error:
            raise ConnectionLostError(str(error)) from error

    def correction_s(self) -> float | None:
        """Return what LSL adds to raw stamps to reach the local clock, in s; None while it is being measured. Never blocks."""
        try:
            return float(self._inlet.time_correction(timeout=0.0))
        except RuntimeError:
            return None

    def close(self) -> None:
        """Disconnect."""
        self._chunks = self._inlet = None

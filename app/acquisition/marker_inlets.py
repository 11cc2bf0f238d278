"""Marker streams that are taken along with the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.acquisition.lsl_network import load_lsl
from app.acquisition.result_outlets import is_result_of
from app.acquisition.stream_description import StreamDescription

_BUFFER = 36
_MAX_PULL = 256
_MAX_STREAMS = 16


@dataclass(frozen=True, slots=True)
class RawMarker:
    """A marker as it came.

    Parameters
    ----------
    stamp : float
        Raw time stamp in s.
    correction_s : float
        What LSL adds to reach the local clock, in s.
    text : str
        What happened.
    duration_s : float
        How long it lasted, in s, where the stream tells.
    stream : StreamDescription
        Where it came from.
    """

    stamp: float
    correction_s: float
    text: str
    duration_s: float
    stream: StreamDescription


class MarkerInlets:
    """Connections to all marker streams that belong to a stream of samples.

    Parameters
    ----------
    companion_id : str
        Source id of the marker stream to take; when empty, every marker stream that is visible.
    identity : str
        Source id of the samples, or their name: what this program itself says of them is no marker.
    """

    def __init__(self, companion_id: str = "", identity: str = "") -> None:
        self._companion_id, self._identity = companion_id, identity
        self._inlets: dict[str, tuple[Any, StreamDescription]] = {}

    @property
    def n_streams(self) -> int:
        """Number of streams connected."""
        return len(self._inlets)

    def take_along(self, visible: list[tuple[StreamDescription, Any]]) -> None:
        """Connect to the marker streams among what is visible; returns at once."""
        for description, info in visible:
            if self._is_wanted(description) and description.uid not in self._inlets and len(self._inlets) < _MAX_STREAMS:
                inlet = load_lsl().StreamInlet(info, max_buflen=_BUFFER, recover=False)
                _correction(inlet)  # the first call starts the measurement
                self._inlets[description.uid] = inlet, description

    def _is_wanted(self, description: StreamDescription) -> bool:
        if self._companion_id:
            return description.source_id == self._companion_id
        is_own = is_result_of(self._identity, description.name, description.source_id)
        return description.is_marker_stream and not is_own

    def pull(self) -> list[RawMarker]:
        """Return what has come; never waits."""
        if not self._inlets:
            return []
        out: list[RawMarker] = []
        for uid, (inlet, description) in list(self._inlets.items()):
            try:
                values, stamps = inlet.pull_chunk(timeout=0.0, max_samples=_MAX_PULL, as_numpy=True)
            except RuntimeError:
                del self._inlets[uid]
                continue
            if len(stamps):
                correction_s = _correction(inlet)
                out += [
                    RawMarker(float(t), correction_s, _text(value[0]), _duration(value[1:]), description)
                    for t, value in zip(stamps, values, strict=True)
                ]
        return out

    def close(self) -> None:
        """Disconnect from all."""
        self._inlets.clear()


def _correction(inlet: Any) -> float:
    try:
        return float(inlet.time_correction(timeout=0.0))
    except RuntimeError:
        return 0.0


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").replace("\x00", "").strip()
    return f"{float(value):g}"


def _duration(values: Any) -> float:
    try:
        return float(values[0]) if len(values) else 0.0
    except ValueError:
        return 0.0

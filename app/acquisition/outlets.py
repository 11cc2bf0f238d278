"""Streams that this program puts on the network: samples, markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.acquisition.lsl_network import load_lsl
from sclcm_core.types import Float64Array, FloatArray

_BUFFER_S = 360


@dataclass(frozen=True, slots=True)
class OutletSpec:
    """What an outlet says of itself.

    Parameters
    ----------
    name, type, source_id : str
        As others will see them; `source_id` must be unique and the same at each start, so that others find the stream again.
    ch_names : tuple of str
        Channel labels.
    sfreq : float
        Nominal sampling rate in Hz; 0 when irregular.
    units, ch_types : tuple of str
        One for all channels, or one a channel.
    manufacturer : str
        Who made the device.
    channel_format : str
        Number format on the wire.
    simulated : bool
        Whether the signal is made up.
    speed : float
        Pace of a replayed recording relative to the clock.
    markers_id : str
        Source id of the marker stream that belongs to it.
    end_marker : str
        Text of the marker that will say that no more samples come.
    notes : tuple of (str, str)
        More entries of the description.
    """

    name: str
    type: str
    source_id: str
    ch_names: tuple[str, ...]
    sfreq: float = 0.0
    units: tuple[str, ...] = ("microvolts",)
    ch_types: tuple[str, ...] = ("EEG",)
    manufacturer: str = "SCLCM Live"
    channel_format: str = "float32"
    simulated: bool = False
    speed: float = 1.0
    markers_id: str = ""
    end_marker: str = ""
    notes: tuple[tuple[str, str], ...] = ()


def stream_info(spec: OutletSpec) -> Any:
    """Return pylsl's description of an outlet, following the XDF meta-data conventions.

    Parameters
    ----------
    spec : OutletSpec
        What the outlet says of itself.

    Returns
    -------
    pylsl.StreamInfo
        With channels, units and the rest in its ``desc``.
    """
    n_channels = len(spec.ch_names)
    info = load_lsl().StreamInfo(spec.name, spec.type, n_channels, spec.sfreq, spec.channel_format, spec.source_id)
    desc = info.desc()
    desc.append_child_value("manufacturer", spec.manufacturer)
    desc.append_child_value("simulated", "true" if spec.simulated else "false")
    for key, value in (("markers_source_id", spec.markers_id), ("end_marker", spec.end_marker), *spec.notes):
        if value:
            desc.append_child_value(key, value)
    if spec.speed != 1.0:
        desc.append_child("replay").append_child_value("speed", repr(spec.speed))
    channels = desc.append_child("channels")
    for label, unit, kind in zip(spec.ch_names, _each(spec.units, n_channels), _each(spec.ch_types, n_channels), strict=True):
        channel = channels.append_child("channel")
        for key, value in (("label", label), ("unit", unit), ("type", kind)):
            if value:
                channel.append_child_value(key, value)
    return info


def _each(values: Sequence[str], n: int) -> Sequence[str]:
    return tuple(values) * n if len(values) == 1 else values


class SampleOutlet:
    """A stream of samples on the network.

    Parameters
    ----------
    spec : OutletSpec
        What it says of itself.
    """

    def __init__(self, spec: OutletSpec) -> None:
        self.spec = spec
        self._outlet: Any = load_lsl().StreamOutlet(stream_info(spec), max_buffered=_BUFFER_S)

    def push(self, samples: FloatArray, stamps: Float64Array) -> None:
        """Send samples.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            In the units of the outlet.
        stamps : ndarray of float64, shape (n_samples,)
            Capture times in s on the LSL clock.
        """
        if len(stamps):
            self._outlet.push_chunk(samples, stamps.tolist())

    def has_consumers(self) -> bool:
        """Tell whether anybody is listening."""
        return bool(self._outlet.have_consumers())

    def wait_for_consumers(self, timeout_s: float) -> bool:
        """Wait until somebody listens, at most for a time in s; tell whether somebody does."""
        return bool(self._outlet.wait_for_consumers(timeout_s))

    def close(self) -> None:
        """Take the stream off the network."""
        self._outlet = None


class MarkerOutlet(SampleOutlet):
    """A stream of texts on the network, each with its duration in a second channel.

    Parameters
    ----------
    name, source_id : str
        As others will see them.
    simulated : bool
        Whether what it tells is made up.
    """

    def __init__(self, name: str, source_id: str, *, simulated: bool = False) -> None:
        labels, units = ("marker", "duration"), ("", "seconds")
        super().__init__(
            OutletSpec(
                name, "Markers", source_id, labels, 0.0, units, ("Markers",), channel_format="string", simulated=simulated
            )
        )

    def mark(self, text: str, stamp: float, duration_s: float = 0.0) -> None:
        """Send a text.

        Parameters
        ----------
        text : str
            What happened.
        stamp : float
            When, in s on the LSL clock.
        duration_s : float
            How long, in s; 0 when it is a moment.
        """
        self._outlet.push_sample([text, f"{duration_s:.6g}" if duration_s else "0"], stamp)

"""What an LSL stream says of itself, read from its XML, whatever the XML looks like."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

MAX_CHANNELS = 4096
"""Streams with more are not described channel by channel."""

_SPEEDS = (1e-3, 1e3)


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What a stream says of itself.

    Parameters
    ----------
    name, type, source_id, hostname, uid : str
        As declared; `source_id` is empty when the source gives none, `uid` is new for each start of the source.
    n_channels : int
        Number of channels; one more than `MAX_CHANNELS` when there are more than those.
    sfreq : float
        Nominal sampling rate in Hz; 0 when irregular.
    channel_format : str
        ``"float32"``, ``"int16"``, ``"string"``...
    ch_names, ch_types, units : tuple of str
        One entry a channel, empty where not given; ``()`` when the stream describes no channels.
    manufacturer : str
        Who made the device.
    created_at : float
        When the stream was opened, in s on its own clock.
    simulated : bool
        Whether the stream says that it is simulated.
    speed : float
        Pace of a replayed recording relative to the clock; 1 for devices.
    markers_id : str
        Source id of the marker stream that belongs to it; empty when none is named.
    end_marker : str
        Text of the marker that says that no more samples will come; empty when there is none.
    """

    name: str
    type: str
    source_id: str
    hostname: str
    uid: str
    n_channels: int
    sfreq: float
    channel_format: str
    ch_names: tuple[str, ...] = ()
    ch_types: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    manufacturer: str = ""
    created_at: float = 0.0
    simulated: bool = False
    speed: float = 1.0
    markers_id: str = ""
    end_marker: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """A label for each channel; ``"ch 1"``, ``"ch 2"``... where the stream gives none."""
        given = self.ch_names + ("",) * (self.n_channels - len(self.ch_names))
        return tuple(label or f"ch {k + 1}" for k, label in enumerate(given[: self.n_channels]))

    @property
    def is_marker_stream(self) -> bool:
        """Whether the stream carries events rather than samples."""
        return self.sfreq == 0 and (self.n_channels == 1 or (self.n_channels == 2 and self.channel_format == "string"))


def parse_description(xml: str) -> StreamDescription:
    """Read a stream's description.

    Parameters
    ----------
    xml : str
        The XML that liblsl gives; what is missing or broken in it is left empty.

    Returns
    -------
    StreamDescription
        The description.

    Examples
    --------
    >>> parse_description("<info><name>A</name><nominal_srate>250.0</nominal_srate></info>").sfreq
    250.0
    """
    root = _parse(xml)
    desc = root.find("desc")
    desc = desc if desc is not None else ElementTree.Element("desc")
    n_channels = int(min(max(_number(root, "channel_count"), 0), MAX_CHANNELS + 1))
    return StreamDescription(
        name=_text(root, "name"),
        type=_text(root, "type"),
        source_id=_text(root, "source_id"),
        hostname=_text(root, "hostname"),
        uid=_text(root, "uid"),
        n_channels=n_channels,
        sfreq=max(_number(root, "nominal_srate"), 0.0),
        channel_format=_text(root, "channel_format"),
        ch_names=_channel_entries(desc, "label", n_channels),
        ch_types=_channel_entries(desc, "type", n_channels),
        units=_channel_entries(desc, "unit", n_channels),
        manufacturer=_manufacturer(desc),
        created_at=_number(root, "created_at"),
        simulated=_text(desc, "simulated").lower() in ("true", "yes", "1"),
        speed=_speed(desc),
        markers_id=_text(desc, "markers_source_id"),
        end_marker=_text(desc, "end_marker"),
    )


def _parse(xml: str) -> ElementTree.Element:
    if "<!DOCTYPE" in xml:  # liblsl writes none, and entities could grow without bound
        return ElementTree.Element("info")
    try:
        return ElementTree.fromstring(_ILLEGAL.sub("", xml))
    except ElementTree.ParseError:
        return ElementTree.Element("info")


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _number(node: ElementTree.Element, path: str) -> float:
    try:
        value = float(_text(node, path))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _speed(desc: ElementTree.Element) -> float:
    speed = _number(desc, "replay/speed")
    return speed if _SPEEDS[0] <= speed <= _SPEEDS[1] else 1.0


def _channel_entries(desc: ElementTree.Element, what: str, n_channels: int) -> tuple[str, ...]:
    entries = [_text(channel, what) for channel in desc.findall("channels/channel")]
    if not any(entries):
        return ()
    return tuple((entries + [""] * n_channels)[:n_channels])


def _manufacturer(desc: ElementTree.Element) -> str:
    return _text(desc, "manufacturer") or _text(desc, "acquisition/manufacturer")

"""The XML inside an XDF file: what the file, its streams and their ends say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

_LINES = frozenset("\t\n\r")


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What a stream says of itself.

    Parameters
    ----------
    name, type : str
        As readers will show and choose it.
    channel_format : {'float32', 'double64', 'int64', 'string'}
        How a value is stored.
    ch_names : tuple of str
        Labels of the channels.
    sfreq : float
        Nominal sampling rate in Hz; 0 when irregular.
    unit : str
        Unit of every channel.
    ch_types : tuple of str
        Type of each channel; empty when there is none to tell.
    source_id : str
        What identifies the device.
    notes : mapping of str to str
        More entries of the description; the keys are XML names.
    """

    name: str
    type: str
    channel_format: str
    ch_names: tuple[str, ...]
    sfreq: float = 0.0
    unit: str = ""
    ch_types: tuple[str, ...] = ()
    source_id: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.ch_names)


@dataclass(slots=True)
class FooterFacts:
    """What is known of a stream once it has ended.

    Parameters
    ----------
    t_first, t_last : float or None
        Times of the first and the last sample in s.
    n_samples : int
        Number of samples.
    offsets : list of (float, float)
        Clock offsets: when, and how much, in s.
    """

    t_first: float | None = None
    t_last: float | None = None
    n_samples: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)


def file_header_xml(started: datetime) -> bytes:
    """Return the content of a file's header."""
    root = Element("info")
    _add(root, "version", "1.0")
    _add(root, "datetime", started.strftime("%Y-%m-%dT%H:%M:%S%z"))
    return _xml(root)


def header_xml(header: StreamHeader) -> bytes:
    """Return the content of a stream's header, following the XDF meta-data conventions."""
    root = Element("info")
    for key, value in (
        ("name", header.name or "unnamed"),  # pyxdf cannot read a stream without a name
        ("type", header.type),
        ("channel_count", str(header.n_channels)),
        ("nominal_srate", repr(float(header.sfreq))),
        ("channel_format", header.channel_format),
        ("source_id", header.source_id),
    ):
        _add(root, key, value)
    desc = SubElement(root, "desc")
    channels = SubElement(desc, "channels")
    for label, ch_type in zip(header.ch_names, header.ch_types or ("",) * header.n_channels, strict=True):
        channel = SubElement(channels, "channel")
        for key, value in (("label", label), ("unit", header.unit), ("type", ch_type)):
            if value:
                _add(channel, key, value)
    for key, value in header.notes.items():
        _add(desc, key, value)
    return _xml(root)


def footer_xml(facts: FooterFacts) -> bytes:
    """Return the content of a stream's footer."""
    root = Element("info")
    _add(root, "first_timestamp", repr(facts.t_first or 0.0))
    _add(root, "last_timestamp", repr(facts.t_last or 0.0))
    _add(root, "sample_count", str(facts.n_samples))
    offsets = SubElement(root, "clock_offsets")
    for t, offset_s in facts.offsets:
        entry = SubElement(offsets, "offset")
        _add(entry, "time", repr(t))
        _add(entry, "value", repr(offset_s))
    return _xml(root)


def _add(parent: Element, key: str, value: str) -> None:
    SubElement(parent, key).text = "".join(character if _is_allowed(character) else "\ufffd" for character in value)


def _is_allowed(character: str) -> bool:
    """Tell whether XML 1.0 can hold a character: names of streams come from devices and hold anything."""
    code = ord(character)
    return character in _LINES or (code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF))


def _xml(root: Element) -> bytes:
    return b'<?xml version="1.0"?>' + tostring(root, encoding="unicode").encode("utf-8")

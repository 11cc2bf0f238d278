"""The chunks of an XDF file, walked to see how much of it is whole."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from sclcm_core.errors import RecordingError

MAGIC = b"XDF:"
_LENGTH_FORMATS = {1: "<B", 4: "<I", 8: "<Q"}
_UNFINISHED = 0
"""What this program's writer leaves in place of a length when it is killed before a batch of chunks is whole."""

_TAGS = range(1, 7)
_SAMPLES, _HEADER, _STREAM_TAGS = 3, 2, (2, 3, 4, 6)


@dataclass(frozen=True)
class Chunks:
    """What is whole of a file.

    Parameters
    ----------
    whole : bytes
        The file up to the end of its last whole chunk.
    n_cut : int
        How many bytes follow that.
    """

    whole: bytes
    n_cut: int


def whole_chunks(path: Path) -> Chunks:
    """Read the chunks of an XDF file that are whole.

    Parameters
    ----------
    path : Path
        The file; ``.xdfz`` and ``.xdf.gz`` are unpacked.

    Returns
    -------
    Chunks
        The whole chunks. A file whose chunks are damaged before its end raises `RecordingError`.
    """
    data = _content(path)
    if data[:4] != MAGIC:
        raise RecordingError(
            f"'{path}' is not an XDF file: it begins with {data[:4]!r}.", "Check that it is what its name says."
        )
    at, known = len(MAGIC), set[int]()
    while at < len(data) and data[at] != _UNFINISHED:
        stop = _end_of_chunk(data, at, known, path)
        if stop is None:
            break
        at = stop
    return Chunks(data[:at], len(data) - at)


def _content(path: Path) -> bytes:
    packed = path.read_bytes()
    if path.suffix.lower() not in (".xdfz", ".gz"):
        return packed
    try:
        return gzip.decompress(packed)
    except EOFError:
        return zlib.decompressobj(wbits=31).decompress(packed)


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """Return a number of variable length and where it ends, or None at the end of the data."""
    if at >= len(data):
        return None
    form = _LENGTH_FORMATS.get(data[at])
    if form is None:
        raise ValueError(f"a length of {data[at]} bytes")
    stop = at + 1 + struct.calcsize(form)
    return (int(struct.unpack_from(form, data, at + 1)[0]), stop) if stop <= len(data) else None


def _end_of_chunk(data: bytes, at: int, known: set[int], path: Path) -> int | None:
    """Return where a chunk ends, or None when it is cut off; `known` collects the streams that have a header."""
    try:
        length = _number(data, at)
        if length is None or length[1] + 2 > len(data):
            return None
        tag = int.from_bytes(data[length[1] : length[1] + 2], "little")
        if tag not in _TAGS or length[0] < (6 if tag in _STREAM_TAGS else 2):
            raise ValueError(f"a chunk of kind {tag} and {length[0]} bytes")
        stop = length[1] + length[0]
        if stop > len(data):
            return None
        _check_stream(data, length[1] + 2, stop, tag, known)
    except ValueError as error:
        raise RecordingError(
            f"'{path}' is damaged at byte {at} of {len(data)} ({error}).", "Copy it again from where it was recorded."
        ) from error
    return stop


def _check_stream(data: bytes, at: int, stop: int, tag: int, known: set[int]) -> None:
    if tag not in _STREAM_TAGS:
        return
    stream = int.from_bytes(data[at : at + 4], "little")
    if tag == _HEADER:
        known.add(stream)
    elif stream not in known:
        raise ValueError(f"data of a stream {stream} that was never described")
    if tag == _SAMPLES:
        count = _number(data, at + 4)
        if count is None or count[0] > stop - count[1]:
            raise ValueError("more samples than bytes")

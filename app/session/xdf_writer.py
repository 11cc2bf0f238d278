"""An XDF 1.0 file that grows while it is written, and can be read at any moment of its life.

Format: https://github.com/sccn/xdf/wiki/Specifications. A file is a row of chunks, each a length, a kind and a content.

What was handed over is written as one batch whose very first byte is left zero; when all of it is on the file, that byte is set.
A process that is killed half-way therefore leaves either the whole batch, or a zero byte at which every reader stops, with
the chunks before it untouched. Of a batch that does not fit on a full disk, the file is cut back to the last whole chunk.
Several writers may share a file: each hands over batches of its own, from a thread of its own.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from app.session.xdf_text import FooterFacts, StreamHeader, file_header_xml, footer_xml, header_xml
from sclcm_core.types import Float64Array

MAGIC = b"XDF:"
BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
"""The sixteen bytes by which readers find their way after damage."""

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_DTYPES: dict[str, str] = {"float32": "<f4", "double64": "<f8", "int64": "<i8"}


class BinaryFile(Protocol):
    """What the writer asks of a file."""

    def write_at(self, data: bytes, position: int) -> None:
        """Write all of the data at a position, or raise `OSError`."""
        ...

    def truncate(self, length: int) -> None:
        """Cut the file to a length in bytes."""
        ...

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class NewFile:
    """A file that did not exist before, written without a buffer.

    Parameters
    ----------
    path : Path
        Where; raises `FileExistsError` when there is something already.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)

    def write_at(self, data: bytes, position: int) -> None:
        """Write all of the data at a position, or raise `OSError`."""
        self._file.seek(position)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def truncate(self, length: int) -> None:
        """Cut the file to a length in bytes."""
        self._file.truncate(length)

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@dataclass(slots=True)
class _Stream:
    """What is known of a stream that is being written."""

    header: StreamHeader
    facts: FooterFacts


class BatchFile:
    """An XDF file that takes whole batches, from one writer or from several at once.

    Parameters
    ----------
    file : BinaryFile
        An empty file.
    started : datetime, optional
        When the recording began; now, when left out.

    Notes
    -----
    Batches are written one after the other, in the order in which they come. The file is let go of with its last writer;
    `is_closed` then says so.
    """

    def __init__(self, file: BinaryFile, started: datetime | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._n_writers = self._n_streams = 0
        self.is_closed = False
        self.n_bytes = len(MAGIC)
        file.write_at(MAGIC, 0)
        self.append(_chunk(_FILE_HEADER, file_header_xml(started or datetime.now().astimezone())))

    @property
    def is_empty(self) -> bool:
        """Whether no stream was ever described in it."""
        return self._n_streams == 0

    def number(self) -> int:
        """Return the number of one more stream."""
        with self._lock:
            self._n_streams += 1
            return self._n_streams

    def append(self, batch: bytes) -> None:
        """Write a batch as a whole, or not at all.

        Raises
        ------
        OSError
            When the file takes no more; it then ends with the batch before.
        """
        with self._lock:
            try:
                self._file.write_at(b"\x00" + batch[1:], self.n_bytes)
                self._file.write_at(batch[:1], self.n_bytes)
            except OSError:
                with contextlib.suppress(OSError):  # what is left then begins with a zero, at which readers stop
                    self._file.truncate(self.n_bytes)
                raise
            self.n_bytes += len(batch)

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        self._file.sync()

    def join(self) -> None:
        """Count one more writer."""
        with self._lock:
            self._n_writers += 1

    def leave(self) -> None:
        """Count one writer less, and let go of the file with the last one."""
        with self._lock:
            self._n_writers -= 1
            self.is_closed = self._n_writers == 0
        if self.is_closed:
            self._file.close()


class XdfWriter:
    """Writes streams into an XDF file.

    Nothing reaches the file before `commit`; what one `commit` writes is there as a whole or not at all.

    Parameters
    ----------
    file : BatchFile
        Where to; other writers may write there too, from other threads.
    """

    def __init__(self, file: BatchFile) -> None:
        self._file = file
        self._streams: dict[int, _Stream] = {}
        self._pending: list[bytes] = []
        self._is_closed = False
        file.join()

    @property
    def n_bytes(self) -> int:
        """Size of the file, with what others have written."""
        return self._file.n_bytes

    def add_stream(self, header: StreamHeader) -> int:
        """Describe a stream and return its number."""
        number = self._file.number()
        self._streams[number] = _Stream(header, FooterFacts())
        self._put(_STREAM_HEADER, number, header_xml(header))
        return number

    def numbers(self, stream: int, stamps: Float64Array, values: npt.NDArray[Any]) -> None:
        """Add samples to a stream of numbers.

        Parameters
        ----------
        stream : int
            Number of the stream.
        stamps : ndarray of float64, shape (n_samples,)
            Times in s.
        values : ndarray, shape (n_samples, n_channels)
            In the units of the stream; stored in its number format.
        """
        header = self._streams[stream].header
        row = np.dtype([("n_bytes", "u1"), ("stamp", "<f8"), ("values", _DTYPES[header.channel_format], (header.n_channels,))])
        rows = np.empty(len(stamps), dtype=row)
        rows["n_bytes"], rows["stamp"], rows["values"] = 8, stamps, values
        self._samples(stream, stamps, rows.tobytes())

    def texts(self, stream: int, stamps: Float64Array, rows: list[tuple[str, ...]]) -> None:
        """Add samples to a stream of texts.

        Parameters
        ----------
        stream : int
            Number of the stream.
        stamps : ndarray of float64, shape (n_samples,)
            Times in s.
        rows : list of tuple of str
            One text a channel.
        """
        encoded = b"".join(
            b"\x08" + struct.pack("<d", stamp) + b"".join(map(_text, row))
            for stamp, row in zip(stamps.tolist(), rows, strict=True)
        )
        self._samples(stream, stamps, encoded)

    def clock_offset(self, stream: int, t: float, offset_s: float) -> None:
        """State how far a stream's clock was from that of this machine.

        Parameters
        ----------
        stream : int
            Number of the stream.
        t : float
            When it was measured, in s.
        offset_s : float
            What is added to the stream's stamps to bring them onto this machine's clock, in s.
        """
        self._streams[stream].facts.offsets.append((t, offset_s))
        self._put(_CLOCK_OFFSET, stream, struct.pack("<dd", t, offset_s))

    def boundary(self) -> None:
        """Commit what was handed over, and a mark from which a reader of a damaged file can go on.

        A batch of its own: a reader that finds the mark in a batch that was never finished must find nothing after it.
        """
        self.commit()
        self._pending = [_chunk(_BOUNDARY, BOUNDARY)]
        self.commit()

    def commit(self) -> None:
        """Write what was handed over.

        Raises
        ------
        OSError
            When the file takes no more; it then ends with what the last `commit` wrote.
        """
        batch = b"".join(self._pending)
        self._pending = []
        if batch:
            self._file.append(batch)

    def sync(self) -> None:
        """Wait until what was committed is on the disk."""
        self._file.sync()

    def close(self) -> None:
        """Write the footers and let go of the file; safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            for number, stream in self._streams.items():
                self._put(_STREAM_FOOTER, number, footer_xml(stream.facts))
            self.commit()
            self.sync()
        finally:
            self._file.leave()

    def abandon(self) -> None:
        """Let go of the file as it is, without footers; safe to call twice."""
        if not self._is_closed:
            self._is_closed = True
            self._file.leave()

    def _samples(self, stream: int, stamps: Float64Array, encoded: bytes) -> None:
        if not len(stamps):
            return
        facts = self._streams[stream].facts
        facts.t_first = float(stamps[0]) if facts.t_first is None else facts.t_first
        facts.t_last = float(stamps[-1])
        facts.n_samples += len(stamps)
        self._put(_SAMPLES, stream, _variable_length(len(stamps)) + encoded)

    def _put(self, kind: int, stream: int, content: bytes) -> None:
        self._pending.append(_chunk(kind, struct.pack("<I", stream) + content))


def _chunk(kind: int, content: bytes) -> bytes:
    return _variable_length(len(content) + 2) + struct.pack("<H", kind) + content


def _variable_length(number: int) -> bytes:
    """Return a number as one byte that says how many follow, and these; never with a zero in front."""
    if number < 1 << 8:
        return struct.pack("<BB", 1, number)
    return struct.pack("<BI", 4, number) if number < 1 << 32 else struct.pack("<BQ", 8, number)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8", "replace")
    return _variable_length(len(encoded)) + encoded

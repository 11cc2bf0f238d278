"""The few lines of Protocol Buffers that an ONNX file is read and changed with, without the onnx package."""

from __future__ import annotations

from collections.abc import Iterator


def fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Read a message.

    Parameters
    ----------
    data : bytes
        The message.

    Yields
    ------
    number : int
        Of the field.
    payload : bytes
        What it holds, without key and length.
    raw : bytes
        The whole field.

    Raises
    ------
    ValueError
        When it is no message.

    Examples
    --------
    >>> [number for number, _, _ in fields(text_field(3, b"T7") + number_field(1, 300))]
    [3, 1]
    """
    position = 0
    while position < len(data):
        start = position
        key, position = _varint(data, position)
        kind = key & 7
        if kind == 0:
            _, end = _varint(data, position)
        elif kind == 2:
            length, position = _varint(data, position)
            end = position + length
        elif kind in (1, 5):
            end = position + (8 if kind == 1 else 4)
        else:
            raise ValueError("not a protobuf file")
        if end > len(data):
            raise ValueError("the file ends early")
        yield key >> 3, data[position:end], data[start:end]
        position = end


def text_field(number: int, payload: bytes) -> bytes:
    """Return a field that holds text, bytes or a message."""
    return _encode_varint(number << 3 | 2) + _encode_varint(len(payload)) + payload


def number_field(number: int, value: int) -> bytes:
    """Return a field that holds a whole number, not negative."""
    return _encode_varint(number << 3) + _encode_varint(value)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("not a protobuf file")


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])

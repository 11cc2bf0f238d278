"""MATLAB files of format 5: what they hold, whether they are whole, and their arrays of numbers.

scipy reads such files too, but crashes the process on some damaged ones (an element of an unknown type is looked up beyond the
end of a table) and reads up to a cut in silence; so arrays of numbers are read here, and files that hold more are looked through
before another library reads them.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT_TYPES = (16, 17, 18)
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_PEEK_BYTES = 4096
_MOST_BYTES = 8 * 2**30
_DEEPEST = 32


class MatlabError(ValueError):
    """A MATLAB file that is cut short, damaged, or of another format."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An array of a file, not yet read.

    Parameters
    ----------
    name : str
        Its name.
    shape : tuple of int
        Its shape.
    kind : str or None
        Type of its numbers as numpy writes it, or None when it holds no numbers.
    at, n_bytes : int
        Where its element lies in the file, and how long that is without its tag.
    packed : bool
        Whether the element is compressed.
    order : str
        Byte order of the file, ``"<"`` or ``">"``.
    """

    name: str
    shape: tuple[int, ...]
    kind: str | None
    at: int
    n_bytes: int
    packed: bool
    order: str


def is_format_5(path: Path) -> bool:
    """Tell whether a file has the header of format 5.

    Parameters
    ----------
    path : Path
        The file.
    """
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)[124:] in _BYTE_ORDERS


def list_variables(path: Path) -> dict[str, Variable]:
    """List what a file holds, reading only the beginning of each variable.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to Variable
        The variables by name, in the order of the file. Raises `MatlabError` when the file is cut short or damaged.
    """
    size = path.stat().st_size
    found = {}
    with path.open("rb") as file:
        order = _BYTE_ORDERS.get(file.read(_HEADER_BYTES)[124:])
        if order is None:
            raise MatlabError("it has no header of MATLAB's format 5; save it again with the option '-v7'")
        at = _HEADER_BYTES
        while at < size:
            file.seek(at)
            tag = file.read(8)
            kind, n_bytes = struct.unpack(f"{order}II", tag) if len(tag) == 8 else (_MATRIX, size)
            if at + 8 + n_bytes > size:
                raise MatlabError(f"it is cut short: it holds {size} bytes and needs {at + 8 + n_bytes}")
            if kind not in (_MATRIX, _COMPRESSED):
                raise MatlabError(f"it holds an element of kind {kind} at byte {at}")
            variable = _peek(file.read(min(n_bytes, _PEEK_BYTES)), at, n_bytes, kind == _COMPRESSED, order)
            found[variable.name] = variable
            at += 8 + n_bytes
    return found


def load_numbers(path: Path, variable: Variable) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
    """Read an array of numbers.

    Parameters
    ----------
    path : Path
        The file.
    variable : Variable
        Which one.

    Returns
    -------
    ndarray, shape as the variable says
        The numbers, real parts only. Raises `MatlabError` when they are damaged or no numbers.
    """
    if variable.kind is None:
        raise MatlabError(f"'{variable.name}' holds no numbers")
    content = _content(path, variable)
    parts = list(_elements(content, 0, len(content), variable.order))
    if len(parts) < 4 or parts[3][0] not in _STORED:
        raise MatlabError(f"'{variable.name}' holds no numbers")
    stored, start, stop = parts[3]
    flat = np.frombuffer(content[start:stop], variable.order + _STORED[stored])
    if flat.size != math.prod(variable.shape):
        raise MatlabError(f"'{variable.name}' holds {flat.size} numbers for a shape {variable.shape}")
    return flat.astype(variable.kind, copy=False).reshape(variable.shape, order="F")


def look_through(path: Path) -> None:
    """Check every element of a file, so that a reader that does not check them may have it.

    Parameters
    ----------
    path : Path
        The file. Raises `MatlabError` when an element is damaged.
    """
    for variable in list_variables(path).values():
        content = _content(path, variable)
        _check_matrix(content, 0, len(content), variable.order, 0)


def _peek(head: bytes, at: int, n_bytes: int, packed: bool, order: str) -> Variable:
    """Read flags, shape and name from the beginning of a variable."""
    try:
        if packed:
            head = zlib.decompressobj().decompress(head, _PEEK_BYTES)[8:]
        (_, flags, _), (_, *shape), (_, *name) = _first_three(memoryview(head), order)
        (what,) = struct.unpack_from(f"{order}I", head, flags)
        dims = tuple(int(n) for n in np.frombuffer(head[shape[0] : shape[1]], f"{order}i4"))
        if min(dims, default=-1) < 0 or math.prod(dims) > _MOST_BYTES:
            raise ValueError(f"a shape {dims}")
        text = head[name[0] : name[1]].decode("latin1")
    except (ValueError, zlib.error, struct.error) as error:
        raise MatlabError(f"it is damaged at byte {at} ({error})") from error
    return Variable(text, dims, _CLASSES.get(what & 0xFF), at, n_bytes, packed, order)


def _first_three(head: memoryview, order: str) -> list[tuple[int, int, int]]:
    """Return flags, shape and name: kind, start and stop of each."""
    parts = []
    for part in _elements(head, 0, len(head), order):
        parts.append(part)
        if len(parts) == 3:
            return parts
    raise ValueError("a variable without flags, shape and name")


def _content(path: Path, variable: Variable) -> memoryview:
    """Return what is inside the element of a variable."""
    with path.open("rb") as file:
        file.seek(variable.at + 8)
        raw = file.read(variable.n_bytes)
    if not variable.packed:
        return memoryview(raw)
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(raw, _MOST_BYTES)
    except zlib.error as error:
        raise MatlabError(f"'{variable.name}' is damaged ({error})") from error
    if not unpacker.eof or len(content) < 8:
        raise MatlabError(f"'{variable.name}' is cut short")
    kind, n_bytes = struct.unpack_from(f"{variable.order}II", content)
    if kind != _MATRIX or n_bytes > len(content) - 8:
        raise MatlabError(f"'{variable.name}' is damaged")
    return memoryview(content)[8 : 8 + n_bytes]


def _elements(data: memoryview, at: int, stop: int, order: str) -> Iterator[tuple[int, int, int]]:
    """Walk the elements between two places: kind, start and stop of the content of each."""
    while at + 8 <= stop:
        kind, n_bytes = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:
            kind, n_bytes = kind & 0xFFFF, kind >> 16
            start, following = at + 4, at + 8
        else:
            start, following = at + 8, at + 8 + n_bytes + (-n_bytes % 8)
        if kind not in _STORED and kind not in (_MATRIX, *_TEXT_TYPES):
            raise MatlabError(f"it holds an element of kind {kind}")
        if start + n_bytes > stop or (start == at + 4 and n_bytes > 4):
            raise MatlabError("it holds an element that is longer than what is around it")
        yield kind, start, start + n_bytes
        at = following


def _check_matrix(data: memoryview, at: int, stop: int, order: str, depth: int) -> None:
    """Check an array and the arrays inside it."""
    if depth > _DEEPEST:
        raise MatlabError(f"it holds arrays inside arrays, more than {_DEEPEST} deep")
    for kind, start, end in _elements(data, at, stop, order):
        if kind == _MATRIX:
            _check_matrix(data, start, end, order, depth + 1)

"""A pickle reader that knows arrays, numbers, words and nothing else.

Python's own reader calls whatever a file names. Here a file may contain only the instructions that numpy arrays in
dictionaries, lists and tuples need, is looked through before anything is built, and what would be calls end in the two
stand-ins of this file, which copy plain numbers.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

_ALLOWED = frozenset(
    """PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE INT LONG BININT BININT1 BININT2 LONG1 FLOAT BINFLOAT
    SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8
    EMPTY_DICT EMPTY_LIST EMPTY_TUPLE DICT LIST TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM SETITEMS
    PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD""".split()
)
_MOST_INSTRUCTIONS = 100_000
_PLAIN_KINDS = "biuf"
_ARRAY_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")


class NotPlainError(ValueError):
    """A pickle that holds more than plain arrays."""


class _Type:
    """Stands in for ``numpy.dtype``: a code such as ``f8``, and the byte order that follows as its state."""

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str):
            raise NotPlainError(f"it holds an array of type {code!r}")
        self.code, self.order = code, "="

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise NotPlainError("it holds an array of a composite type")
        self.order = str(state[1])

    def build(self) -> np.dtype[Any]:
        kind = np.dtype(self.order + self.code.lstrip("<>|="))
        if kind.kind not in _PLAIN_KINDS:
            raise NotPlainError(f"it holds an array of type '{kind}'")
        return kind


class _Array:
    """Stands in for ``numpy.ndarray``: takes shape, type and bytes as its state."""

    def __init__(self, *_: object) -> None:
        self.values: np.ndarray[tuple[int, ...], Any] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Type):
            raise NotPlainError("it holds something that is no plain array")
        _, shape, kind, is_fortran, data = state
        content = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(content, bytes | bytearray) or not isinstance(shape, tuple):
            raise NotPlainError("it holds an array of objects")
        flat = np.frombuffer(content, kind.build())
        self.values = flat.reshape(shape, order="F") if is_fortran else flat.reshape(shape)


class _Maker:
    """What a file may call, and may not change."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise NotPlainError("it tries to change how arrays are made")


def _make_bytes(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise NotPlainError("it holds bytes in an unusual encoding")
    return text.encode("latin1")


def _make_from_buffer(content: object, kind: object, shape: object, order: object) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, kind, order == "F", content))
    return array


_STAND_INS: dict[tuple[str, str], object] = {
    **{(module, "_reconstruct"): _Maker(_Array) for module in _ARRAY_MODULES},
    **{(module, "_frombuffer"): _Maker(_make_from_buffer) for module in ("numpy.core.numeric", "numpy._core.numeric")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _Maker(_Type),
    ("_codecs", "encode"): _Maker(_make_bytes),
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise NotPlainError(f"it asks for '{module}.{name}', which is no plain array")
        return _STAND_INS[module, name]

    def persistent_load(self, pid: object) -> Any:
        raise NotPlainError(f"it refers to something outside the file ({pid!r})")


def load_plain(data: bytes) -> Any:
    """Read a pickle of plain arrays, numbers and words.

    Parameters
    ----------
    data : bytes
        The pickle; strings of Python 2 are read as Latin-1.

    Returns
    -------
    object
        Dictionaries, lists, tuples, numbers, words and arrays as they were. Anything else, and any damage, raises ValueError;
        nothing in the file is ever executed.

    Examples
    --------
    >>> load_plain(pickle.dumps({"labels": np.arange(3)}))
    {'labels': array([0, 1, 2])}
    >>> load_plain(pickle.dumps(print))
    Traceback (most recent call last):
        ...
    sclcm_core.recordings.plain_pickle.NotPlainError: it asks for 'builtins.print', which is no plain array
    """
    try:
        _look_through(data)
        return _unwrap(_Reader(io.BytesIO(data), encoding="latin1").load())
    except NotPlainError:
        raise
    except Exception as error:  # a damaged pickle fails in any of the ways of its instructions
        raise ValueError(f"it is damaged: {error}") from error


def _look_through(data: bytes) -> None:
    """Refuse instructions that plain arrays do not need, and memo places that would only eat memory."""
    for n_seen, (code, argument, _) in enumerate(pickletools.genops(data)):
        if code.name not in _ALLOWED:
            raise NotPlainError(f"it uses the instruction {code.name}, which plain arrays do not need")
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(argument or 0) <= _MOST_INSTRUCTIONS:
            raise NotPlainError(f"it uses a memo place {argument}")
        if n_seen > _MOST_INSTRUCTIONS:
            raise NotPlainError(f"it has more than {_MOST_INSTRUCTIONS} instructions")


def _unwrap(found: Any) -> Any:
    """Put the arrays where their stand-ins are."""
    if isinstance(found, _Array):
        if found.values is None:
            raise NotPlainError("it holds an array without content")
        return found.values
    if isinstance(found, dict):
        return {key: _unwrap(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return type(found)(_unwrap(value) for value in found)
    return found

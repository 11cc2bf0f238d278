"""Pickles as Python 2 and its NumPy wrote them, the format of DEAP's files, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from sclcm_core.types import Float64Array

_NEW_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
_FLOAT64 = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def python2_pickle(arrays: Mapping[str, Float64Array]) -> bytes:
    r"""Return a pickle, protocol 2, of named arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray of float64, any shape
        The arrays; names of at most 255 ASCII letters.

    Returns
    -------
    bytes
        A dictionary, which Python 3 reads with the encoding ``latin1``.

    Examples
    --------
    >>> python2_pickle({"labels": np.ones(2)})[:12]
    b'\x80\x02}(U\x06labels'
    """
    items = b"".join(_word(name) + _array(np.ascontiguousarray(values, "<f8")) for name, values in arrays.items())
    return b"\x80\x02}(" + items + b"u."


def _word(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode("ascii")


def _array(values: Float64Array) -> bytes:
    shape = b"(" + b"".join(b"J" + struct.pack("<i", length) for length in values.shape) + b"t"
    content = b"T" + struct.pack("<i", values.nbytes) + values.tobytes()
    return _NEW_ARRAY + b"(K\x01" + shape + _FLOAT64 + b"\x89" + content + b"tb"

"""Rows of colours for pictures: even to the eye, and read alike by everybody."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PyQt5.QtGui import QImage

from sclcm_core.types import FloatArray

Pixels = npt.NDArray[np.uint32]

_ANCHORS = {
    "magma": "000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf",
    "viridis": "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725",
    "balance": "2a5fb0 4a86cc 7fb0e0 b9d5ee e6edf2 f1f1f1 f6e4d8 f3bf9c e98f63 d45f38 a83a22",
}
"""Eleven even steps each: magma and viridis by van der Walt and Smith (2015, CC0), and a diverging row from blue to orange."""


@lru_cache(maxsize=16)
def table(name: str) -> Pixels:
    """Return a row of 256 colours.

    Parameters
    ----------
    name : {'magma', 'viridis', 'balance'}
        Which row.

    Returns
    -------
    ndarray of uint32, shape (256,)
        Opaque colours as Qt's 32-bit pixels, without unit.
    """
    stops = np.array([[int(stop[k : k + 2], 16) for k in (0, 2, 4)] for stop in _ANCHORS[name].split()], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    red, green, blue = (np.interp(at, np.arange(len(stops)), stops[:, k]).round().astype(np.uint32) for k in range(3))
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, dtype=np.uint32)


def paint_values(values: FloatArray, low: float, high: float, name: str, empty: int = 0) -> Pixels:
    """Turn values into pixels.

    Parameters
    ----------
    values : ndarray, any shape
        In any unit; NaN where there is none.
    low, high : float
        What the ends of the row stand for, in the same unit.
    name : str
        Which row of colours.
    empty : int
        The pixel where there is no value.

    Returns
    -------
    ndarray of uint32, same shape
        Qt's 32-bit pixels.
    """
    share = (np.asarray(values, dtype=np.float64) - low) / max(high - low, 1e-9)
    missing = ~np.isfinite(share)
    share[missing] = 0.0
    pixels = table(name)[np.clip(share * 255.0, 0, 255).astype(np.uint8)]
    pixels[missing] = empty
    return pixels


def image(pixels: Pixels) -> QImage:
    """Return pixels as a picture of Qt's that owns its memory.

    Parameters
    ----------
    pixels : ndarray of uint32, shape (n_rows, n_columns)
        Qt's 32-bit pixels, the first row on top.
    """
    rows = np.ascontiguousarray(pixels)
    height, width = rows.shape
    return QImage(rows.tobytes(), width, height, 4 * width, QImage.Format_ARGB32_Premultiplied).copy()

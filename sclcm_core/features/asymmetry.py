"""Differences and ratios between electrodes: DASM, RASM, DCAU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sclcm_core.types import FloatArray

Pairs = Sequence[tuple[int, int]]


def dasm(values: FloatArray, pairs: Pairs) -> npt.NDArray[np.floating]:
    """Return the difference between left and right electrodes.

    Parameters
    ----------
    values : ndarray, shape (..., n_bands, n_channels)
        Differential entropies in nats.
    pairs : sequence of (int, int)
        Indices (left, right) of channels.

    Returns
    -------
    ndarray, shape (..., n_bands, n_pairs)
        ``DE(left) - DE(right)`` in nats.

    Notes
    -----
    Duan, Zhu & Lu 2013, doi:10.1109/NER.2013.6695876.

    Examples
    --------
    >>> dasm(np.array([[3.0, 1.0]]), [(0, 1)])
    array([[2.]])
    """
    first, second = _columns(pairs)
    return values[..., first] - values[..., second]


def rasm(values: FloatArray, pairs: Pairs) -> npt.NDArray[np.floating]:
    """Return the ratio of left to right electrodes.

    Parameters
    ----------
    values : ndarray, shape (..., n_bands, n_channels)
        Differential entropies in nats, not normalised: the ratio is meaningless around zero.
    pairs : sequence of (int, int)
        Indices (left, right) of channels.

    Returns
    -------
    ndarray, shape (..., n_bands, n_pairs)
        ``DE(left) / DE(right)``, without unit. A denominator below 1e-3 nats is held at 1e-3 nats of the same sign.

    Notes
    -----
    Duan, Zhu & Lu 2013, doi:10.1109/NER.2013.6695876. Depends on the unit of the signal (µV here).

    Examples
    --------
    >>> rasm(np.array([[3.0, 1.5]]), [(0, 1)])
    array([[2.]])
    """
    first, second = _columns(pairs)
    denominator = values[..., second]
    smallest = np.where(denominator < 0, -1e-3, 1e-3)
    return values[..., first] / np.where(np.abs(denominator) < 1e-3, smallest, denominator)


def dcau(values: FloatArray, pairs: Pairs) -> npt.NDArray[np.floating]:
    """Return the difference between front and back electrodes.

    Parameters
    ----------
    values : ndarray, shape (..., n_bands, n_channels)
        Differential entropies in nats.
    pairs : sequence of (int, int)
        Indices (front, back) of channels.

    Returns
    -------
    ndarray, shape (..., n_bands, n_pairs)
        ``DE(front) - DE(back)`` in nats.

    Notes
    -----
    Differential caudality (Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497).
    """
    return dasm(values, pairs)


def _columns(pairs: Pairs) -> tuple[list[int], list[int]]:
    return [first for first, _ in pairs], [second for _, second in pairs]

"""Against what potentials are measured: re-referencing, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from sclcm_core.montage import canonical_name, find_channels
from sclcm_core.types import Float64Array

Reference = Literal["as_recorded", "average", "linked"]

EARS = ("A1", "A2")
"""Earlobes or mastoids (M1, M2 are aliases): the linked reference."""


def average_reference(samples: Float64Array) -> Float64Array:
    """Subtract the mean over the channels from each sample.

    Parameters
    ----------
    samples : ndarray of float64, shape (n_samples, n_channels)
        Finite potentials in µV.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_channels)
        Potentials in µV against the mean of all channels (Offner 1950, doi:10.1016/0013-4694(50)90040-X).

    Examples
    --------
    >>> average_reference(np.array([[1.0, 3.0]]))
    array([[-1.,  1.]])
    """
    data = np.ascontiguousarray(samples)  # so that each row is summed in the same order whatever the chunks
    return np.asarray(data - data.mean(axis=1, keepdims=True))


def linked_reference(samples: Float64Array, ch_names: Sequence[str]) -> Float64Array:
    """Subtract the mean of both ears (or mastoids) from each sample.

    Parameters
    ----------
    samples : ndarray of float64, shape (n_samples, n_channels)
        Finite potentials in µV.
    ch_names : sequence of str
        Names of the channels; A1 and A2 (or M1 and M2) must be among them.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_channels)
        Potentials in µV against linked ears.

    Examples
    --------
    >>> linked_reference(np.array([[5.0, 1.0, 3.0]]), ["Cz", "M1", "M2"])
    array([[ 3., -1.,  1.]])
    """
    left, right = ear_columns(ch_names)
    return samples - 0.5 * (samples[:, left] + samples[:, right])[:, None]


def ear_columns(ch_names: Sequence[str]) -> tuple[int, int]:
    """Return where the left and the right ear (or mastoid) stand among channels.

    Parameters
    ----------
    ch_names : sequence of str
        Names of the channels.

    Raises
    ------
    ValueError
        When one is not there.
    """
    names = [canonical_name(name) for name in ch_names]
    missing = [ear for ear in EARS if ear not in names]
    if missing:
        raise ValueError(f"The linked reference needs {' and '.join(missing)} (or the mastoids) among {list(ch_names)}.")
    return names.index(EARS[0]), names.index(EARS[1])


def bipolar(samples: Float64Array, ch_names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Float64Array:
    """Return the differences between electrodes.

    Parameters
    ----------
    samples : ndarray of float64, shape (n_samples, n_channels)
        Finite potentials in µV.
    ch_names : sequence of str
        Names of the channels.
    pairs : sequence of (str, str)
        Names of the electrodes, first minus second.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_pairs)
        Differences in µV.

    Examples
    --------
    >>> bipolar(np.array([[5.0, 1.0]]), ["F3", "C3"], [("F3", "C3")])
    array([[4.]])
    """
    first, second = bipolar_columns(ch_names, pairs)
    return samples[:, first] - samples[:, second]


def bipolar_columns(ch_names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> tuple[list[int], list[int]]:
    """Return where the first and the second electrodes of pairs stand among channels.

    Parameters
    ----------
    ch_names : sequence of str
        Names of the channels.
    pairs : sequence of (str, str)
        Names of the electrodes.

    Raises
    ------
    ValueError
        When one is not there.
    """
    columns = [find_channels([pair[side] for pair in pairs], ch_names) for side in (0, 1)]
    missing = sorted({name for _, names in columns for name in names})
    if missing:
        raise ValueError(f"The bipolar pairs name {', '.join(missing)}, not among {list(ch_names)}.")
    return columns[0][0], columns[1][0]

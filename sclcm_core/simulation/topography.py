"""Where on the scalp each source of the simulated head shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sclcm_core.montage import POSITIONS, positions
from sclcm_core.types import Float64Array

_CORRELATION_LENGTH = 0.7
_TEMPORAL_REACH = 0.40
_POSTERIOR_REACH = 0.55


@dataclass(frozen=True)
class Topography:
    """Weights of the sources at each channel.

    Parameters
    ----------
    mixing : ndarray of float64, shape (n_channels, n_channels)
        Turns independent noise into noise that neighbouring electrodes share; every channel keeps unit variance.
    frontal, left, right, posterior : ndarray of float64, shape (n_channels,)
        How near a channel is to the eyes, T7, T8 and the occiput, in 0..1.
    """

    mixing: Float64Array
    frontal: Float64Array
    left: Float64Array
    right: Float64Array
    posterior: Float64Array


def topography(ch_names: Sequence[str]) -> Topography:
    """Work out the weights for a set of channels; a channel that names no electrode sees only noise of its own.

    Parameters
    ----------
    ch_names : sequence of str
        Channel names; aliases are understood.

    Returns
    -------
    Topography
        The weights.
    """
    at = positions(ch_names)
    known = np.isfinite(at[:, 0])
    at = np.where(known[:, None], at, 1e3 * (1.0 + np.arange(len(at)))[:, None])
    return Topography(
        mixing=_mixing(at),
        frontal=_near(at, (0.0, 1.0, 0.0), 0.35),
        left=_near(at, POSITIONS["T7"], _TEMPORAL_REACH),
        right=_near(at, POSITIONS["T8"], _TEMPORAL_REACH),
        posterior=_near(at, (0.0, -0.95, 0.2), _POSTERIOR_REACH),
    )


def _near(at: Float64Array, centre: Sequence[float], reach: float) -> Float64Array:
    return np.asarray(np.exp(-0.5 * np.sum((at - np.asarray(centre)) ** 2, axis=1) / reach**2))


def _mixing(at: Float64Array) -> Float64Array:
    """Return the Cholesky factor of a correlation that falls off as a Gaussian of the distance."""
    squared = np.sum((at[:, None] - at[None]) ** 2, axis=-1)
    correlation = 0.9 * np.exp(-0.5 * squared / _CORRELATION_LENGTH**2)
    np.fill_diagonal(correlation, 1.0)
    return np.linalg.cholesky(correlation)

"""From values at electrodes to a picture of the scalp: one matrix, made once."""

from __future__ import annotations

import numpy as np

from sclcm_core.types import Float64Array

RIM = 1.12
"""Radius of the picture; 1 is the circle through Fpz, T8, Oz and T7."""
STIFFNESS = 2
N_TERMS = 40
SMOOTHING = 1e-6


def flat_places(places: Float64Array) -> Float64Array:
    """Lay electrodes out on a disc, seen from above, nose up.

    Parameters
    ----------
    places : ndarray of float64, shape (n_channels, 3)
        Right, front, up on the unit sphere, without unit.

    Returns
    -------
    ndarray of float64, shape (n_channels, 2)
        Right and front; the equator has radius 1, without unit. Azimuthal equidistant: distances from the vertex are true.
    """
    x, y, z = places.T
    angle = np.arccos(np.clip(z, -1.0, 1.0))
    across = np.maximum(np.hypot(x, y), 1e-12)
    radius = angle / (np.pi / 2)
    return np.stack([x / across * radius, y / across * radius], axis=1)


def round_places(flat: Float64Array) -> Float64Array:
    """Undo `flat_places`: shape (n, 2) to (n, 3), without unit."""
    radius = np.hypot(flat[:, 0], flat[:, 1])
    angle = radius * np.pi / 2
    scale = np.where(radius > 1e-12, np.sin(angle) / np.maximum(radius, 1e-12), np.pi / 2)
    return np.stack([flat[:, 0] * scale, flat[:, 1] * scale, np.cos(angle)], axis=1)


def weights(places: Float64Array, n_pixels: int) -> Float64Array:
    """Return the matrix that turns values at electrodes into a square picture.

    Parameters
    ----------
    places : ndarray of float64, shape (n_channels, 3)
        Right, front, up on the unit sphere, without unit.
    n_pixels : int
        Side of the picture.

    Returns
    -------
    ndarray of float64, shape (n_pixels**2, n_channels)
        Weights without unit; rows sum to 1. The first row of the picture is the front.

    Notes
    -----
    Spherical splines (Perrin et al. 1989, doi:10.1016/0013-4694(89)90180-6), slightly smoothed, of order 2: with order 4, noise
    on 32 electrodes overshot threefold between them. ``W @ values`` is then all that is left to do for each picture.
    """
    side = (np.arange(n_pixels) + 0.5) / n_pixels * 2 * RIM - RIM
    grid = np.stack(np.meshgrid(side, -side), axis=-1).reshape(-1, 2)
    n = len(places)
    system = np.ones((n + 1, n + 1))
    system[:n, :n] = _spline(places @ places.T) + SMOOTHING * np.eye(n)
    system[n, n] = 0.0
    towards = np.ones((len(grid), n + 1))
    towards[:, :n] = _spline(round_places(grid) @ places.T)
    return np.asarray((towards @ np.linalg.inv(system))[:, :n])


def _spline(cosine: Float64Array) -> Float64Array:
    terms = np.arange(1, N_TERMS + 1)
    factors = np.concatenate([[0.0], (2 * terms + 1) / (terms * (terms + 1.0)) ** STIFFNESS]) / (4 * np.pi)
    return np.asarray(np.polynomial.legendre.legval(np.clip(cosine, -1.0, 1.0), factors))

"""Values at electrodes, spread over a flat head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.montage import positions
from sclcm_core.streaming.interpolate import spline_weights
from sclcm_core.types import Float64Array

EDGE = 1.15
"""Radius of the drawing; the equator of the head, through T7 and T8, is at 1."""

FEWEST_ELECTRODES = 6
"""With fewer electrodes nothing is interpolated: the surface would be an invention."""

REACH = 0.45
"""Farther than this from every electrode nothing is drawn; neighbours of the 10-20 system are 0.5 apart."""


def flat_places(ch_names: Sequence[str]) -> Float64Array:
    """Return where electrodes are on a head seen from above.

    Parameters
    ----------
    ch_names : sequence of str
        Names of the electrodes.

    Returns
    -------
    ndarray of float64, shape (n_channels, 2)
        Right and front, without unit: the distance from the vertex along the scalp, 1 at the equator. NaN for names without a place.
    """
    places = positions(ch_names)
    angle = np.arccos(np.clip(places[:, 2] / np.linalg.norm(places, axis=1), -1.0, 1.0)) / (np.pi / 2)
    across = np.maximum(np.hypot(places[:, 0], places[:, 1]), 1e-12)
    return np.asarray(places[:, :2] / across[:, None] * angle[:, None])


def surface(values: Float64Array, ch_names: Sequence[str], n_points: int = 64) -> Float64Array | None:
    """Spread values over the head by spherical splines.

    Parameters
    ----------
    values : ndarray of float64, shape (n_channels,)
        One value an electrode, any unit.
    ch_names : sequence of str
        Names of the electrodes; those without a known place are left out.
    n_points : int
        Size of the picture.

    Returns
    -------
    ndarray of float64, shape (n_points, n_points), or None
        The values, same unit, from back left to front right, within `EDGE`; NaN outside of the head and out of
        `REACH` of every electrode. None with too few electrodes.
    """
    places = positions(ch_names)
    known = np.isfinite(places).all(axis=1) & np.isfinite(values)
    if known.sum() < FEWEST_ELECTRODES:
        return None
    axis = np.linspace(-EDGE, EDGE, n_points)
    right, front = np.meshgrid(axis, axis)
    radius = np.hypot(right, front)
    at = flat_places(ch_names)[known]
    nearest = np.hypot(right[..., None] - at[:, 0], front[..., None] - at[:, 1]).min(axis=-1)
    inside = (radius <= EDGE) & (nearest <= REACH)
    angle, safe = radius * np.pi / 2, np.maximum(radius, 1e-12)
    ring = np.sin(angle) / safe
    points = np.stack([right * ring, front * ring, np.cos(angle)], axis=-1)[inside]
    picture = np.full(radius.shape, np.nan)
    picture[inside] = spline_weights(places[known], points) @ values[known]
    return picture

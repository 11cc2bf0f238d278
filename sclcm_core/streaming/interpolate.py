"""Bad channels, rebuilt from the good ones by spherical splines."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from sclcm_core.montage import canonical_name, positions
from sclcm_core.types import Float64Array, FloatArray

_STIFFNESS = 4
_N_TERMS = 50
_RIDGE = 1e-5


def spline_weights(from_positions: Float64Array, to_positions: Float64Array) -> Float64Array:
    """Return the weights that carry potentials from some places on the head to others.

    Parameters
    ----------
    from_positions : ndarray of float64, shape (n_from, 3)
        Places of the electrodes, without unit; scaled to the unit sphere.
    to_positions : ndarray of float64, shape (n_to, 3)
        Places where the potential is wanted, likewise.

    Returns
    -------
    ndarray of float64, shape (n_to, n_from)
        Weights without unit; each row sums to 1.

    Notes
    -----
    Spherical splines of order 4 (Perrin, Pernier, Bertrand & Echallier 1989, doi:10.1016/0013-4694(89)90180-6): the potential is
    ``c_0 + Σ_j c_j g(cos θ_j)`` with ``g(x) = Σ_{n=1..50} (2n + 1) P_n(x) / (4π (n (n + 1))⁴)`` and ``Σ_j c_j = 0``, fitted
    through all electrodes but for 1e-5 on the diagonal.
    """
    start, end = (_on_sphere(points) for points in (from_positions, to_positions))
    n = len(start)
    system = np.ones((n + 1, n + 1))
    system[:n, :n] = _spline(start @ start.T) + _RIDGE * np.eye(n)
    system[n, n] = 0.0
    wanted = np.concatenate([_spline(end @ start.T), np.ones((len(end), 1))], axis=1)
    weights: Float64Array = np.linalg.solve(system, wanted.T).T[:, :n]
    return weights


def interpolate_channels(samples: FloatArray, ch_names: Sequence[str], bad: Collection[str]) -> Float64Array:
    """Replace bad channels by what the good ones say of their place.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials in µV, finite in the good channels.
    ch_names : sequence of str
        Names of the channels; those that name no electrode are neither used nor rebuilt.
    bad : collection of str
        Names of the channels to rebuild.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_channels)
        Potentials in µV, a copy.

    Raises
    ------
    ValueError
        When a bad channel has no known place, or fewer than three good ones are left.

    Notes
    -----
    Linear and without memory, so that a stream and a recording give the same, bit for bit. What is rebuilt adds no
    information: a channel that is often bad should be left out of the features.
    """
    return interpolate(samples, *rebuilding(ch_names, bad))


def interpolate(samples: FloatArray, good: Sequence[int], broken: Sequence[int], weights: Float64Array) -> Float64Array:
    """Replace channels by weighted sums of others.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials in µV, finite in the good channels.
    good, broken, weights
        What `rebuilding` returned.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_channels)
        Potentials in µV, a copy.
    """
    out = np.array(samples, dtype=np.float64)
    source = np.ascontiguousarray(out[:, good])
    # sum by sum, not as a product of matrices, whose rounding may depend on how many samples come at once
    for channel, row in zip(broken, weights, strict=True):
        out[:, channel] = (source * row).sum(axis=1)
    return out


def rebuilding(ch_names: Sequence[str], bad: Collection[str]) -> tuple[list[int], list[int], Float64Array]:
    """Return which channels are rebuilt, from which, and with what weights.

    Parameters
    ----------
    ch_names : sequence of str
        Names of the channels.
    bad : collection of str
        Names of the channels to rebuild.

    Returns
    -------
    good, broken : list of int
        Numbers of the channels that are used and of those that are rebuilt.
    weights : ndarray of float64, shape (n_broken, n_good)
        Weights without unit.

    Raises
    ------
    ValueError
        When a bad channel has no known place, or fewer than three good ones are left.
    """
    names = [canonical_name(name) for name in ch_names]
    wanted = {canonical_name(name) or name for name in bad}
    unknown = sorted(wanted - {name for name in names if name})
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not among the electrodes {list(ch_names)}.")
    good = [k for k, name in enumerate(names) if name and name not in wanted]
    broken = [k for k, name in enumerate(names) if name in wanted]
    if len(good) < 3:
        raise ValueError(f"{len(good)} good channels are left; at least 3 are needed to rebuild {', '.join(sorted(wanted))}.")
    places = positions(ch_names)
    return good, broken, spline_weights(places[good], places[broken])


def _on_sphere(points: Float64Array) -> Float64Array:
    scaled: Float64Array = points / np.linalg.norm(points, axis=1, keepdims=True)
    return scaled


def _spline(cosine: Float64Array) -> Float64Array:
    n = np.arange(1, _N_TERMS + 1)
    factors = np.concatenate([[0.0], (2 * n + 1) / (4 * np.pi * (n * (n + 1.0)) ** _STIFFNESS)])
    value: Float64Array = np.polynomial.legendre.legval(np.clip(cosine, -1.0, 1.0), factors)
    return value

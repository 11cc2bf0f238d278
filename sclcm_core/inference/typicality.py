"""How like the training windows a window is: the score against what a model has never seen (novelty, out of distribution)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sclcm_core.types import Float64Array, FloatArray

N_QUANTILES = 101
"""Distances that are kept of the training windows: their 0th, 1st, ... 100th percentile."""

MAX_DIRECTIONS = 16
"""Directions whose spread is kept by itself: what is left over shares one spread, so that the manifest stays small."""


@dataclass(frozen=True, slots=True)
class TypicalityModel:
    """Where training windows lie, and how far from their centre.

    Parameters
    ----------
    centre : ndarray of float64, shape (n_features,)
        Mean over the training windows of the normalised features averaged over a window's frames, without unit.
    directions : ndarray of float64, shape (n_directions, n_features)
        Orthonormal: the directions in which training windows differ most.
    spreads : ndarray of float64, shape (n_directions,)
        Standard deviation along each, without unit.
    rest_spread : float
        Standard deviation along any other direction, without unit.
    distances : ndarray of float64, shape (n_quantiles,)
        Quantiles at even steps of the distances of windows of people on whom the rest was not fitted; ascending.
    """

    centre: Float64Array
    directions: Float64Array
    spreads: Float64Array
    rest_spread: float
    distances: Float64Array

    def distance(self, frames: FloatArray) -> Float64Array:
        """Return how far windows are from the training windows' centre.

        Parameters
        ----------
        frames : ndarray, shape (n, n_features)
            Normalised features averaged over the frames of each window, without unit.

        Returns
        -------
        ndarray of float64, shape (n,)
            Root mean square distance in standard deviations: about 1 for a training window.

        Notes
        -----
        Mahalanobis' distance under the covariance of probabilistic principal components, which shrinks the small eigenvalues to their
        mean (Tipping & Bishop 1999, doi:10.1111/1467-9868.00196), over the square root of the number of features.
        """
        gaps = np.asarray(frames, dtype=np.float64) - self.centre
        along = gaps @ self.directions.T  # (n, n_directions)
        rest = np.maximum(np.einsum("ij,ij->i", gaps, gaps) - np.einsum("ij,ij->i", along, along), 0.0)
        squares = np.square(along / self.spreads).sum(axis=1) + rest / self.rest_spread**2
        distance: Float64Array = np.sqrt(squares / gaps.shape[1])
        return distance

    def typicality(self, frames: FloatArray) -> Float64Array:
        """Return how typical windows are.

        Parameters
        ----------
        frames : ndarray, shape (n, n_features)
            Normalised features averaged over the frames of each window, without unit.

        Returns
        -------
        ndarray of float64, shape (n,)
            Share, in 0..1, of windows of people not fitted on that are at least as far away: 0 is unlike all of them, 1 as typical as
            can be. New people who are like the training people have 0.5 in the median.
        """
        shares = np.linspace(1.0, 0.0, len(self.distances))
        found: Float64Array = np.interp(self.distance(frames), self.distances, shares)
        return found


def fit_typicality(frames: FloatArray, subject: npt.NDArray[np.integer]) -> TypicalityModel:
    """Learn where training windows lie.

    Parameters
    ----------
    frames : ndarray, shape (n, n_features)
        Normalised features of training windows, and no others, averaged over the frames of each window, without unit.
    subject : ndarray of int, shape (n,)
        Whose they are; two people or more.

    Returns
    -------
    TypicalityModel
        Its distances are those of each person's windows under a fit on the others: a fit finds its own windows closer than it would
        find anybody else's.
    """
    people = np.unique(subject)
    if len(people) < 2:
        raise ValueError("Windows of at least two people are needed: what is typical is judged on people not fitted on.")
    data = np.asarray(frames, dtype=np.float64)
    unseen = [_fit(data[subject != person]).distance(data[subject == person]) for person in people]
    quantiles = np.quantile(np.concatenate(unseen), np.linspace(0, 1, N_QUANTILES))
    whole = _fit(data)
    return TypicalityModel(whole.centre, whole.directions, whole.spreads, whole.rest_spread, quantiles)


def _fit(data: Float64Array) -> TypicalityModel:
    centre = data.mean(axis=0)
    n_features = data.shape[1]
    values, vectors = np.linalg.eigh(np.cov(data, rowvar=False).reshape(n_features, n_features))
    n_directions = min(MAX_DIRECTIONS, n_features - 1)
    floor = 1e-6 * max(float(values[-1]), 1e-12)
    kept = np.maximum(values[::-1][:n_directions], floor)
    rest = max(float(values[: n_features - n_directions].mean()), floor)
    return TypicalityModel(centre, vectors.T[::-1][:n_directions], np.sqrt(kept), rest**0.5, np.array([0.0, 1.0]))


def mean_frames(windows: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Average the frames of windows and lay the rest out flat.

    Parameters
    ----------
    windows : ndarray, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.

    Returns
    -------
    ndarray, shape (n, n_bands * n_columns)
        Likewise, without unit: bands after each other.

    Examples
    --------
    >>> mean_frames(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[0.5, 2.5, 4.5, 6.5]])
    """
    means: FloatArray = np.asarray(windows).mean(axis=-1)
    return means.reshape(len(means), -1)

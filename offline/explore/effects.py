"""Differences between classes, electrode by electrode, over people, with corrected significance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from sclcm_core.types import BoolArray, Float64Array

FALSE_DISCOVERY_RATE = 0.05
"""Share of the differences called significant that may be chance."""

FEWEST_PEOPLE = 3
"""From how many people on differences are tested."""

_MOST_CLASSES_IN_PAIRS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference between classes, person by person.

    Parameters
    ----------
    title : str
        What was compared.
    difference : ndarray of float64, shape (n_bands, n_channels)
        Mean over people, in the feature's unit.
    size : ndarray of float64, shape (n_bands, n_channels)
        Cohen's d_z: mean over standard deviation of the people's differences, without unit; NaN with too few people.
    p : ndarray of float64, shape (n_bands, n_channels)
        Two-sided p of the paired t-test, not corrected; NaN with too few people.
    is_significant : ndarray of bool, shape (n_bands, n_channels)
        Whether it stands after correction over all effects, bands and channels of the report.
    n_people : int
        How many people have both sides.
    """

    title: str
    difference: Float64Array
    size: Float64Array
    p: Float64Array
    is_significant: BoolArray
    n_people: int


def paired_effects(class_means: Float64Array, class_names: Sequence[str]) -> list[Effect]:
    """Compare classes: each with each when there are up to three, otherwise each with the mean of the others.

    Parameters
    ----------
    class_means : ndarray of float64, shape (n_people, n_classes, n_bands, n_channels)
        Mean features of each person in each class, in the feature's unit; NaN where there are none.
    class_names : sequence of str
        Names of the classes.

    Returns
    -------
    list of Effect
        Significance is corrected over all of them together.

    Notes
    -----
    Paired t-test over people, who are the sample: windows of one person are no independent observations. Effect size d_z of Cohen
    1988; false discovery rate of 5 % by Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    contrasts = _contrasts(class_means, class_names)
    tested = [_paired_test(differences) for _, differences in contrasts]
    flags = benjamini_hochberg(np.concatenate([p.ravel() for _, p, _ in tested]), FALSE_DISCOVERY_RATE)
    shape = class_means.shape[2:]
    per_contrast = flags.reshape(len(contrasts), *shape)
    return [
        Effect(title, _mean(differences), size, p, flag, n)
        for (title, differences), (size, p, n), flag in zip(contrasts, tested, per_contrast, strict=True)
    ]


def benjamini_hochberg(p: Float64Array, rate: float) -> BoolArray:
    """Return which of many tests stand at a false discovery rate.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        Probabilities; NaN for tests that could not be made, which do not count.
    rate : float
        Share of false ones among those that stand, in 0..1.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which stand.

    Notes
    -----
    The step-up procedure of Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.02, 0.9, np.nan]), 0.05)
    array([ True,  True, False, False])
    """
    made = np.isfinite(p)
    in_order = np.sort(p[made])
    below = np.flatnonzero(in_order <= rate * np.arange(1, len(in_order) + 1) / max(1, len(in_order)))
    limit = in_order[below[-1]] if len(below) else -1.0
    return np.asarray(made & (np.where(made, p, 2.0) <= limit))


def _contrasts(class_means: Float64Array, class_names: Sequence[str]) -> list[tuple[str, Float64Array]]:
    n_classes = len(class_names)
    if n_classes <= _MOST_CLASSES_IN_PAIRS:
        pairs = combinations(range(n_classes), 2)
        return [(f"{class_names[b]} - {class_names[a]}", class_means[:, b] - class_means[:, a]) for a, b in pairs]
    others = [np.delete(class_means, k, axis=1).mean(axis=1) for k in range(n_classes)]
    return [(f"{class_names[k]} - others", class_means[:, k] - others[k]) for k in range(n_classes)]


def _paired_test(differences: Float64Array) -> tuple[Float64Array, Float64Array, int]:
    found = differences[np.isfinite(differences).all(axis=(1, 2))]
    n = len(found)
    if n < FEWEST_PEOPLE:
        nothing = np.full(differences.shape[1:], np.nan)
        return nothing, nothing, n
    spread = np.maximum(found.std(axis=0, ddof=1), 1e-12)
    size = found.mean(axis=0) / spread
    return size, np.asarray(2 * stats.t.sf(np.abs(size) * np.sqrt(n), n - 1)), n


def _mean(differences: Float64Array) -> Float64Array:
    found = differences[np.isfinite(differences).all(axis=(1, 2))]
    return found.mean(axis=0) if len(found) else np.full(differences.shape[1:], np.nan)

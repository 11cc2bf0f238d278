"""How far a figure can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from sclcm_core.types import Float64Array, FloatArray

N_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval.

    Parameters
    ----------
    value, low, high : float
        The figure and the ends of its interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_mean(values: FloatArray, rng: np.random.Generator, *, confidence: float = 0.95) -> Figure:
    """Return a mean over people with the interval that other people would leave it in.

    Parameters
    ----------
    values : ndarray, shape (n_subjects,)
        One figure a person, in any unit: people are what varies, windows of one person are not independent.
    rng : numpy Generator
        Source of chance.
    confidence : float
        Confidence of the interval.

    Returns
    -------
    Figure
        Expanded percentile bootstrap over people (Efron 1979; Hesterberg 2015, doi:10.1080/00031305.2015.1089789), 10 000 resamples.

    Notes
    -----
    Of normal scores, the plain percentiles hold the true mean in 92 % of samples of 20 people and in 83 % of samples of 5, for
    resampling knows nothing of the degree of freedom that the mean has cost. Percentiles further out, those of Student's t on the scale
    of ``sqrt(n / (n - 1))``, hold it in 95 and 92 %.
    """
    data = np.asarray(values, dtype=np.float64)
    means = data[rng.integers(len(data), size=(N_RESAMPLES, len(data)))].mean(axis=1)
    tail = _tail(len(data), (1 - confidence) / 2)
    low, high = np.quantile(means, [tail, 1 - tail])
    return Figure(float(data.mean()), float(low), float(high))


def _tail(n: int, tail: float) -> float:
    """Return the share of resampled means to leave out on each side for a share of true means to lie there."""
    return float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(tail, n - 1))) if n > 1 else tail


def wilson(n_right: int, n: int, *, confidence: float = 0.95) -> Figure:
    """Return a share with Wilson's interval.

    Parameters
    ----------
    n_right, n : int
        Right answers among all; meant for trials, which are closer to independent than windows.
    confidence : float
        Confidence of the interval.

    Returns
    -------
    Figure
        Share in 0..1 (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> print(wilson(117, 135))
    0.867 [0.799, 0.914]
    """
    if not n:
        raise ValueError("A share of nothing has no interval.")
    z = float(norm.ppf((1 + confidence) / 2))
    share = n_right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Figure(share, float(centre - half), float(centre + half))


def paired_test(a: FloatArray, b: FloatArray, rng: np.random.Generator) -> tuple[Figure, float]:
    """Compare two methods on the same people.

    Parameters
    ----------
    a, b : ndarray, shape (n_subjects,)
        Scores of the same people, in the same order, in any unit.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    difference : Figure
        Mean of ``a - b`` with its bootstrap interval.
    p : float
        Two-sided sign-flip permutation test of the mean difference: how often random signs do as well.
    """
    gaps: Float64Array = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    signs = rng.choice([-1.0, 1.0], size=(N_RESAMPLES, len(gaps)))
    flipped = np.abs((signs * gaps).mean(axis=1))
    p = (1 + np.sum(flipped >= abs(gaps.mean()) - 1e-12)) / (1 + N_RESAMPLES)
    return bootstrap_mean(gaps, rng), float(p)

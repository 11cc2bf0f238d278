"""Whether a probability of 0.8 is right eight times out of ten."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from offline.datasets.window_set import Int64Array
from sclcm_core.types import Float32Array, Float64Array, FloatArray

_HOTTEST = 20.0


def fit_temperature(logits: Float32Array, label: Int64Array) -> float:
    """Find the temperature under which the probabilities are most honest.

    Parameters
    ----------
    logits : ndarray of float32, shape (n, n_classes)
        Logits of windows that were not trained on, without unit.
    label : ndarray of int64, shape (n,)
        True classes; classes count alike, however many windows each has.

    Returns
    -------
    float
        What the logits are to be divided by, in 0.05..20: the least negative log-likelihood (Guo et al. 2017, arXiv:1706.04599).
    """
    counts = np.bincount(label, minlength=logits.shape[1])
    weight = 1.0 / counts[label]
    wide = logits.astype(np.float64)

    def cost(log_temperature: float) -> float:
        scaled = wide / np.exp(log_temperature)
        peak = scaled.max(axis=1, keepdims=True)
        log_sum = peak[:, 0] + np.log(np.exp(scaled - peak).sum(axis=1))
        return float(np.sum(weight * (log_sum - scaled[np.arange(len(label)), label])))

    found = minimize_scalar(cost, bounds=(-np.log(_HOTTEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def reliability(probabilities: FloatArray, label: Int64Array, n_bins: int = 10) -> Float64Array:
    """Compare how sure the answers were with how often they were right.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1.
    label : ndarray of int64, shape (n,)
        True classes.
    n_bins : int
        Bins of equal width over 0..1.

    Returns
    -------
    ndarray of float64, shape (n_bins, 3)
        Mean confidence (NaN in an empty bin), share of right answers (likewise), number of windows.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == label
    number = np.minimum((confidence * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(number, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(number, confidence, n_bins) / counts
        share = np.bincount(number, right, n_bins) / counts
    return np.stack([mean, share, counts.astype(np.float64)], axis=1)


def expected_calibration_error(probabilities: FloatArray, label: Int64Array, n_bins: int = 10) -> float:
    """Return the mean gap between confidence and share of right answers.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1.
    label : ndarray of int64, shape (n,)
        True classes.
    n_bins : int
        Bins of equal width over 0..1.

    Returns
    -------
    float
        In 0..1, bins weighted by their windows (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602).
    """
    mean, share, counts = reliability(probabilities, label, n_bins).T
    full = counts > 0
    return float(np.sum(counts[full] * np.abs(mean[full] - share[full])) / counts.sum())

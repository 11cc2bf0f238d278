"""Several classifiers, one answer: weighted soft voting."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from offline.datasets.window_set import Int64Array
from offline.evaluate.scores import confusion, macro_f1
from sclcm_core.types import Float64Array, FloatArray

GRID = (0.0, 0.35, 0.7, 1.0)
"""Weights among which validation people choose."""


def soft_vote(probabilities: Sequence[FloatArray], weights: Sequence[float]) -> Float64Array:
    """Average probabilities.

    Parameters
    ----------
    probabilities : sequence of ndarray, each of shape (n, n_classes)
        What each classifier says, 0..1.
    weights : sequence of float
        One a classifier, not all 0. On probabilities: the original's weights multiply logits, which makes them temperatures.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        ``Σ w_m p_m / Σ w_m``, probabilities.
    """
    total = float(sum(weights))
    if total <= 0:
        raise ValueError(f"The weights of a vote must be positive in sum; got {list(weights)}.")
    return np.asarray(sum(w * np.asarray(p, np.float64) for w, p in zip(weights, probabilities, strict=True)) / total)


def best_weights(probabilities: Sequence[FloatArray], label: Int64Array) -> tuple[float, ...]:
    """Choose the weights of a vote on validation people.

    Parameters
    ----------
    probabilities : sequence of ndarray, each of shape (n, n_classes)
        What each classifier says, 0..1.
    label : ndarray of int64, shape (n,)
        True classes.

    Returns
    -------
    tuple of float
        Those of the grid with the highest macro-F1; of equals, the first.
    """
    n_classes = probabilities[0].shape[1]
    choices = [weights for weights in itertools.product(GRID, repeat=len(probabilities)) if sum(weights) > 0]
    return max(choices, key=lambda w: macro_f1(confusion(label, soft_vote(probabilities, w).argmax(axis=1), n_classes)))

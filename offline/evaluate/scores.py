"""Scores of predictions."""

from __future__ import annotations

import numpy as np

from offline.datasets.window_set import Int64Array
from sclcm_core.types import FloatArray


def confusion(truth: Int64Array, predicted: Int64Array, n_classes: int) -> Int64Array:
    """Count how often each class was called what.

    Parameters
    ----------
    truth, predicted : ndarray of int64, shape (n,)
        Classes.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Rows: truth; columns: prediction.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    table = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def balanced_accuracy(table: Int64Array) -> float:
    """Return the mean recall of the classes that occur.

    Parameters
    ----------
    table : ndarray of int64, shape (n_classes, n_classes)
        Confusion; rows: truth.

    Returns
    -------
    float
        In 0..1; guessing gives one over the number of classes.

    Examples
    --------
    >>> balanced_accuracy(np.array([[1, 1], [0, 1]]))
    0.75
    """
    counts = table.sum(axis=1)
    present = counts > 0
    return float(np.mean(np.diag(table)[present] / counts[present]))


def macro_f1(table: Int64Array) -> float:
    """Return the mean F1 of the classes that occur or are predicted.

    Parameters
    ----------
    table : ndarray of int64, shape (n_classes, n_classes)
        Confusion; rows: truth.

    Returns
    -------
    float
        In 0..1.

    Examples
    --------
    >>> round(macro_f1(np.array([[1, 1], [0, 1]])), 4)
    0.6667
    """
    hits = np.diag(table).astype(np.float64)
    sums = table.sum(axis=0) + table.sum(axis=1)
    present = sums > 0
    return float(np.mean(2 * hits[present] / sums[present]))


def trial_probabilities(probabilities: FloatArray, trial: Int64Array) -> tuple[FloatArray, Int64Array]:
    """Average the probabilities of the windows of each trial.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1.
    trial : ndarray of int64, shape (n,)
        Trial of each window.

    Returns
    -------
    probabilities : ndarray, shape (n_trials, n_classes)
        In 0..1, in the order of the trials' ids.
    first : ndarray of int64, shape (n_trials,)
        Index of a window of each trial.
    """
    _, first, number = np.unique(trial, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), probabilities.shape[1]))
    np.add.at(sums, number, probabilities)
    return sums / np.bincount(number)[:, None], first

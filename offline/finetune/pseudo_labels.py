"""Which of a network's own answers may be taken for labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offline.datasets.window_set import Int64Array
from offline.finetune.options import SelftrainOptions
from sclcm_core.types import BoolArray, Float64Array, FloatArray

WELL_RECOGNISED = 0.7
"""Recall on validation people from which on a class is held to the higher threshold."""


@dataclass(frozen=True, slots=True)
class PseudoLabels:
    """Windows of accepted trials.

    Parameters
    ----------
    index : ndarray of int64, shape (n,)
        Which windows of the pool.
    label : ndarray of int64, shape (n,)
        What they are taken for.
    n_trials : int
        How many trials they are of.
    """

    index: Int64Array
    label: Int64Array
    n_trials: int


def class_thresholds(recall: FloatArray | None, share: FloatArray, options: SelftrainOptions) -> Float64Array:
    """Return how sure the network must be of each class.

    Parameters
    ----------
    recall : ndarray, shape (n_classes,), or None
        Recall on validation people, 0..1; None where there are none.
    share : ndarray, shape (n_classes,)
        Share of the labelled trials, 0..1.
    options : SelftrainOptions
        The three thresholds.

    Returns
    -------
    ndarray of float64, shape (n_classes,)
        Probabilities: the high one where recall is above 0.7, the low one for classes with less than half of an equal share, otherwise the
        usual one (after MER2024-SEMI, arXiv:2409.04447: 0.99 and 0.85).
    """
    rare = share < 0.5 / len(share)
    sure = np.zeros(len(share), bool) if recall is None else recall > WELL_RECOGNISED
    return np.where(rare, options.rare_threshold, np.where(sure, options.sure_threshold, options.threshold))


def accept(
    probabilities: FloatArray, trial: Int64Array, thresholds: Float64Array, *, share: FloatArray, options: SelftrainOptions
) -> PseudoLabels:
    """Let trials vote, and take those that are sure and of one mind.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        Calibrated probabilities of the pool's windows.
    trial : ndarray of int64, shape (n,)
        Their trials.
    thresholds : ndarray of float64, shape (n_classes,)
        Least mean probability of an accepted trial.
    share : ndarray, shape (n_classes,)
        Share of the labelled trials, 0..1.
    options : SelftrainOptions
        Agreement, and how far a class may exceed its share.

    Returns
    -------
    PseudoLabels
        A trial is accepted when the mean probability of its best class reaches the threshold and enough of its windows say the same. Of
        a class no more trials than ``most_over_share`` times its share of all accepted are taken, the surest first.
    """
    found, number = np.unique(trial, return_inverse=True)
    counts = np.bincount(number)
    mean = np.stack([np.bincount(number, weights=column) for column in probabilities.T], axis=1) / counts[:, None]
    best = mean.argmax(axis=1)
    agreeing = np.bincount(number, weights=probabilities.argmax(axis=1) == best[number]) / counts
    confidence = mean.max(axis=1)
    accepted = (confidence >= thresholds[best]) & (agreeing >= options.agreement)
    kept = _capped(accepted, best, confidence, share, options.most_over_share)
    index = np.flatnonzero(kept[number])
    return PseudoLabels(index, best[number[index]].astype(np.int64), int(kept[: len(found)].sum()))


def _capped(accepted: BoolArray, best: Int64Array, confidence: FloatArray, share: FloatArray, most_over: float) -> BoolArray:
    kept = np.zeros(len(best), bool)
    total = int(accepted.sum())
    for label, own_share in enumerate(share):
        mine = np.flatnonzero(accepted & (best == label))
        most = int(np.ceil(most_over * own_share * total))
        kept[mine[np.argsort(-confidence[mine], kind="stable")][:most]] = True
    return kept

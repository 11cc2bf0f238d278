"""Answering only when sure enough: the confidence that a chosen risk asks for, found on validation people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from offline.config import LINES, Line
from offline.datasets.window_set import Int64Array
from offline.evaluate.fold_result import FoldResult
from sclcm_core.inference.predictor import softmax
from sclcm_core.types import BoolArray, Float64Array, FloatArray

RISKS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""Shares of wrong answers that thresholds are found for."""

ONE_SIDED = 0.9
"""Confidence of the upper bound on the share of wrong answers that must keep the risk."""

NEVER = 2.0
"""A confidence that no answer has: the risk cannot be kept."""


@dataclass(frozen=True, slots=True)
class AbstentionRow:
    """A chosen risk, the threshold for it, and what came of it on the test people.

    Parameters
    ----------
    line : str
        Normalisation.
    risk : float
        Share of wrong answers that is asked for, classes counting alike.
    confidence, coverage : float
        Threshold, and share of windows that pass it, on the pooled validation windows of all folds.
    test_risk, test_coverage : float
        On the test windows, those of each fold by a threshold for which its test people's windows were left out; the risk is NaN where
        nothing was answered.
    """

    line: Line
    risk: float
    confidence: float
    coverage: float
    test_risk: float
    test_coverage: float


def selective_curve(probabilities: FloatArray, label: Int64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Follow the risk as less and less sure answers are let in.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1.
    label : ndarray of int64, shape (n,)
        True classes.

    Returns
    -------
    confidence : ndarray of float64, shape (n,)
        Thresholds, falling.
    risk, coverage : ndarray of float64, shape (n,)
        Share of wrong answers among those at least as sure, and how many these are; classes count alike, so that the risk does not
        lean on the commoner one (Geifman & El-Yaniv 2017, arXiv:1705.08500).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    weight = _class_weight(label)[order]
    wrong = (probabilities.argmax(axis=1) != label)[order]
    answered = np.cumsum(weight)
    risk: Float64Array = np.cumsum(weight * wrong) / answered
    return confidence[order], risk, answered / answered[-1]


def threshold(probabilities: FloatArray, label: Int64Array, subject: Int64Array, risk: float) -> tuple[float, float]:
    """Find from which confidence on answers keep a risk.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1, on people who were not trained on.
    label, subject : ndarray of int64, shape (n,)
        True classes, and whose windows they are.
    risk : float
        Share of wrong answers that is allowed, in 0..1.

    Returns
    -------
    confidence, coverage : float
        The lowest threshold that keeps the risk, and the share of windows that pass it; `NEVER` and 0 where none does.

    Notes
    -----
    What must keep the risk is Wilson's upper bound (one-sided, 90 %) on the share of wrong answers, in which one person's windows of one
    class count as a single observation: they are hardly independent, and a handful of sure answers promises nothing.
    """
    confidence, risks, coverage = selective_curve(probabilities, label)
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    group = (subject * probabilities.shape[1] + label)[order]
    is_new = np.zeros(len(group), bool)
    is_new[np.unique(group, return_index=True)[1]] = True
    bound = _upper(risks, np.cumsum(is_new))
    is_last = np.append(np.diff(confidence) < 0, True)  # answers that are equally sure come in together
    good = np.flatnonzero((bound <= risk) & is_last)
    return (float(confidence[good[-1]]), float(coverage[good[-1]])) if len(good) else (NEVER, 0.0)


def _upper(share: Float64Array, n: Int64Array) -> Float64Array:
    z = float(norm.ppf(ONE_SIDED))
    centre, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    bound: Float64Array = (centre + half) / (1 + z * z / n)
    return bound


def abstention_rows(results: Sequence[FoldResult], temperatures: Mapping[Line, float], method: str) -> list[AbstentionRow]:
    """Find thresholds, and see what they come to on people on whom they were not found.

    Parameters
    ----------
    results : sequence of FoldResult
        All folds.
    temperatures : mapping of str to float
        Of the final network, by line.
    method : str
        Name of the form of the network that is shipped.

    Returns
    -------
    list of AbstentionRow
        For each line and each risk that can be kept on the validation people.
    """
    rows = []
    for line in (line for line in LINES if line in temperatures):
        pool = _pool(results, line, temperatures[line])
        for risk in RISKS:
            confidence, coverage = threshold(*pool, risk)
            if confidence < NEVER:
                tested = _on_test(
                    [_fold(result, pool, line, method, risk, temperature=temperatures[line]) for result in results]
                )
                rows.append(AbstentionRow(line, risk, confidence, coverage, *tested))
    return rows


_Pool = tuple[FloatArray, Int64Array, Int64Array]


def _pool(results: Sequence[FoldResult], line: Line, temperature: float) -> _Pool:
    sides = [result.validation[line] for result in results]
    logits, label, subject = (
        np.concatenate([getattr(side, name) for side in sides]) for name in ("logits", "label", "subject")
    )
    return softmax(logits, temperature), label, subject


def _fold(
    result: FoldResult, pool: _Pool, line: Line, method: str, risk: float, *, temperature: float
) -> tuple[BoolArray, BoolArray, Int64Array]:
    """Return which test windows of a fold are answered, which wrongly, and their classes.

    The fold's own temperature gives way to that of the pool: a threshold means nothing on another scale of confidence.
    """
    reading = result.reading
    others = ~np.isin(pool[2], reading.subject)
    least = threshold(pool[0][others], pool[1][others], pool[2][others], risk)[0] if others.any() else NEVER
    logits = np.log(np.maximum(reading.probabilities[method, line], np.finfo(np.float32).tiny))
    probabilities = softmax(logits * np.float32(result.temperatures[line] / temperature))
    return probabilities.max(axis=1) >= least, probabilities.argmax(axis=1) != reading.label, reading.label


def _on_test(folds: Sequence[tuple[BoolArray, BoolArray, Int64Array]]) -> tuple[float, float]:
    answered, wrong, label = (np.concatenate(parts) for parts in zip(*folds, strict=True))
    weight = _class_weight(label)
    kept = float(np.sum(weight[answered]))
    return float(np.sum((weight * wrong)[answered]) / kept) if kept else float("nan"), kept / float(weight.sum())


def _class_weight(label: Int64Array) -> Float64Array:
    counts = np.bincount(label)
    weight: Float64Array = 1.0 / counts[label]
    return weight

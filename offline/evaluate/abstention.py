"""Answering only when sure enough: the confidence that a chosen risk asks for, found on validation people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from offline.config import LINES, Line
from offline.datasets.window_set import Int64Array
from offline.evaluate.fold_result import FoldResult
from sclcm_core.inference.predictor import softmax
from sclcm_core.types import BoolArray, Float64Array, FloatArray

RISKS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""Shares of wrong answers that thresholds are found for."""

LEAST_COVERAGE = 0.02
"""A threshold that fewer windows pass is not given: it would rest on a handful."""

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
        On the test windows, each fold by the threshold of its own validation people; the risk is NaN where nothing was answered.
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


def threshold(probabilities: FloatArray, label: Int64Array, risk: float) -> tuple[float, float]:
    """Find from which confidence on answers keep a risk.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        In 0..1, on people who were not trained on.
    label : ndarray of int64, shape (n,)
        True classes.
    risk : float
        Share of wrong answers that is allowed, in 0..1.

    Returns
    -------
    confidence, coverage : float
        The lowest threshold that keeps the risk, and the share of windows that pass it; `NEVER` and 0 where none does.
    """
    confidence, risks, coverage = selective_curve(probabilities, label)
    is_last = np.append(np.diff(confidence) < 0, True)  # answers that are equally sure come in together
    good = np.flatnonzero((risks <= risk) & (coverage >= LEAST_COVERAGE) & is_last)
    return (float(confidence[good[-1]]), float(coverage[good[-1]])) if len(good) else (NEVER, 0.0)


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
        sides = [result.validation[line] for result in results]
        pooled = softmax(np.concatenate([side.logits for side in sides]), temperatures[line])
        label = np.concatenate([side.label for side in sides])
        for risk in RISKS:
            confidence, coverage = threshold(pooled, label, risk)
            if confidence < NEVER:
                rows.append(AbstentionRow(line, risk, confidence, coverage, *_on_test(results, line, method, risk)))
    return rows


def _on_test(results: Sequence[FoldResult], line: Line, method: str, risk: float) -> tuple[float, float]:
    answered, wrong, label = (
        np.concatenate(parts) for parts in zip(*(_fold(r, line, method, risk) for r in results), strict=True)
    )
    weight = _class_weight(label)
    kept = float(np.sum(weight[answered]))
    return float(np.sum((weight * wrong)[answered]) / kept) if kept else float("nan"), kept / float(weight.sum())


def _fold(result: FoldResult, line: Line, method: str, risk: float) -> tuple[BoolArray, BoolArray, Int64Array]:
    side, reading = result.validation[line], result.reading
    least, _ = threshold(softmax(side.logits, result.temperatures[line]), side.label, risk)
    probabilities = reading.probabilities[method, line]
    return probabilities.max(axis=1) >= least, probabilities.argmax(axis=1) != reading.label, reading.label


def _class_weight(label: Int64Array) -> Float64Array:
    counts = np.bincount(label)
    weight: Float64Array = 1.0 / counts[label]
    return weight

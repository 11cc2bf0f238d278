"""Simple methods on the same folds: what anything cleverer has to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from offline.datasets.window_set import Int64Array
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.sealed import Answer
from offline.training.inputs import Inputs
from sclcm_core.types import Float32Array

FitBaseline = Callable[[Inputs, Inputs, int], Answer]
"""(training windows, validation windows, number of classes) -> fitted answer, all along one line."""

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Inverse strengths of the penalty among which the validation people choose."""


def fit_majority(train: Inputs, validation: Inputs, n_classes: int) -> Answer:
    """Always answer how often each class came in training.

    Parameters
    ----------
    train, validation : Inputs
        Windows of training people; validation is not looked at.
    n_classes : int
        Number of classes.

    Returns
    -------
    callable
        Takes windows, returns probabilities (n, n_classes).
    """
    shares = np.bincount(train.label, minlength=n_classes) / len(train)
    return lambda inputs: np.tile(shares.astype(np.float32), (len(inputs), 1))


def fit_logistic_regression(
    train: Inputs, validation: Inputs, n_classes: int, *, strengths: Sequence[float] = STRENGTHS
) -> Answer:
    """Fit a linear classifier on the features averaged over the window.

    Parameters
    ----------
    train : Inputs
        Windows of training people; classes count alike.
    validation : Inputs
        Windows of other people, who choose the strength of the L2 penalty by balanced accuracy.
    n_classes : int
        Number of classes.
    strengths : sequence of float
        Inverse strengths to choose among.

    Returns
    -------
    callable
        Takes windows, returns probabilities (n, n_classes).
    """
    return _best(train, validation, n_classes, strengths, lambda inputs: inputs.mean_frame)


def fit_time_course(train: Inputs, validation: Inputs, n_classes: int, *, strengths: Sequence[float] = STRENGTHS) -> Answer:
    """Fit the same linear classifier on every frame of the window: it sees what the network sees, the course over time included.

    Where windows are aligned to what was watched, it shows how much can be had by recognising that.

    Parameters
    ----------
    train, validation, n_classes, strengths
        As of :func:`fit_logistic_regression`.

    Returns
    -------
    callable
        Takes windows, returns probabilities (n, n_classes).
    """
    return _best(train, validation, n_classes, strengths, lambda inputs: inputs.features.reshape(len(inputs), -1))


_View = Callable[[Inputs], Float32Array]
"""What a linear classifier sees of windows, shape (n, n_values)."""


def _best(train: Inputs, validation: Inputs, n_classes: int, strengths: Sequence[float], view: _View) -> Answer:
    """Fit with each strength, and answer with the one that the validation people prefer."""
    fitted = [
        LogisticRegression(C=strength, class_weight="balanced", max_iter=500).fit(view(train), train.label)
        for strength in strengths
    ]
    scores = [_score(model.predict(view(validation)), validation, n_classes) for model in fitted] if len(fitted) > 1 else [0.0]
    best = fitted[int(np.argmax(scores))]

    def answer(inputs: Inputs) -> Float32Array:
        out = np.zeros((len(inputs), n_classes), np.float32)
        out[:, best.classes_] = best.predict_proba(view(inputs))
        return out

    return answer


def _score(answer: Int64Array, inputs: Inputs, n_classes: int) -> float:
    return balanced_accuracy(confusion(inputs.label, answer, n_classes))


BASELINES: dict[str, FitBaseline] = {"majority": fit_majority, "logistic_regression": fit_logistic_regression}
"""Those that see no more of a window than its mean over time."""

ALL_BASELINES = BASELINES | {"time_course": fit_time_course}
"""All simple methods by name."""

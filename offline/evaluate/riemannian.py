"""The Riemannian baseline: tangent space of the windows' covariances, and a linear classifier."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from offline.config import Line
from offline.datasets.window_set import Int64Array
from offline.evaluate.covariances import Covariances
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.sealed import Answer
from offline.training.inputs import Inputs
from sclcm_core.errors import ConfigError, DatasetError
from sclcm_core.types import Float32Array, Float64Array

RIEMANNIAN = "riemannian"
"""Its name in configs and reports."""

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Inverse strengths of the penalty among which the validation people choose."""


class RiemannianBaseline:
    """Covariances in the tangent space at their mean, then logistic regression.

    Parameters
    ----------
    covariances : Covariances
        Of all windows and rests.

    Notes
    -----
    With ``M`` the geometric mean, ``log(M^-1/2 C M^-1/2)`` (Barachant et al. 2012, doi:10.1109/TBME.2011.2172210). Along the population
    line ``M`` is that of the training windows; along the personal line each window is first carried to the identity by the mean
    of the person's own rest in that visit (Zanini et al. 2018, doi:10.1109/TBME.2017.2742541).
    """

    def __init__(self, covariances: Covariances) -> None:
        self._covariances = covariances
        self._whiteners: dict[tuple[int, int], Float64Array] = {}

    def fit(self, train: Inputs, validation: Inputs, n_classes: int, line: Line) -> Answer:
        """Fit on the training windows; the validation people choose the strength of the penalty.

        Parameters
        ----------
        train, validation : Inputs
            Windows; only their numbers, labels and people are looked at.
        n_classes : int
            Number of classes.
        line : {'population', 'personal'}
            Where the matrices are centred.

        Returns
        -------
        callable
            Takes windows, returns probabilities (n, n_classes).
        """
        space = _tangent_space()
        scaler = StandardScaler()
        points = scaler.fit_transform(space.fit_transform(self._matrices(train, line)))
        models = [_fit(points, train.label, strength) for strength in STRENGTHS]

        def vectors(inputs: Inputs) -> Float64Array:
            found: Float64Array = scaler.transform(space.transform(self._matrices(inputs, line)))
            return found

        judged = vectors(validation)
        scores = [balanced_accuracy(confusion(validation.label, model.predict(judged), n_classes)) for model in models]
        best = models[int(np.argmax(scores))]

        def answer(inputs: Inputs) -> Float32Array:
            out = np.zeros((len(inputs), n_classes), np.float32)
            out[:, best.classes_] = best.predict_proba(vectors(inputs))
            return out

        return answer

    def _matrices(self, inputs: Inputs, line: Line) -> Float64Array:
        matrices = self._covariances.of_windows[inputs.window]
        if line != "personal":
            return matrices
        out = np.empty_like(matrices)
        session = self._covariances.session[inputs.window]
        for person, visit in np.unique(np.stack([inputs.subject, session], axis=1), axis=0).tolist():
            mine = (inputs.subject == person) & (session == visit)
            whitener = self._whitener(person, visit)
            out[mine] = whitener @ matrices[mine] @ whitener
        return out

    def _whitener(self, person: int, visit: int) -> Float64Array:
        if (person, visit) not in self._whiteners:
            rest = self._covariances.rest(person, visit)
            if rest is None:
                raise DatasetError(f"Person number {person} has no rest.", "Leave 'personal' out of the lines.")
            self._whiteners[person, visit] = _inverse_root(_mean(rest))
        return self._whiteners[person, visit]


def _fit(points: Float64Array, label: Int64Array, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight="balanced", max_iter=500).fit(points, label)


def _tangent_space() -> Any:
    try:
        module = importlib.import_module("pyriemann.tangentspace")
    except ImportError as error:
        raise ConfigError("The baseline 'riemannian' needs pyriemann, which is not installed.", _REMEDY) from error
    return module.TangentSpace(metric="riemann")


_REMEDY = "Install it (pip install pyriemann), or leave the baseline out of evaluate.baselines."


def _mean(matrices: Float64Array) -> Float64Array:
    mean: Float64Array = _tangent_space().fit(matrices).reference_
    return mean


def _inverse_root(matrix: Float64Array) -> Float64Array:
    values, vectors = np.linalg.eigh(matrix)
    root: Float64Array = (vectors / np.sqrt(values)) @ vectors.T
    return root

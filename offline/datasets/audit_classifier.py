"""The classifier of the audit: linear, closed form, nothing to tune."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from offline.datasets.audit_views import View
from offline.datasets.window_set import Int64Array
from sclcm_core.types import BoolArray, Float64Array

_LOWEST = -50.0
_SMALLEST_SHARE = 1e-10


def predict_trials(view: View, target: Int64Array, train: BoolArray, test: BoolArray) -> tuple[Int64Array, Int64Array]:
    """Train on some rows and classify the trials of others.

    Parameters
    ----------
    view : View
        All rows.
    target : ndarray of int64, shape (n,)
        What is to be told of each row: its class, its subject, its stimulus.
    train, test : ndarray of bool, shape (n,)
        Which rows.

    Returns
    -------
    predicted : ndarray of int64, shape (n_trials,)
        The target that each trial of the test is taken for, by the mean decision over its rows.
    rows : ndarray of int64, shape (n_trials,)
        A row of each of these trials.

    Notes
    -----
    Linear discriminant analysis with the covariance shrunk after Ledoit & Wolf 2004 (doi:10.1016/S0047-259X(03)00096-4) and
    equal priors, on features standardised by the training rows. Unlike ridge regression on indicators it does not mask a class
    that lies between two others, as neutral does.
    """
    return TrialClassifier(view).predict(target, train, test)


class TrialClassifier:
    """Classifies the trials of a view, as :func:`predict_trials` does, for questions that share what they are trained on.

    Parameters
    ----------
    view : View
        All rows.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._train = np.zeros(0, np.bool_)
        self._rows: Float64Array = view.x

    def predict(self, target: Int64Array, train: BoolArray, test: BoolArray) -> tuple[Int64Array, Int64Array]:
        """Train on some rows and classify the trials of others.

        Parameters
        ----------
        target : ndarray of int64, shape (n,)
            What is to be told of each row, without unit.
        train, test : ndarray of bool, shape (n,)
            Which rows.

        Returns
        -------
        predicted, rows : ndarray of int64, shape (n_trials,)
            As of :func:`predict_trials`.
        """
        rows = self._prepared(train)
        model = _discriminant(rows[train], target[train])
        decisions = model.predict_log_proba(rows[test])
        trials, first, member = np.unique(self.view.trial[test], return_index=True, return_inverse=True)
        means = np.zeros((len(trials), decisions.shape[1]))
        np.add.at(means, member, np.maximum(decisions, _LOWEST))
        return model.classes_[means.argmax(axis=1)], np.flatnonzero(test)[first]

    def _prepared(self, train: BoolArray) -> Float64Array:
        """Return all rows, standardised by those of the training; kept until the training changes."""
        if not np.array_equal(self._train, train):
            scaled = StandardScaler().fit(self.view.x[train]).transform(self.view.x)
            wide = scaled.shape[1] > train.sum()
            self._rows = _turned(scaled, train) if wide else scaled
            self._train = train
        return self._rows


def _turned(x: Float64Array, train: BoolArray) -> Float64Array:
    """Return rows in axes of the space that those of the training span, (n, n_axes): that loses nothing, and saves much time."""
    overlaps = x @ x[train].T
    squares, axes = np.linalg.eigh(overlaps[train])
    spanned = squares > _SMALLEST_SHARE * squares[-1]
    return np.asarray(overlaps @ (axes[:, spanned] / np.sqrt(squares[spanned])))


def _discriminant(x: Float64Array, target: Int64Array) -> LinearDiscriminantAnalysis:
    """Fit with a covariance shrunk towards a multiple of the identity, which no turning of the axes changes."""
    known, member = np.unique(target, return_inverse=True)
    means = np.stack([x[member == k].mean(axis=0) for k in range(len(known))])
    shrinkage = float(ledoit_wolf_shrinkage(x - means[member], assume_centered=True))
    priors = np.full(len(known), 1 / len(known))
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=priors).fit(x, target)

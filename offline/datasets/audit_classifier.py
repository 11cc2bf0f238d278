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
    scaler = StandardScaler().fit(view.x[train])
    axes = _span(scaler.transform(view.x[train]))
    rows_of_train, rows_of_test = (scaler.transform(view.x[rows]) @ axes for rows in (train, test))
    model = _discriminant(rows_of_train, target[train])
    decisions = model.predict_log_proba(rows_of_test)
    trials, first, member = np.unique(view.trial[test], return_index=True, return_inverse=True)
    means = np.zeros((len(trials), decisions.shape[1]))
    np.add.at(means, member, np.maximum(decisions, _LOWEST))
    return model.classes_[means.argmax(axis=1)], np.flatnonzero(test)[first]


def _span(x: Float64Array) -> Float64Array:
    """Return axes of the space that rows span, (n_features, n_axes): turning them loses nothing, and saves much time."""
    wide = x.shape[1] > x.shape[0]
    return np.linalg.svd(x, full_matrices=False)[2].T if wide else np.eye(x.shape[1])


def _discriminant(x: Float64Array, target: Int64Array) -> LinearDiscriminantAnalysis:
    """Fit with a covariance shrunk towards a multiple of the identity, which no turning of the axes changes."""
    known, member = np.unique(target, return_inverse=True)
    means = np.stack([x[member == k].mean(axis=0) for k in range(len(known))])
    shrinkage = float(ledoit_wolf_shrinkage(x - means[member], assume_centered=True))
    priors = np.full(len(known), 1 / len(known))
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=priors).fit(x, target)

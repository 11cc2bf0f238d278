from __future__ import annotations

import dataclasses

import numpy as np

from offline.datasets.audit_classifier import predict_trials
from offline.datasets.audit_views import View


def make_view(rng, shift):
    label = np.repeat([0, 1, 2], 40)
    x = rng.normal(size=(120, 4))
    x[:, 0] += shift * label
    ids = np.zeros(120, np.int64)
    return View("window", x, x, label, ids, ids, np.arange(120) // 8)


def test_each_trial_gets_one_answer_by_the_mean_over_its_rows(rng):
    view = make_view(rng, 3.0)
    test = np.arange(120) % 2 == 0
    predicted, rows = predict_trials(view, view.label, ~test, test)
    assert len(predicted) == 15
    assert np.array_equal(predicted, view.label[rows])
    assert test[rows].all()


def test_a_class_between_two_others_is_not_masked(rng):
    """Indicators of three classes in a row have no linear regression under which the middle one wins."""
    view = make_view(rng, 3.0)
    test = np.arange(120) % 2 == 0
    predicted, rows = predict_trials(view, view.label, ~test, test)
    assert (predicted[view.label[rows] == 1] == 1).all()


def test_more_features_than_rows_are_no_hindrance(rng):
    view = make_view(rng, 0.0)
    signs = rng.choice([-1, 1], 400)
    wide = dataclasses.replace(view, x=view.label[:, None] * signs + rng.normal(size=(120, 400)))
    test = np.arange(120) % 2 == 0
    predicted, rows = predict_trials(wide, wide.label, ~test, test)
    assert np.array_equal(predicted, wide.label[rows])


def test_a_rare_class_weighs_as_much_as_a_frequent_one(rng):
    view = make_view(rng, 1.5)
    train = np.ones(120, bool)
    train[:35] = False
    predicted, _ = predict_trials(view, view.label, train, ~train)
    assert (predicted == 0).mean() > 0.5


def test_two_classes_are_told_too(rng):
    view = make_view(rng, 5.0)
    chosen = view.label < 2
    predicted, rows = predict_trials(view, view.label, chosen, chosen)
    assert (predicted == view.label[rows]).mean() > 0.9

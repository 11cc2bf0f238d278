import dataclasses

import numpy as np
import pytest

from offline.training.inputs import joined, normalised, personal_normaliser, population_normaliser, share_of_trials
from sclcm_core.errors import DatasetError


def test_the_population_normaliser_sees_training_windows_only(windows):
    train = np.flatnonzero(windows.subject < 3)
    spoilt = dataclasses.replace(windows, features=np.where((windows.subject < 3)[:, None, None, None], windows.features, 1e6))
    a, b = population_normaliser(windows, train), population_normaliser(spoilt, train)
    assert np.array_equal(a.mean, b.mean)
    assert np.array_equal(a.sd, b.sd)


def test_training_windows_have_mean_zero_and_spread_one(windows):
    every = np.arange(len(windows))
    features = normalised(windows, every, "population", population_normaliser(windows, every)).features
    assert np.abs(features.mean(axis=(0, 3))).max() < 1e-4
    assert np.abs(features.std(axis=(0, 3)) - 1).max() < 1e-3


def test_a_personal_line_uses_each_persons_rest_and_nothing_else(windows):
    indices = np.array([40, 3, 100])
    inputs = normalised(windows, indices, "personal", population_normaliser(windows, np.arange(10)))
    for row, index in enumerate(indices):
        own = personal_normaliser(windows, int(windows.subject[index]), 1)
        expected = (windows.features[index] - own.mean[..., None]) / own.sd[..., None]
        np.testing.assert_allclose(inputs.features[row], expected, rtol=1e-5, atol=1e-5)
    assert inputs.window.tolist() == indices.tolist()
    assert inputs.label.tolist() == windows.label[indices].tolist()


def test_a_person_without_a_rest_is_named(windows):
    without = dataclasses.replace(windows, baseline_frames={})
    with pytest.raises(DatasetError, match=r"Subject '00'.*no rest baseline.*lines"):
        personal_normaliser(without, 0, 1)


def test_joined_inputs_keep_everything(windows):
    population = population_normaliser(windows, np.arange(20))
    parts = [normalised(windows, np.arange(20), line, population) for line in ("population", "personal")]
    both = joined(parts)
    assert len(both) == 40
    assert np.array_equal(both.features[20:], parts[1].features)
    assert both.mean_frame.shape == (40, 10)


def test_a_share_of_the_labels_is_a_share_of_the_trials_of_each_class(windows):
    indices = np.flatnonzero(windows.subject < 4)
    half = share_of_trials(windows, indices, 0.5, np.random.default_rng(0))
    assert len(half) == len(indices) / 2
    assert np.unique(windows.trial[half], return_counts=True)[1].tolist() == [12] * 4
    assert np.bincount(windows.label[half]).tolist() == [24, 24]
    least = share_of_trials(windows, indices, 0.001, np.random.default_rng(0))
    assert len(np.unique(windows.trial[least])) == 2
    assert np.array_equal(share_of_trials(windows, indices, 1.0, np.random.default_rng(0)), indices)

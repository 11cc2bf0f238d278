import dataclasses
from pathlib import Path

import numpy as np
import pytest

from offline.datasets.dataset import LabelledRecording
from offline.evaluate.covariances import window_covariances
from offline.evaluate.riemannian import RiemannianBaseline
from offline.training.inputs import normalised, population_normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec

pytest.importorskip("pyriemann")

SPEC = FeatureSpec(ch_names=("F3", "F4", "T7"), sfreq=128.0, n_frames=8)


@pytest.fixture
def windows(make_windows):
    return make_windows(n_subjects=5, n_per_class=6, spec=SPEC)


@pytest.fixture
def recordings(windows):
    """Signals in which class 1 couples two electrodes, and people have their own gain; the order of the channels differs."""
    rng = np.random.default_rng(1)
    made = []
    for trial in range(len(windows.trial_names)):
        subject, label = divmod(trial, 2)
        n = round(256.0 * 6 * (SPEC.span_s + 1))
        signal = rng.normal(0, 10 * (1 + subject), (n, 3))
        signal[:, 1] += 0.9 * label * signal[:, 0]
        spec = StreamSpec(256.0, ("EEG T3", "EEG F4", "EEG F3"))
        recording = Recording(spec, signal[:, ::-1].astype(np.float32), np.arange(n) / 256.0, (), Path(f"{trial}"))
        made.append(
            LabelledRecording(recording, f"{subject:02d}", 1, str(trial), str(label), label, 20.0 if label == 0 else 0.0)
        )
    return made


def test_covariances_follow_the_channels_of_the_features_and_have_an_inverse(windows, recordings):
    found = window_covariances(windows, recordings)
    assert found.of_windows.shape == (len(windows), 3, 3)
    coupled = found.of_windows[:, 0, 1] / found.of_windows[:, 0, 0]
    assert coupled[windows.label == 1].min() > 0.6
    assert np.abs(coupled[windows.label == 0]).max() < 0.2
    assert np.linalg.eigvalsh(found.of_windows).min() > 0
    assert set(found.of_rest) == set(range(5))


@pytest.mark.parametrize("line", ["population", "personal"])
def test_coupling_is_recognised_in_people_who_were_not_trained_on(line, windows, recordings):
    train, validation, test = (np.flatnonzero(np.isin(windows.subject, s)) for s in ((0, 1, 2), (3,), (4,)))
    population = population_normaliser(windows, train)
    sides = [normalised(windows, part, "population", population) for part in (train, validation, test)]
    answer = RiemannianBaseline(window_covariances(windows, recordings)).fit(sides[0], sides[1], 2, line)
    probabilities = answer(sides[2])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == sides[2].label) > 0.9


def test_rests_that_are_no_baseline_do_not_count(windows, recordings):
    found = window_covariances(dataclasses.replace(windows, rest_recordings=frozenset((0, 2))), recordings)
    assert set(found.of_rest) == {0, 1}

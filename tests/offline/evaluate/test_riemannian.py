import dataclasses
import math
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
    assert set(found.of_rest) == {(person, 1) for person in range(5)}


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
    assert set(found.of_rest) == {(0, 1), (1, 1)}


def _visits(windows, recordings):
    """Both trials of a person as visits of their own, the second with ten times the gain and a rest of its own."""
    second = windows.label == 1
    found = []
    for labelled in recordings:
        session = 1 + labelled.label
        samples = labelled.recording.samples * np.float32(10.0 if session == 2 else 1.0)
        recording = dataclasses.replace(labelled.recording, samples=samples)
        found.append(dataclasses.replace(labelled, recording=recording, session=session, baseline_s=20.0))
    return dataclasses.replace(windows, session=np.where(second, 2, 1)), found


def test_each_visit_is_carried_to_the_identity_by_its_own_rest(windows, recordings):
    windows, recordings = _visits(windows, recordings)
    found = window_covariances(windows, recordings)
    assert set(found.of_rest) == {(person, visit) for person in range(5) for visit in (1, 2)}
    usable = np.arange(len(windows))
    inputs = normalised(windows, usable, "population", population_normaliser(windows, usable))
    carried = RiemannianBaseline(found)._matrices(inputs, "personal")
    for visit in (1, 2):
        traces = np.trace(carried[windows.session == visit], axis1=1, axis2=2)
        assert 2.5 < traces.mean() < 3.5, f"visit {visit} is {traces.mean():.1f} instead of 3 on the mean"


def test_a_visit_without_a_rest_takes_the_last_before_it_and_never_a_later_one(windows, recordings):
    windows, recordings = _visits(windows, recordings)
    first_only = [dataclasses.replace(r, baseline_s=20.0 if r.session == 1 else 0.0) for r in recordings]
    found = window_covariances(windows, first_only)
    np.testing.assert_array_equal(found.rest(0, 2), found.of_rest[0, 1])
    both = window_covariances(windows, recordings)
    np.testing.assert_array_equal(both.rest(0, 1), found.rest(0, 1))
    assert found.rest(7, 1) is None


def test_the_trial_after_a_rest_leaves_no_trace_in_it(windows, recordings):
    n_rest = round(20.0 * 256.0)
    changed = []
    for labelled in recordings:
        samples = labelled.recording.samples.copy()
        samples[n_rest + 64 :] *= 1000  # a quarter second: the resampler reaches less far, and live as well
        changed.append(dataclasses.replace(labelled, recording=dataclasses.replace(labelled.recording, samples=samples)))
    plain, loud = (window_covariances(windows, of).of_rest for of in (recordings, changed))
    for who, matrices in plain.items():
        np.testing.assert_allclose(loud[who], matrices, rtol=1e-6)


def test_rest_from_between_trials_counts_for_a_minute_as_in_the_features(windows, recordings):
    late = dataclasses.replace(windows, late_rest=frozenset({0}))
    long = [dataclasses.replace(r, baseline_s=math.inf) for r in recordings]
    limited, whole = (window_covariances(of, long).of_rest for of in (late, windows))
    assert len(limited[1, 1]) == len(whole[1, 1])
    assert len(whole[0, 1]) - len(limited[0, 1]) == 2, "66 s of rest, of which the last 6 are not taken"

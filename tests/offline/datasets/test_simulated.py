from __future__ import annotations

import numpy as np
import pytest

from offline.datasets.simulated import SimulatedEmotion

SMALL = SimulatedEmotion(n_subjects=2, n_sessions=2, n_stimuli=3, trial_s=2.0, rest_s=3.0)


def visits(dataset):
    return {source.key: list(dataset.read(source)) for source in dataset.sources(None)}


@pytest.fixture(scope="module")
def recordings():
    return visits(SMALL)


def test_every_visit_starts_with_a_rest_that_belongs_to_no_class(recordings):
    assert sorted(recordings) == ["01_1", "01_2", "02_1", "02_2"]
    for visit in recordings.values():
        assert [visit[0].label, visit[0].stimulus, visit[0].baseline_s] == [-1, "rest", np.inf]
        assert visit[0].recording.samples.shape == (750, 8)


def test_all_subjects_see_the_same_clips_with_the_same_labels(recordings):
    meaning = {trial.stimulus: trial.label for visit in recordings.values() for trial in visit[1:]}
    assert meaning == {"clip01": 0, "clip02": 1, "clip03": 2}
    assert all(len(visit) == 4 for visit in recordings.values())


def test_the_seed_determines_every_bit(recordings):
    again = visits(SMALL)
    for key, visit in recordings.items():
        for one, other in zip(visit, again[key], strict=True):
            assert np.array_equal(one.recording.samples, other.recording.samples)
    other_seed = next(SimulatedEmotion(seed=1, rest_s=3.0).read(SMALL.sources(None)[0]))
    assert not np.array_equal(other_seed.recording.samples, recordings["01_1"][0].recording.samples)


def test_recordings_say_that_they_are_simulated(recordings):
    trial = recordings["01_1"][1]
    assert trial.recording.simulated
    assert trial.recording.spec.origin == "simulated"
    assert SMALL.card().simulated


def test_sources_may_be_read_in_any_order(recordings):
    source = SMALL.sources(None)[2]
    assert np.array_equal(next(SMALL.read(source)).recording.samples, recordings["02_1"][0].recording.samples)


def test_clips_that_cannot_be_shared_among_three_emotions_are_refused():
    with pytest.raises(ValueError, match="multiple of 3"):
        SimulatedEmotion(n_stimuli=10)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offline.datasets.dataset import LabelledRecording
from offline.datasets.frames import compute_frames
from sclcm_core.errors import DatasetError
from sclcm_core.features.extractor import extract, stack
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec


def labelled(samples, ch_names=("EEG T4", "ECG", "EEG T3"), sfreq=128.0):
    recording = Recording(
        StreamSpec(sfreq, ch_names, origin="replay"), samples, np.arange(len(samples)) / sfreq, (), Path("a.edf")
    )
    return LabelledRecording(recording, "1", 1, "a", "a", 0)


@pytest.fixture
def samples(rng):
    return rng.normal(size=(640, 3)).astype(np.float32)


def test_channels_are_found_by_any_alias_and_ordered_as_the_spec_says(samples, spec):
    values = compute_frames(labelled(samples), spec).values
    expected, _, _ = stack(extract(spec, samples[:, [2, 0]], 128.0))
    assert np.array_equal(values, expected)


def test_frames_with_lost_samples_are_kept_and_marked(samples, spec):
    samples[200:300] = np.nan
    frames = compute_frames(labelled(samples), spec)
    assert len(frames.values) == 9
    assert frames.ok[0] and frames.ok[-1]
    assert not frames.ok.all()
    assert any(text.endswith("% of the samples missing") for text in frames.faults.values())


def test_a_missing_channel_is_named_with_what_there_is(samples, spec):
    with pytest.raises(DatasetError, match=r"no channel T8; it has EEG T3, ECG, O1"):
        compute_frames(labelled(samples, ("EEG T3", "ECG", "O1")), spec)


def test_a_recording_shorter_than_a_window_is_named_with_its_length(samples, spec):
    with pytest.raises(DatasetError, match=r"subject 1, trial a\) lasts 0.78 s"):
        compute_frames(labelled(samples[:100]), spec)

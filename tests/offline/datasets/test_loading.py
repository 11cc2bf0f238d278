from __future__ import annotations

import numpy as np
import pytest

from offline.datasets import load_windows
from sclcm_core.errors import DatasetError

OPTIONS = {"n_subjects": 2, "n_stimuli": 3, "trial_s": 4.0, "rest_s": 4.0}


def test_a_name_becomes_windows(spec):
    steps = []
    windows = load_windows("simulated", None, spec, options=OPTIONS, progress=lambda *step: steps.append(step))
    assert windows.features.shape[1:] == spec.input_shape
    assert np.isfinite(windows.features).all()
    assert windows.class_names == ("negative", "neutral", "positive")
    assert windows.subject_names == ("01", "02")
    assert windows.stimulus_names[0] == "rest"
    assert steps == [(1, 2, "01_1"), (2, 2, "02_1")]


def test_only_the_chosen_subjects_are_read(spec):
    windows = load_windows("simulated", None, spec, options=OPTIONS, subjects=["02"])
    assert windows.subject_names == ("02",)


def test_an_unknown_subject_is_named(spec):
    with pytest.raises(DatasetError, match="no subject '7'"):
        load_windows("simulated", None, spec, options=OPTIONS, subjects=["7"])


def test_windows_are_the_same_with_and_without_a_cache(spec, tmp_path):
    plain = load_windows("simulated", None, spec, options=OPTIONS)
    for _ in range(2):
        cached = load_windows("simulated", None, spec, options=OPTIONS, cache_dir=tmp_path)
        assert np.array_equal(plain.features, cached.features)
        assert np.array_equal(plain.label, cached.label)
        assert plain.trial_names == cached.trial_names
        assert all(np.array_equal(plain.baseline_frames[k], cached.baseline_frames[k]) for k in (0, 1))

from __future__ import annotations

import logging

import numpy as np
import pytest

from offline.datasets import load_windows
from offline.datasets.dataset import natural_key
from offline.datasets.eegmat import Eegmat
from offline.datasets.loading import check_bands
from sclcm_core.bands import ALPHA, GAMMA, Band
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

OPTIONS = {"n_subjects": 2, "n_stimuli": 3, "trial_s": 4.0, "rest_s": 4.0}
EMPTY = Band("ripple", 80.0, 120.0)


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


def test_a_band_that_the_authors_filtered_away_is_refused(spec):
    wide = FeatureSpec(bands=(ALPHA, EMPTY), ch_names=("T7",), sfreq=256.0)
    with pytest.raises(DatasetError, match=r"ripple \(80-120 Hz\) is empty"):
        check_bands(Eegmat(), wide)


def test_a_band_that_is_cut_short_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        check_bands(Eegmat(), FeatureSpec(bands=(GAMMA,), ch_names=("T7",), sfreq=128.0))
    assert "74 % of the band gamma" in caplog.text


def test_numbers_in_names_sort_as_numbers():
    assert sorted(["10_x", "2_x", "1_y"], key=natural_key) == ["1_y", "2_x", "10_x"]

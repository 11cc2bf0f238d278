from __future__ import annotations

import logging

import pytest

from offline.datasets.eegmat import Eegmat
from offline.datasets.matching import check_bands
from offline.datasets.raw_windows import raw_spec
from sclcm_core.bands import ALPHA, GAMMA, Band
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

EMPTY = Band("ripple", 80.0, 120.0)


def test_a_band_that_the_authors_filtered_away_is_refused(spec):
    wide = FeatureSpec(bands=(ALPHA, EMPTY), ch_names=("T7",), sfreq=256.0)
    with pytest.raises(DatasetError, match=r"ripple \(80-120 Hz\) is empty"):
        check_bands(Eegmat(), wide)


def test_raw_windows_hold_no_bands_and_miss_none():
    check_bands(Eegmat(), raw_spec(["T7"]).model_copy(update={"bands": (EMPTY,)}))


def test_a_band_that_is_cut_short_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        check_bands(Eegmat(), FeatureSpec(bands=(GAMMA,), ch_names=("T7",), sfreq=128.0))
    assert "74 % of the band gamma" in caplog.text

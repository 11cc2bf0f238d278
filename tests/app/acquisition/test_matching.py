"""Streams and models that fit, and those that do not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.acquisition.matching import describe, match
from app.acquisition.stream_description import StreamDescription
from sclcm_core.errors import MatchError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.types import StreamSpec

FEATURES = FeatureSpec(ch_names=("T7", "T8"), sfreq=200.0)


def stream(sfreq: float, *labels: str) -> StreamSpec:
    return StreamSpec(sfreq, labels, "box")


@given(st.permutations(SEED_CHANNELS))
def test_channels_come_in_the_order_of_the_model_whatever_the_stream_does(labels):
    found = match(stream(200.0, *labels), FEATURES)
    assert [labels[k] for k in found.channel_indices] == ["T7", "T8"]


@pytest.mark.parametrize("labels", [("T3", "T4"), ("EEG T7-REF", "EEG T8-REF"), ("t7", "t8"), ("eeg t3", "T8 (uV)")])
def test_other_names_of_the_same_electrodes_are_understood(labels):
    found = match(stream(200.0, *labels), FEATURES)
    assert found.channel_indices == (0, 1)
    assert found.renamed[0] == ("T7", labels[0])


def test_triggers_counters_and_accelerometers_are_left_out():
    found = match(stream(200.0, "COUNT", "T7", "ACC_X", "T8", "TRIG"), FEATURES)
    assert found.channel_indices == (1, 3)
    assert found.left_out == ("COUNT", "ACC_X", "TRIG")


@pytest.mark.parametrize(
    ("labels", "taken", "doubt"),
    [
        (("T7", "T8", "T7"), (0, 1), "T7 stands more than once, channel 1 is taken"),
        (("T3", "T7", "T8"), (1, 2), "T7 stands more than once, channel 2 is taken"),
        (("x", "x", "T7", "T8"), (2, 3), ""),
    ],
)
def test_an_electrode_that_stands_more_than_once_is_told(labels, taken, doubt):
    found = match(stream(200.0, *labels), FEATURES)
    assert found.channel_indices == taken and found.doubt == doubt and found.text.endswith(doubt)


def test_missing_channels_are_named_together_with_what_is_there():
    with pytest.raises(MatchError, match=r"needs the channel T8; the stream 'box' has T7, Fp1\. .*sclcm models"):
        match(stream(200.0, "T7", "Fp1"), FEATURES)


def test_a_stream_without_electrode_names_is_told_to_name_them():
    with pytest.raises(MatchError, match=r"channels T7, T8; .*ch 1, ch 2.*names of electrodes.*--electrodes 3=T7,4=T8"):
        match(stream(200.0, "ch 1", "ch 2"), FEATURES)


@pytest.mark.parametrize(("sfreq", "resampled_to"), [(200.0, None), (250.0, 200.0), (1000.0, 200.0), (128.0, 200.0)])
def test_another_rate_is_resampled(sfreq, resampled_to):
    assert match(stream(sfreq, "T7", "T8"), FEATURES).resampled_to == resampled_to


def test_a_rate_below_twice_the_highest_band_is_refused():
    with pytest.raises(MatchError, match=r"64 Hz.*50 Hz.*100 Hz"):
        match(stream(64.0, "T7", "T8"), FEATURES)


def test_a_description_is_plain_json_and_says_how_it_would_be_matched():
    box = StreamDescription("box", "EEG", "id", "host", "uid", 2, 250.0, "float32", ("T3", "T4"), (), ("uV", "uV"))
    told = json.loads(json.dumps(describe(box, FEATURES)))
    assert told["usable"]
    assert told["unit_known"]
    assert told["match"] == "2 channels matched; T3 is taken as T7, T4 is taken as T8; resampled from 250 to 200 Hz"


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"channel_format": "string"}, "text"),
        ({"sfreq": 0.0}, "no fixed sampling rate"),
        ({"type": "Gaze", "ch_names": ("x", "y")}, "none of its channels is an electrode"),
        ({"ch_names": ("T7", "O1")}, "needs the channel T8"),
    ],
)
def test_a_description_says_why_a_stream_cannot_be_used(changes, why_not):
    told = {"name": "box", "type": "EEG", "source_id": "", "hostname": "", "uid": "", "n_channels": 2, "sfreq": 250.0}
    box = StreamDescription(**{**told, "channel_format": "float32", "ch_names": ("T7", "T8"), **changes})
    assert why_not in describe(box, FEATURES)["why_not"]

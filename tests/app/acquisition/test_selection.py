"""Which stream is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.acquisition.selection import StreamQuery, choose, differences, find_again, refusal
from app.acquisition.stream_description import StreamDescription
from sclcm_core.errors import StreamError

BOX = StreamDescription("box", "EEG", "s1", "lab", "u1", 2, 250.0, "float32", ("T7", "T8"), created_at=1.0)


def test_without_wishes_the_only_eeg_stream_is_taken():
    markers = replace(BOX, name="m", type="Markers", uid="u2", n_channels=1, sfreq=0.0, channel_format="string")
    assert choose(StreamQuery(), [markers, BOX]) == (BOX, "")


@pytest.mark.parametrize("query", [StreamQuery(name="box"), StreamQuery(type="eeg"), StreamQuery(source_id="s1")])
def test_a_wish_is_followed(query):
    other = replace(BOX, name="other", type="Gaze", source_id="s2", uid="u2")
    assert choose(query, [other, BOX])[0] is BOX


def test_an_unmet_wish_is_told_in_its_words():
    with pytest.raises(StreamError, match="No EEG stream named 'x' with source id 'y' was found"):
        choose(StreamQuery("x", "EEG", "y"), [BOX])


def test_a_stream_with_electrodes_is_eeg_whatever_its_type():
    assert refusal(replace(BOX, type="")) is None
    assert refusal(replace(BOX, type="Signal", ch_names=("ECG", "T8"))) is None


def test_the_lost_stream_is_found_by_its_source_id():
    again = replace(BOX, uid="u2", hostname="other computer")
    assert find_again(BOX, [replace(BOX, source_id="s9", uid="u3"), again], frozenset(), by_source_id=False) == (again, "")


def test_a_stream_of_the_same_name_and_computer_will_do_unless_it_was_there_before():
    random = replace(BOX, source_id="s9", uid="u3")
    assert find_again(BOX, [random], frozenset(), by_source_id=False) == (random, "")
    assert find_again(BOX, [random], frozenset({"u3"}), by_source_id=False) is None
    assert find_again(BOX, [random], frozenset(), by_source_id=True) is None


def test_a_twin_that_was_there_before_will_do_only_when_the_stream_is_gone():
    twin = replace(BOX, uid="u2")
    assert find_again(BOX, [twin], frozenset({"u2"}), by_source_id=True, may_be_twin=True) == (twin, "")
    assert find_again(BOX, [twin], frozenset({"u2"}), by_source_id=True, may_be_twin=False) is None


def test_differences_are_named():
    assert differences(BOX, replace(BOX, uid="u2", channel_format="double64", created_at=9.0)) == ""
    assert differences(BOX, replace(BOX, n_channels=1, sfreq=500.0)) == "1 channels instead of 2 and 500 Hz instead of 250 Hz"
    assert differences(BOX, replace(BOX, ch_names=("T7", "T9"))) == "other channel labels (T8 → T9)"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sfreq": 1e300}, "no amplifier is faster"),
        ({"n_channels": 4097}, "more than 4096"),
        ({"n_channels": 0}, "no channels"),
    ],
)
def test_what_no_device_can_be_is_refused(changes, reason):
    assert reason in refusal(replace(BOX, **changes))


def test_a_known_unit_that_becomes_another_is_no_difference_and_one_that_becomes_unknown_is():
    old = replace(BOX, units=("uV", "uV"))
    assert differences(old, replace(BOX, units=("mV", "mV"))) == ""
    assert differences(old, replace(BOX, units=("counts", "counts"))) == "a unit that is not known (uV → counts)"
    assert differences(old, replace(BOX, units=())) == "a unit that is not known (uV → none)"
    assert differences(replace(BOX, units=()), replace(BOX, units=("counts", "counts"))) == ""

"""Descriptions of streams, sound and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.acquisition.lsl_network import load_lsl
from app.acquisition.outlets import OutletSpec, stream_info
from app.acquisition.stream_description import parse_description

FULL = """<?xml version="1.0"?><info><name>Box</name><type>EEG</type><channel_count>2</channel_count>
<channel_format>float32</channel_format><source_id>s1</source_id><nominal_srate>250.0000</nominal_srate>
<created_at>12.5</created_at><uid>u1</uid><hostname>lab</hostname><desc><acquisition><manufacturer>Maker</manufacturer>
</acquisition><channels><channel><label>T7</label><unit>microvolts</unit><type>EEG</type></channel>
<channel><label>T8</label></channel></channels></desc></info>"""


def test_a_full_description_is_read():
    box = parse_description(FULL)
    assert (box.name, box.type, box.source_id, box.uid, box.hostname) == ("Box", "EEG", "s1", "u1", "lab")
    assert (box.sfreq, box.n_channels, box.created_at, box.manufacturer) == (250.0, 2, 12.5, "Maker")
    assert (box.labels, box.units, box.ch_types) == (("T7", "T8"), ("microvolts", ""), ("EEG", ""))
    assert not box.is_marker_stream


def test_missing_labels_are_numbered_and_surplus_ones_left_out():
    assert parse_description(FULL.replace("<channel_count>2", "<channel_count>3")).labels == ("T7", "T8", "ch 3")
    assert parse_description(FULL.replace("<channel_count>2", "<channel_count>1")).labels == ("T7",)
    assert parse_description("<info><channel_count>2</channel_count></info>").labels == ("ch 1", "ch 2")


@pytest.mark.parametrize("rate", ["", "nan", "inf", "-250", "fast"])
def test_a_rate_that_is_none_is_irregular(rate):
    assert parse_description(f"<info><nominal_srate>{rate}</nominal_srate></info>").sfreq == 0.0


def test_control_characters_do_no_harm():
    assert parse_description(FULL.replace("Box", "B\x00o\x07x")).name == "Box"


def test_entities_are_not_expanded():
    bomb = '<!DOCTYPE info [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><info><name>&b;</name></info>'
    assert parse_description(bomb).name == ""


@given(st.text())
def test_any_text_gives_a_description(text):
    assert parse_description(text).n_channels >= 0


@given(st.integers(0, len(FULL)), st.integers(0, 60), st.text(max_size=20))
def test_a_damaged_description_gives_a_description(at, n_cut, put):
    box = parse_description(FULL[:at] + put + FULL[at + n_cut :])
    assert len(box.labels) == box.n_channels


@pytest.mark.lsl
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip))
def test_what_an_outlet_says_is_what_is_read(label):
    load_lsl()
    spec = OutletSpec(
        "name", "EEG", "id", (label, "T8"), 100.0, ("uV",), simulated=True, markers_id="m", end_marker="end", speed=2.0
    )
    box = parse_description(stream_info(spec).as_xml())
    assert (box.labels, box.units, box.simulated) == ((label.strip(), "T8"), ("uV", "uV"), True)
    assert (box.markers_id, box.end_marker, box.speed) == ("m", "end", 2.0)

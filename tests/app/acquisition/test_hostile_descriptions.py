"""Whatever a stream says of itself gives a match or a clear refusal, and never anything else."""

from __future__ import annotations

import io
import math
import uuid
from xml.sax.saxutils import escape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import load_lsl
from app.acquisition.matching import describe
from app.acquisition.selection import StreamQuery, choose, differences, find_again
from app.acquisition.stream_description import StreamDescription, parse_description
from app.acquisition.units import find_scaling, is_eeg_channel
from app.stream_list import print_streams, stream_records
from sclcm_core.errors import StreamError
from sclcm_core.features.spec import FeatureSpec

FEATURES = FeatureSpec(ch_names=("T7", "T8"), sfreq=200.0)

odd = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "T7", "t8", "T3", "EEG T8-REF", "[/bold]", "[red]", "{0}", "%s", "\\", "\u202e", "🙂", "nan", "-1", "é" * 300]
    ),
)
numbers = st.one_of(
    st.sampled_from(["", "nan", "inf", "-inf", "-250", "0", "1e308", "1e-308", "1e5", "250", "250.0000000", "2 5", "0x10"]),
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(str),
)
units = st.one_of(odd, st.sampled_from(["uV", "µV", "\u03bcV", "volts", "counts", "-6", "V" * 500]))
channels = st.lists(st.fixed_dictionaries({}, optional={"label": odd, "unit": units, "type": odd}), max_size=6)


@st.composite
def described(draw: st.DrawFn) -> str:
    """Return the XML of a stream, sound or not, with as many described channels as it likes."""
    entries = {
        "name": draw(odd), "type": draw(st.one_of(odd, st.just("EEG"))), "source_id": draw(odd), "uid": draw(odd),
        "channel_count": draw(st.one_of(numbers, st.integers(0, 8).map(str))), "nominal_srate": draw(numbers),
        "channel_format": draw(st.sampled_from(["float32", "string", "int16", "", "float128"])), "created_at": draw(numbers),
    }  # fmt: skip
    told = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in entries.items())
    each = ("".join(f"<{key}>{escape(value)}</{key}>" for key, value in one.items()) for one in draw(channels))
    inner = "".join(f"<channel>{one}</channel>" for one in each)
    speed, label = draw(numbers), draw(odd)
    desc = f"<channels>{inner}</channels><replay><speed>{speed}</speed></replay><markers_source_id>{escape(label)}</markers_source_id>"
    return f"<info>{told}<desc>{desc}</desc></info>"


def assert_sound(stream: StreamDescription) -> None:
    assert len(stream.labels) == stream.n_channels <= 4097
    assert all(stream.labels)
    assert all(len(each) in (0, stream.n_channels) for each in (stream.ch_names, stream.ch_types, stream.units))
    assert stream.sfreq >= 0 and math.isfinite(stream.sfreq)
    assert 1e-3 <= stream.speed <= 1e3


@given(described())
@settings(max_examples=150, deadline=None)
def test_it_matches_or_is_refused_with_a_reason(xml):
    stream = parse_description(xml)
    assert_sound(stream)
    found = describe(stream, FEATURES)
    assert found["usable"] is (found["why_not"] is None) is (found["match"] is not None)
    try:
        chosen, _ = choose(StreamQuery(), [stream])
    except StreamError as error:
        assert error.what and error.remedy
    else:
        assert chosen is stream and 0 < stream.sfreq <= 1e5


@given(described(), described(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_whether_it_came_back_and_how_it_changed_can_always_be_told(before, after, by_source_id):
    old, new = parse_description(before), parse_description(after)
    assert differences(old, old) == "" or old.channel_format == "string"
    assert isinstance(differences(old, new), str)
    found = find_again(old, [new], frozenset(), by_source_id=by_source_id)
    assert found is None or found[0] is new


@given(described(), st.integers(0, 40), st.floats(allow_nan=True, allow_infinity=True, width=32))
@settings(max_examples=80, deadline=None)
def test_its_units_give_finite_factors_whatever_the_samples(xml, n_samples, value):
    stream = parse_description(xml)
    n_channels = min(stream.n_channels, 16)
    samples = np.full((n_samples, n_channels), value, dtype=np.float32)
    samples[::3] = 7.0
    eeg = [is_eeg_channel(label) for label in stream.labels[:n_channels]]
    with np.errstate(all="ignore"):
        scaling = find_scaling((stream.units or ("",) * n_channels)[:n_channels], eeg, samples)
    assert np.isfinite(scaling.factors).all() and (scaling.factors > 0).all()


@given(described())
@settings(max_examples=60, deadline=None)
def test_it_can_be_listed_as_words_and_as_json(xml):
    records = stream_records([parse_description(xml)], [])
    for as_json in (False, True):
        out = io.StringIO()
        print_streams(records, out, as_json=as_json)
        assert out.getvalue().strip()


@pytest.mark.lsl
def test_a_device_that_writes_its_unit_in_latin_1_is_understood(hear):
    pylsl = load_lsl()
    info = pylsl.StreamInfo("box", "EEG", 2, 250.0, "float32", source_id := f"latin-{uuid.uuid4().hex}")
    described_channels = info.desc().append_child("channels")
    for label in (b"T7", b"T8"):
        channel = described_channels.append_child("channel")
        for key, value in ((b"label", label), (b"unit", b"\xb5V")):
            pylsl.lib.lib.lsl_append_child_value(channel.e, key, value)
    outlet = pylsl.StreamOutlet(info)
    assert hear(source_id=source_id).source.description.units == ("µV", "µV")
    del outlet


@pytest.mark.lsl
@pytest.mark.parametrize(("sfreq", "reason"), [(1e300, "no amplifier"), (float("nan"), "was found")])
def test_an_outlet_with_an_impossible_rate_is_refused_with_the_reason(sfreq, reason):
    pylsl = load_lsl()
    source_id = f"odd-{uuid.uuid4().hex}"
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("odd", "EEG", 2, sfreq, "float32", source_id))  # negative ones liblsl refuses
    inlet = LslInlet(source_id=source_id)
    with pytest.raises(StreamError, match=reason):
        inlet.open(1.0)
    inlet.close()
    del outlet

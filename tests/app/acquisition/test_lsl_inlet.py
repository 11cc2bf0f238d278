"""The inlet, against real outlets in this process."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import MarkerOutlet, OutletSpec, SampleOutlet
from app.acquisition.protocol_outlet import ProtocolOutlet
from app.acquisition.result_outlets import ResultOutlets
from app.acquisition.source import Phase
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.types import StreamSpec

pytestmark = pytest.mark.lsl


def test_samples_and_capture_times_arrive_unchanged(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        device.send(125)
        assert ear.listen(lambda: ear.n_samples == 250)
        assert ear.source.open  # the inlet stays usable
    samples = np.concatenate([chunk.samples for chunk in ear.chunks])
    stamps = np.concatenate([chunk.timestamps for chunk in ear.chunks])
    device.n_sent = 0
    assert np.array_equal(samples, device.samples(250).astype(np.float32))
    assert np.allclose(stamps, device.t0 + np.arange(250) / 250.0, atol=2e-3)


def test_the_spec_says_what_the_stream_says(box, hear_box):
    with box() as device:
        inlet = hear_box(device).source
        expected = StreamSpec(250.0, ("COUNT", "T7", "T8"), "box", device.spec.source_id, "live")
        assert inlet.description.manufacturer == "SCLCM Live"
        assert inlet.realtime
        assert inlet._feed.spec == expected


@pytest.mark.parametrize(
    ("unit", "scale", "message"),
    [
        ("µV", 1.0, ""),
        ("mV", 1e-3, ""),
        ("volts", 1e-6, ""),
        ("", 1e-6, "gives no unit; its signal fits V"),
        ("counts", 1.0, "its signal fits µV"),
        ("microvolts", 1e-6, "unit cannot be right"),
    ],
)
def test_units_become_microvolts(box, hear_box, unit, scale, message):
    with box(units=("", unit, unit), channel_format="double64") as device:
        ear = hear_box(device, scale=scale)
        assert ear.listen(lambda: ear.n_samples == 125)
        assert message in ear.source.status().message
        device.n_sent = 0
        assert np.allclose(ear.chunks[0].samples, device.samples(len(ear.chunks[0].samples)), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("wire", ["double64", "int32", "int16"])
def test_every_number_format_is_read(box, hear_box, wire):
    with box(channel_format=wire) as device:
        ear = hear_box(device)
        assert ear.listen(lambda: ear.n_samples == 125)
    assert ear.chunks[0].samples.dtype == np.float32


@pytest.mark.parametrize(
    ("sfreq", "n_channels", "n_samples"), [(4.0, 2, 8), (20_000.0, 2, 10_000), (250.0, 1, 125), (250.0, 256, 125)]
)
def test_slow_fast_and_wide_streams_are_read(box, hear_box, sfreq, n_channels, n_samples):
    labels = tuple(f"E{k}" for k in range(n_channels))
    with box(sfreq=sfreq, ch_names=labels, units=("",) * n_channels, ch_types=("EEG",) * n_channels) as device:
        ear = hear_box(device, n_samples)
        assert ear.listen(lambda: ear.n_samples == n_samples, counted=False)
    assert ear.n_lost == 0


def test_a_stream_without_labels_gets_numbers(box, hear_box):
    with box(ch_names=("", "", ""), ch_types=("",), units=("",)) as device:
        assert hear_box(device).source.description.labels == ("ch 1", "ch 2", "ch 3")


def test_losses_are_counted_exactly(box, hear_box):
    with box() as device:
        device.t0 -= 1.9
        ear = hear_box(device)
        for n_lost in (1, 10, 200):
            device.skip(n_lost)
            device.send(50)
        assert ear.listen(lambda: ear.n_samples == 275, 3.0)
    assert ear.n_lost == 211


def test_a_reader_that_slept_for_too_long_is_told_what_it_missed(box, hear_box, monkeypatch):
    monkeypatch.setattr("app.acquisition.connection.BUFFER_S", 1)
    with box() as device:
        device.t0 -= 1.9
        ear = hear_box(device)
        device.send(350)
        time.sleep(0.2)
        assert ear.listen(lambda: ear.n_samples + ear.n_lost == 475)
    assert ear.n_lost >= 100


def test_a_burst_larger_than_a_pull_is_delivered_whole(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        device.t0 -= 50.0
        device.send(10_000, stamps=local_clock() - 40.0 + np.arange(10_000) / 250.0)
        assert ear.listen(lambda: ear.n_samples == 10_125, counted=False)
    assert sorted(set(np.diff(np.concatenate([c.samples[:, 0] for c in ear.chunks])))) == [1.0]


def test_what_was_given_away_stays_as_it_was_however_much_follows(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        for _ in range(12):
            device.send(500)
        assert ear.listen(lambda: ear.n_samples == 6_125)
        device.n_sent = 0
        assert np.array_equal(np.concatenate([c.samples for c in ear.chunks]), device.samples(6_125).astype(np.float32))


def test_time_stamps_of_another_clock_are_brought_onto_this_one(box, hear_box):
    with box() as device:
        device.t0 = time.time()
        ear = hear_box(device)
        assert ear.listen(lambda: ear.n_samples == 125)
    assert abs(ear.chunks[-1].timestamps[-1] - local_clock()) < 2.0
    assert ear.n_lost == 0


@pytest.mark.slow
def test_time_stamps_that_stand_still_are_replaced_by_arrival_times(box, hear_box):
    with box() as device:
        ear = hear_box(device, stamps=np.full(125, device.t0))
        for _ in range(25):
            device.send(25, stamps=np.full(25, device.t0))
            ear.for_s(0.1)
    assert ear.n_lost == 0
    assert "arrival times are used" in ear.source.status().message
    assert local_clock() - ear.chunks[-1].timestamps[-1] < 1.0


def test_markers_are_taken_along_and_aligned(box, hear_box):
    with box() as device:
        markers = MarkerOutlet("events", f"{device.spec.source_id}-events")
        ear = hear_box(device)
        assert markers.wait_for_consumers(3.0)
        for text in ("stimulus 1", "émotion 🙂", ""):
            markers.mark(text, device.t0 + 0.25, 1.5)
        assert ear.listen(lambda: len(ear.markers) == 3)
        markers.close()
    assert [m.text for m in ear.markers] == ["stimulus 1", "émotion 🙂", ""]
    assert ear.markers[0].t == pytest.approx(device.t0 + 0.25, abs=2e-3)
    assert ear.markers[0].duration_s == 1.5


def test_what_the_program_itself_says_of_the_stream_is_no_marker(box, hear_box):
    with box() as device, ProtocolOutlet() as protocol:
        stream = StreamSpec(250.0, ("COUNT", "T7", "T8"), "box", device.spec.source_id, "live")
        with ResultOutlets(stream, ("rest", "task"), ("T7",), model="m") as results:
            ear = hear_box(device)
            assert protocol.wait_for_consumers(3.0)
            results.publish_event("stream lost", device.t0 + 0.2)
            protocol.mark("trial 1", device.t0 + 0.25)
            assert ear.listen(lambda: bool(ear.markers))
            ear.for_s(0.3)
            assert not results._events.has_consumers()
    assert [m.text for m in ear.markers] == ["trial 1"]


def test_numeric_triggers_are_markers(box, hear_box):
    with box() as device:
        triggers = SampleOutlet(OutletSpec("triggers", "Markers", "t", ("code",), channel_format="int32"))
        ear = hear_box(device)
        assert triggers.wait_for_consumers(3.0)
        triggers.push(np.array([[7]]), np.array([device.t0]))
        assert ear.listen(lambda: [m.text for m in ear.markers] == ["7"])
        triggers.close()


def test_markers_that_are_not_text_do_no_harm(box, hear_box):
    with box() as device:
        markers = MarkerOutlet("events", f"{device.spec.source_id}-events")
        ear = hear_box(device)
        assert markers.wait_for_consumers(3.0)
        markers._outlet.push_sample([b"\xff\xfe\x00bad", b"not a number"], device.t0)
        assert ear.listen(lambda: len(ear.markers) == 1)
        markers.close()


def test_without_any_stream_the_error_says_how_to_begin():
    with pytest.raises(StreamError, match=r"No EEG stream was found\. No stream at all.*sclcm doctor"):
        LslInlet().open(0.3)


@pytest.mark.slow
def test_when_none_is_meant_the_error_lists_what_is_there(box):
    with (
        box(name="the only one"),
        pytest.raises(StreamError, match=r"named 'other' was found.*'the only one' \(EEG, 3 ch, 250 Hz"),
    ):
        LslInlet(name="other").open(1.0)


@pytest.mark.slow
def test_several_streams_must_be_chosen_from(box):
    with box(name="one"), box(name="two"), pytest.raises(StreamError, match=r"2 streams answer.*--name or --source-id"):
        LslInlet().open(3.0)


@pytest.mark.slow
def test_of_twins_the_newest_is_taken_and_told(box, hear):
    with box() as old, box() as new:
        new.switch_off()
        new.switch_on(source_id=old.spec.source_id)
        inlet = LslInlet(name="box")
        inlet.open(3.0)
        assert "2 streams call themselves" in inlet.status().message
        assert inlet.description.uid == new.outlet._outlet.get_info().uid()
        inlet.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel_format": "string"}, "text, not samples"),
        ({"sfreq": 0.0}, "no fixed sampling rate"),
        ({"type": "Gaze", "ch_names": ("a", "x", "y"), "ch_types": ("AUX",)}, "none of its channels is an electrode"),
    ],
)
def test_what_is_not_eeg_is_refused_with_the_reason(box, changes, reason):
    inlet = LslInlet(name="odd one")
    with box(name="odd one", **changes), pytest.raises(StreamError, match=reason):
        inlet.open(1.0)
    inlet.close()


@pytest.mark.slow
def test_a_device_that_sends_nothing_is_stalled_not_lost(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        assert ear.listen(lambda: ear.phase is Phase.STALLED, 2.0)
        assert "switched on" in ear.source.status().message
        ear.for_s(1.5)
        assert ear.phase is Phase.STALLED
        device.send(50)
        assert ear.listen(lambda: ear.phase is Phase.RECOVERED, 1.0)


def test_closing_ends_the_reader_quickly_whatever_it_does(box, hear_box):
    with box() as device:
        inlet = hear_box(device).source
        device.switch_off()
        inlet.read(0.1)
        started = time.monotonic()
        inlet.close()
        assert time.monotonic() - started < 0.5
        with pytest.raises(EndOfStream):
            inlet.read(1.0)

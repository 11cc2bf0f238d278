"""The inlet, when an outlet in this process goes and comes back: as it was, changed, nameless, or in its twin."""

from __future__ import annotations

import pytest

from app.acquisition.source import Phase
from sclcm_core.errors import StreamError

pytestmark = pytest.mark.lsl


def test_a_stream_that_returns_as_it_was_is_resumed_with_its_loss(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        assert ear.listen(lambda: ear.phase is Phase.LOST, 2.0)
        device.skip(300)
        device.switch_on()
        device.once_heard(lambda: device.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 3.0)
        assert ear.phase is Phase.RECOVERED
    assert ear.n_lost == 300
    assert "300 were lost" in ear.source.status().message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ch_names": ("COUNT", "T7", "T8", "O1"), "units": ("uV",), "ch_types": ("EEG",)}, "4 channels instead of 3"),
        ({"sfreq": 500.0}, "500 Hz instead of 250 Hz"),
        ({"ch_names": ("COUNT", "T8", "T7")}, "other channel labels (T7 → T8, T8 → T7)"),
        ({"channel_format": "string"}, "text, not samples"),
        ({"units": ("none", "counts", "counts")}, "a unit that is not known (microvolts → counts)"),
    ],
)
def test_a_stream_that_returns_changed_is_not_accepted_in_silence(box, hear_box, changes, told):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(**changes)
        assert ear.listen(lambda: ear.phase is Phase.CHANGED, 4.0)
    assert told in ear.source.status().message
    assert ear.n_samples == 125


def test_a_changed_stream_can_be_accepted_as_a_new_one(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(sfreq=500.0)
        assert ear.listen(lambda: ear.phase is Phase.CHANGED, 4.0)
        device.once_heard(lambda: device.send(250))
        assert ear.source.accept_change().sfreq == 500.0
        assert ear.listen(lambda: ear.n_samples == 375, counted=False)
        assert ear.phase is Phase.STREAMING


@pytest.mark.slow
def test_a_changed_stream_that_is_gone_again_before_it_is_accepted_is_looked_for(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(sfreq=500.0)
        assert ear.listen(lambda: ear.phase is Phase.CHANGED, 4.0)
        device.switch_off()
        with pytest.raises(StreamError, match="gone again"):
            ear.source.accept_change()
        assert ear.phase is Phase.LOST
        device.switch_on(sfreq=250.0)
        device.once_heard(lambda: device.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 5.0)


@pytest.mark.slow
def test_a_change_that_is_undone_is_resumed(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(sfreq=500.0)
        assert ear.listen(lambda: ear.phase is Phase.CHANGED, 4.0)
        device.switch_off()
        device.switch_on(sfreq=250.0)
        device.once_heard(lambda: device.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 4.0)


def test_another_number_format_is_no_change(box, hear_box):
    with box() as device:
        ear = hear_box(device)
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(channel_format="double64")
        device.once_heard(lambda: device.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 4.0)


@pytest.mark.slow
@pytest.mark.parametrize("ids", [("", ""), ("-8412345", "5512345")])
def test_streams_whose_source_id_is_missing_or_random_are_found_again(box, hear, ids):
    with box(name="no id") as device:
        device.switch_off()
        device.switch_on(source_id=ids[0])
        device.once_heard(lambda: device.send(125))
        ear = hear(name="no id")
        ear.listen(lambda: ear.n_samples == 125)
        device.switch_off()
        device.switch_on(source_id=ids[1])
        device.once_heard(lambda: device.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 4.0)


@pytest.mark.slow
def test_another_device_of_the_same_name_does_not_step_in(box, hear_box):
    with box() as device, box() as other:
        ear = hear_box(device)
        ear.for_s(0.3)
        device.switch_off()
        ear.for_s(1.0)
        assert ear.phase is Phase.LOST
        assert not other.outlet.has_consumers()


@pytest.mark.slow
def test_when_one_of_two_twins_dies_the_other_takes_over(box, hear_box):
    with box() as device, box() as twin:
        twin.switch_off()
        ear = hear_box(device)
        twin.switch_on(source_id=device.spec.source_id)
        ear.for_s(0.8)
        device.switch_off()
        twin.n_sent, twin.t0 = device.n_sent, device.t0
        twin.once_heard(lambda: twin.send(100))
        assert ear.listen(lambda: ear.n_samples == 225, 3.0)

from pathlib import Path

import numpy as np
import pytest

from app.acquisition.device_profile import DeviceProfile, ProfiledSource, load_profile, make_profile, profile_path
from sclcm_core.errors import ConfigError
from sclcm_core.types import StreamSpec
from tests.app.session.array_source import ArraySource

UNNAMED = ("EXG Channel 0", "EXG Channel 1", "EXG Channel 2")


def source() -> ArraySource:
    return ArraySource(np.ones((100, 3)), ch_names=UNNAMED)


def test_a_choice_is_made_once_and_kept_for_the_device(tmp_path: Path) -> None:
    stated = make_profile("EXG Channel 0=T7, 3=T8", 1e3)
    first = ProfiledSource(source(), tmp_path, stated)
    assert first.open(1.0).ch_names == ("T7", "EXG Channel 1", "T8")
    assert first.read(1.0)[0].samples[0, 0] == 1000.0
    again = ProfiledSource(source(), tmp_path)
    assert again.open(1.0).ch_names == ("T7", "EXG Channel 1", "T8")
    assert again.read(1.0)[0].samples[0, 0] == 1000.0


def test_an_electrode_is_said_of_one_channel_only() -> None:
    with pytest.raises(ConfigError, match=r"^T7 is said of 2 channels\. Use names .* each once"):
        make_profile("1=T7, 2=T3, 3=T8", None)


def test_a_scale_that_is_stated_later_leaves_the_electrodes_that_were_named(tmp_path: Path) -> None:
    ProfiledSource(source(), tmp_path, make_profile("1=T7", None)).open(1.0)
    later = ProfiledSource(source(), tmp_path, make_profile(None, 1e3))
    assert later.open(1.0).ch_names[0] == "T7" and later.read(1.0)[0].samples[0, 0] == 1000.0
    third = ProfiledSource(source(), tmp_path, make_profile("2=T8", None))
    assert third.open(1.0).ch_names[:2] == ("EXG Channel 0", "T8") and third.read(1.0)[0].samples[0, 0] == 1000.0


def test_what_was_kept_is_told_whenever_it_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ProfiledSource(source(), tmp_path, make_profile("1=T7", 2.0)).open(1.0)
    assert not caplog.records
    ProfiledSource(source(), tmp_path).open(1.0)
    assert "'1' is T7, samples times 2 are µV. To forget it, delete" in caplog.text and str(tmp_path) in caplog.text


def test_where_nothing_can_be_kept_what_was_said_holds_this_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    assert ProfiledSource(source(), tmp_path / "file", make_profile("1=T7", None)).open(1.0).ch_names[0] == "T7"
    assert "holds this time only" in caplog.text and "file" in caplog.text


def test_another_device_is_not_touched(tmp_path: Path) -> None:
    ProfiledSource(source(), tmp_path, make_profile("1=T7", None)).open(1.0)
    other = ProfiledSource(ArraySource(np.ones((10, 3)), sfreq=500.0, ch_names=UNNAMED), tmp_path)
    assert other.open(1.0).ch_names == UNNAMED


def test_without_a_word_nothing_is_kept(tmp_path: Path) -> None:
    ProfiledSource(source(), tmp_path).open(1.0)
    assert list(tmp_path.iterdir()) == [] and make_profile(None, None) is None


@pytest.mark.parametrize("text", ["T7", "=T7", "1=", "", "1=T7,2"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="LABEL=ELECTRODE"):
        make_profile(text, None) if text else make_profile(",", None)


def test_an_unknown_electrode_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'Nose'.*no electrode"):
        make_profile("1=Nose", None)


@pytest.mark.parametrize("label", ["EXG Channel 9", "4", "0"])
def test_a_channel_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, label: str) -> None:
    with pytest.raises(ConfigError, match="EXG Channel 0, EXG Channel 1"):
        ProfiledSource(source(), tmp_path, DeviceProfile(electrodes={label: "T7"})).open(1.0)


def test_a_broken_profile_is_named(tmp_path: Path) -> None:
    path = profile_path(tmp_path, StreamSpec(128.0, UNNAMED, "array"))
    path.write_text('{"electrode": {}}')
    with pytest.raises(ConfigError, match=path.name):
        load_profile(path)

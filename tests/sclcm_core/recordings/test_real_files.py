"""The real recordings: six formats of one minute, and each device's own dialect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.montage import find_channels
from sclcm_core.recordings import list_trials, read_recording, read_trials

pytestmark = pytest.mark.data
SIX = [f"eegmmidb_S001R03_19ch_160Hz_60s{end}" for end in (".bdf", ".edf", ".vhdr", ".set", ".xdf", "_raw.fif")]


@pytest.mark.parametrize("name", SIX[1:])
def test_the_six_formats_of_a_minute_are_one_recording(name: str, data_dir: Path) -> None:
    one, other = (read_recording(data_dir / "samples" / n) for n in (SIX[0], name))
    assert np.abs(one.samples - other.samples).max() <= 0.008
    assert one.spec.ch_names == other.spec.ch_names and one.spec.sfreq == other.spec.sfreq == 160.0
    assert np.array_equal(one.timestamps, other.timestamps) and other.notes == ()
    assert [(m.t, m.text) for m in one.markers] == [(m.t, m.text) for m in other.markers] and len(other.markers) == 15
    if not name.endswith(".xdf"):  # whose markers have no duration
        assert one.markers == other.markers


def test_every_recording_of_eegmat_is_read(data_dir: Path) -> None:
    paths = sorted((data_dir / "eegmat").glob("*.edf"))
    assert len(paths) == 40
    for path in paths[::8]:
        recording = read_recording(path)
        assert recording.spec.sfreq == 500.0 and recording.spec.n_channels == 21 and recording.notes == ()
        assert find_channels(["T7", "T8"], recording.spec.ch_names)[1] == []
        assert 2.0 < np.median(recording.samples[:, :19].std(axis=0)) < 50.0


def test_a_labrecorder_file_has_its_eeg_and_the_markers_of_unity(data_dir: Path) -> None:
    recording = read_recording(data_dir / "samples" / "REAL_lsl_dsi7_300Hz_110s_unity_markers.xdf")
    assert recording.spec.sfreq == 300.0 and recording.spec.name == "DSI7" and recording.samples.shape == (33_002, 8)
    assert len(recording.markers) == 258 and recording.markers[0].text == "Trial Started"
    assert recording.markers[0].t == pytest.approx(15.757, abs=0.004) and not np.isnan(recording.samples).any()


def test_a_muse_file_keeps_its_rate_and_markers_and_loses_nothing(data_dir: Path) -> None:
    recording = read_recording(data_dir / "samples" / "REAL_muse2016_256Hz_120s_markers.csv")
    assert recording.spec.ch_names == ("TP9", "AF7", "AF8", "TP10", "Right AUX") and recording.spec.sfreq == 256.0
    assert recording.samples.shape == (30_732, 5) and not np.isnan(recording.samples).any()
    assert len(recording.markers) == 196 and {marker.text for marker in recording.markers} == {"1", "2"}


def test_an_openbci_file_is_read_with_its_offsets(data_dir: Path) -> None:
    recording = read_recording(data_dir / "samples" / "REAL_openbci_cyton8_250Hz_last30s_alpha.txt")
    assert recording.samples.shape == (7500, 8) and recording.spec.sfreq == 250.0 and recording.notes == ()
    assert np.abs(recording.samples.mean(axis=0)).max() > 50_000.0


def test_the_trials_of_the_emotiv_sample_have_their_labels(data_dir: Path) -> None:
    path = data_dir / "samples" / "emotiv_insight_EO_EC_10x40s_128Hz_5ch.npz"
    assert len(list_trials(path)) == 10
    texts = [recording.markers[0].text for _, recording in read_trials(path)]
    assert texts == ["eyes_closed"] * 5 + ["eyes_open"] * 5


def test_clock_resets_leave_one_time_line_with_a_gap(data_dir: Path) -> None:
    recording = read_recording(data_dir / "samples" / "clock_resets.xdf")
    lost = np.isnan(recording.samples).all(axis=1)
    assert lost.sum() / recording.spec.sfreq == pytest.approx(273.6, abs=1.0)
    assert len(recording.markers) == 175 and "which is taken" in recording.notes[0]


def test_streams_without_eeg_are_told(data_dir: Path) -> None:
    with pytest.raises(RecordingError, match="holds no EEG stream with samples"):
        read_recording(data_dir / "samples" / "empty_streams.xdf")


def test_the_minimal_file_of_the_format_is_read(data_dir: Path) -> None:
    recording = read_recording(data_dir / "samples" / "minimal.xdf")
    assert recording.samples.shape == (9, 3) and len(recording.markers) == 9

"""XDF: the EEG stream on an even grid, its losses visible, the markers in time, a cut end told."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import list_trials, read_recording, read_trials
from tests.sclcm_core.recordings.forge import (
    CHANNELS,
    MARKERS,
    N_SAMPLES,
    SFREQ,
    even_stamps,
    small_samples,
    xdf_bytes,
    xdf_header,
    xdf_samples,
)


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.xdf"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("jitter_s", [0.0, 0.002], ids=["even stamps", "jittered stamps"])
def test_three_seconds_that_were_never_sent_are_lost_samples(jitter_s: float, tmp_path: Path, rng: np.random.Generator) -> None:
    stamps = even_stamps() + np.abs(rng.normal(0, jitter_s, N_SAMPLES))
    stamps[256:] += 3.0
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), stamps)))
    lost = np.isnan(recording.samples).all(axis=1)
    assert np.array_equal(np.flatnonzero(lost), np.arange(256, 256 + 3 * 128))
    assert np.array_equal(recording.samples[~lost], small_samples())
    assert "384 samples (3.00 s) are missing in 1 gaps" in recording.notes[0]


def test_markers_after_a_gap_stay_at_their_samples(tmp_path: Path) -> None:
    stamps = even_stamps()
    stamps[192:] += 0.25
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), stamps)))
    assert [marker.t for marker in recording.markers] == [t for t, _ in MARKERS]


def test_a_late_burst_loses_nothing(tmp_path: Path) -> None:
    stamps = even_stamps() + np.random.default_rng(0).uniform(0, 0.004, N_SAMPLES)
    stamps[200:280] = np.maximum(stamps[200:280], stamps[280])
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), np.sort(stamps))))
    assert recording.n_samples == N_SAMPLES and not np.isnan(recording.samples).any()


def test_the_clock_of_the_file_is_kept(tmp_path: Path) -> None:
    assert read_recording(written(tmp_path, xdf_bytes(small_samples(), even_stamps()))).started_at == 1000.0


@pytest.mark.parametrize(
    ("unit", "factor"), [("microvolts", 1.0), ("uV", 1.0), ("millivolts", 1e-3), ("V", 1e-6), ("", 1e-6), ("", 1.0)]
)
def test_units_become_microvolts_stated_or_not(unit: str, factor: float, tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples() * factor, even_stamps(), unit)))
    assert recording.samples == pytest.approx(small_samples(), rel=1e-5, abs=1e-5)


def test_a_unit_that_cannot_be_is_corrected_and_told(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples() * 1e-6, even_stamps(), "microvolts")))
    assert recording.samples == pytest.approx(small_samples(), rel=1e-5, abs=1e-5)
    assert "said to be in µV" in recording.notes[0] and "taken as V" in recording.notes[0]


def test_a_rate_that_the_stamps_contradict_is_corrected_and_told(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), even_stamps(), sfreq=250.0)))
    assert recording.spec.sfreq == pytest.approx(128.0) and "states 250 Hz but its time stamps say 128 Hz" in recording.notes[0]


@pytest.mark.parametrize("drift", [0.99, 1.01])
def test_a_clock_that_drifts_by_one_percent_loses_nothing(drift: float, tmp_path: Path) -> None:
    stamps = 1000 + (even_stamps() - 1000) * drift
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), stamps)))
    assert recording.spec.sfreq == 128.0 and recording.n_samples == N_SAMPLES


def test_a_stream_without_a_rate_gets_that_of_its_stamps(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), even_stamps(), sfreq=0.0)))
    assert recording.spec.sfreq == 128.0


def test_the_eeg_stream_is_found_by_its_channel_names_when_its_type_is_odd(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), even_stamps(), kind="signal")))
    assert recording.spec.ch_names == CHANNELS and recording.spec.name == "Cap" and recording.spec.source_id == "Cap-1"


def test_of_two_eeg_streams_the_larger_is_taken_and_told(tmp_path: Path) -> None:
    more = xdf_header(9, "Other", "EEG", [("C3", "uV")], SFREQ) + xdf_samples(9, even_stamps()[:50], np.ones((50, 1)))
    path = written(tmp_path, xdf_bytes(small_samples(), even_stamps()) + more)
    recording = read_recording(path)
    assert recording.spec.name == "Cap" and list_trials(path) == ()
    assert recording.notes[0] == "Of 2 EEG streams 'Cap' is taken; --trial takes another: 'Other'."
    assert [(name, found.spec.name) for name, found in read_trials(path)] == [("", "Cap")]


def test_another_eeg_stream_can_be_named_even_when_both_have_one_name(tmp_path: Path) -> None:
    content = xdf_bytes(small_samples(), even_stamps())
    for number, (name, n_samples) in enumerate((("Other", 50), ("Cap", 40)), start=8):
        content += xdf_header(number, name, "EEG", [("C3", "uV")], SFREQ)
        content += xdf_samples(number, even_stamps()[:n_samples], np.ones((n_samples, 1)))
    path = written(tmp_path, content)
    assert read_recording(path, trial="Other").samples.shape == (50, 1)
    assert read_recording(path, trial="Cap").samples.shape == small_samples().shape
    assert read_recording(path, trial="Cap (2)").samples.shape == (40, 1)
    with pytest.raises(RecordingError, match=r"holds no stream 'Hat'. Choose one: --trial with Cap, Other, Cap \(2\)"):
        read_recording(path, trial="Hat")


def test_a_file_without_eeg_lists_its_streams(tmp_path: Path) -> None:
    content = b"XDF:" + xdf_header(2, "Stim", "Markers", [("", "")], 0, "string")
    with pytest.raises(RecordingError, match=r"holds no EEG stream with samples; its streams are: 'Stim' \(Markers\)"):
        read_recording(written(tmp_path, content))


def test_a_simulated_stream_says_so(tmp_path: Path) -> None:
    for name, said in (("Cap", False), ("SCLCM simulated headset", True)):
        recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), even_stamps(), name=name)))
        assert recording.simulated is said


def test_a_cut_file_is_read_up_to_its_last_whole_chunk_and_says_so(tmp_path: Path) -> None:
    content = xdf_bytes(small_samples(), even_stamps())
    recording = read_recording(written(tmp_path, content[:-10]))
    assert np.array_equal(recording.samples, small_samples()[:448])
    assert "cut off" in recording.notes[0]


def test_a_file_cut_before_its_samples_is_refused(tmp_path: Path) -> None:
    content = xdf_bytes(small_samples(), even_stamps())
    with pytest.raises(RecordingError, match="no EEG stream with samples"):
        read_recording(written(tmp_path, content[: content.index(b"task") + 10]))


def test_a_file_that_is_damaged_in_the_middle_is_refused_with_the_place(tmp_path: Path) -> None:
    content = bytearray(xdf_bytes(small_samples(), even_stamps()))
    at = len(content) // 2
    content[at : at + 4000] = b"\xff" * 4000
    with pytest.raises(RecordingError, match="damaged at byte"):
        read_recording(written(tmp_path, bytes(content)))


def test_stamps_that_cannot_be_are_refused(tmp_path: Path) -> None:
    stamps = even_stamps()
    stamps[300:] += 1e9
    with pytest.raises(RecordingError, match="leave out"):
        read_recording(written(tmp_path, xdf_bytes(small_samples(), stamps)))
    with pytest.raises(RecordingError, match="do not tell when"):
        read_recording(written(tmp_path, xdf_bytes(small_samples(), np.zeros(N_SAMPLES))))


def test_one_wild_stamp_is_not_believed(tmp_path: Path) -> None:
    stamps = even_stamps()
    stamps[300] += 500.0
    recording = read_recording(written(tmp_path, xdf_bytes(small_samples(), stamps)))
    assert recording.n_samples == N_SAMPLES and "not believed" in recording.notes[0]


def test_a_chunk_that_promises_more_samples_than_it_has_bytes_is_refused(tmp_path: Path) -> None:
    content = xdf_bytes(small_samples(), even_stamps())
    at = content.rindex(b"\x04" + struct.pack("<I", 64))
    with pytest.raises(RecordingError, match="more samples than bytes"):
        read_recording(written(tmp_path, content[: at + 1] + struct.pack("<I", 2**31) + content[at + 5 :]))

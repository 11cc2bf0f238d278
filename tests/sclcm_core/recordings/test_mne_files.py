"""What mne passes over in silence is told: cut files, gaps, skipped spans, odd units."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import mne
import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import read_recording
from sclcm_core.recordings.edf_header import read_edf_header
from tests.sclcm_core.recordings.forge import edf_bytes, small_samples, write_brainvision, write_set


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("suffix", "n_bytes"), [(".edf", 2), (".bdf", 3)])
def test_a_cut_edf_is_refused_with_both_counts(suffix: str, n_bytes: int, tmp_path: Path) -> None:
    content = edf_bytes(small_samples(), n_bytes)
    with pytest.raises(
        RecordingError, match=r"cut short: its header promises 4 records of 1 s, the file holds 3\. Copy it again"
    ):
        read_recording(written(tmp_path / f"a{suffix}", content[:-1]))


def test_an_edf_whose_recorder_died_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    content = edf_bytes(small_samples(), n_records=-1)
    recording = read_recording(written(tmp_path / "a.edf", content[:-100]))
    assert recording.n_samples == 3 * 128 and "did not finish" in recording.notes[0]


def test_an_edf_with_something_appended_is_read_with_a_note(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path / "a.edf", edf_bytes(small_samples()) + b"more"))
    assert recording.n_samples == 512 and "longer than the 4 records" in recording.notes[0]


def test_the_gaps_of_a_discontinuous_edf_are_lost_samples(tmp_path: Path) -> None:
    content = edf_bytes(small_samples(), onsets=[0.0, 1.0, 4.5, 5.5])
    recording = read_recording(written(tmp_path / "a.edf", content))
    lost = np.isnan(recording.samples).all(axis=1)
    assert recording.n_samples == round(6.5 * 128)
    assert np.array_equal(np.flatnonzero(lost), np.arange(2 * 128, round(4.5 * 128)))
    assert np.abs(recording.samples[~lost] - small_samples()).max() <= 1000 / 2**15


def test_records_of_an_edf_that_overlap_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="overlap in time"):
        read_recording(written(tmp_path / "a.edf", edf_bytes(small_samples(), onsets=[0.0, 0.5, 2.0, 3.0])))


def test_the_header_of_an_edf_is_read_as_written(tmp_path: Path) -> None:
    header = read_edf_header(written(tmp_path / "a.edf", edf_bytes(small_samples())))
    assert (header.n_records, header.record_s, header.n_per_record) == (4, 1.0, (128, 128, 128, 40))
    assert header.labels == ("T7", "T8", "O1", "EDF Annotations")


@pytest.mark.parametrize("n_missing", [1, 12 * 300], ids=["within a sample", "before a marker"])
def test_a_cut_brainvision_file_is_refused(n_missing: int, tmp_path: Path) -> None:
    path = write_brainvision(tmp_path, small_samples())
    data = tmp_path / "small.eeg"
    data.write_bytes(data.read_bytes()[:-n_missing])
    with pytest.raises(RecordingError, match="cut short"):
        read_recording(path)


def test_a_brainvision_header_without_its_data_names_the_missing_file(tmp_path: Path) -> None:
    path = write_brainvision(tmp_path, small_samples())
    (tmp_path / "small.eeg").unlink()
    with pytest.raises(RecordingError, match=r"small.eeg' of 'small.vhdr' is missing\. Put it beside"):
        read_recording(path)


def test_a_cut_eeglab_file_is_refused(tmp_path: Path) -> None:
    path = write_set(tmp_path / "a.set", small_samples())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(RecordingError, match="cut short"):
        read_recording(path)


def test_an_eeglab_file_that_crashes_its_usual_reader_is_refused(tmp_path: Path) -> None:
    path = write_set(tmp_path / "a.set", small_samples())
    content = bytearray(path.read_bytes())
    content[content.index(b"srate") + 8] = 255  # the type of the number that follows: beyond the end of scipy's table of types
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="element of kind 255"):
        read_recording(path)


def test_a_cut_fif_file_is_refused(small_files: dict[str, Path], tmp_path: Path) -> None:
    content = small_files[".fif"].read_bytes()
    with pytest.raises(RecordingError, match="cut short or damaged"):
        read_recording(written(tmp_path / "a_raw.fif", content[: len(content) // 2]))


def test_a_fif_file_whose_tags_lead_in_a_circle_is_refused_at_once(small_files: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(small_files[".fif"].read_bytes())
    content[12:16] = (0).to_bytes(4, "big")
    second = 16 + int.from_bytes(content[8:12], "big")
    content[second + 12 : second + 16] = (16).to_bytes(4, "big")
    started = time.monotonic()
    with pytest.raises(RecordingError, match="leads outside"):
        read_recording(written(tmp_path / "a_raw.fif", bytes(content)))
    assert time.monotonic() - started < 5.0


def raw_of(**kinds: str) -> mne.io.BaseRaw:
    info = mne.create_info(list(kinds), 128.0, list(kinds.values()), verbose="ERROR")
    scale = np.array([[1e-5 if kind in ("eeg", "ecg") else 1.0] for kind in kinds.values()])
    return mne.io.RawArray(scale * np.random.default_rng(1).standard_normal((len(kinds), 512)), info, verbose="ERROR")


def test_other_channels_are_kept_and_only_voltages_become_microvolts(tmp_path: Path) -> None:
    raw = raw_of(T7="eeg", ECG="ecg", STI="stim")
    raw.save(tmp_path / "a_raw.fif", verbose="ERROR")
    recording = read_recording(tmp_path / "a_raw.fif")
    assert recording.spec.ch_names == ("T7", "ECG", "STI")
    assert recording.samples.std(axis=0) == pytest.approx([10.0, 10.0, 1.0], rel=0.2)


def test_spans_that_the_recorder_skipped_are_lost_samples(tmp_path: Path) -> None:
    raw = raw_of(T7="eeg")
    raw.set_annotations(mne.Annotations(1.0, 0.5, "BAD_ACQ_SKIP"))
    raw.save(tmp_path / "a_raw.fif", verbose="ERROR")
    lost = np.isnan(read_recording(tmp_path / "a_raw.fif").samples[:, 0])
    assert np.array_equal(np.flatnonzero(lost), np.arange(128, 192))


def test_markers_of_a_cropped_file_count_from_its_first_sample(tmp_path: Path) -> None:
    raw = raw_of(T7="eeg")
    raw.set_meas_date(1_700_000_000)
    raw.set_annotations(mne.Annotations(2.0, 0.0, "task", orig_time=raw.info["meas_date"]))
    raw.crop(1.5).save(tmp_path / "a_raw.fif", verbose="ERROR")
    assert [(marker.t, marker.text) for marker in read_recording(tmp_path / "a_raw.fif").markers] == [(0.5, "task")]


def test_an_edf_in_millivolts_is_converted(tmp_path: Path) -> None:
    content = edf_bytes(small_samples() / 1000).replace(b"uV      ", b"mV      ")
    recording = read_recording(written(tmp_path / "a.edf", content))
    assert recording.samples.std() == pytest.approx(small_samples().std(), rel=0.1) and recording.notes == ()


def test_an_edf_without_units_is_taken_as_what_is_plausible(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path / "a.edf", edf_bytes(small_samples()).replace(b"uV      ", b"        ")))
    assert recording.samples.std() == pytest.approx(small_samples().std(), rel=0.01)


def test_the_status_of_a_bdf_gives_its_low_byte_as_markers(tmp_path: Path) -> None:
    samples = small_samples()
    samples[:, 2] = 0
    content = edf_bytes(samples, 3).replace(b"O1              ", b"Status          ", 1)
    path = written(tmp_path / "a.bdf", content)
    status = np.zeros(512, "<i4")
    status[100:110], status[200:] = 0x18FF04, 0x58FF05
    body, record = bytearray(content), (3 * 128 + 40) * 3
    for k in range(4):
        at = 256 * 5 + k * record + 2 * 128 * 3
        body[at : at + 384] = status[128 * k : 128 * (k + 1)].view("u1").reshape(-1, 4)[:, :3].tobytes()
    path.write_bytes(body)
    codes = [(round(marker.t * 128), marker.text) for marker in read_recording(path).markers if marker.text.isdigit()]
    assert codes == [(100, "4"), (200, "5")]


def test_reading_leaves_the_logs_of_mne_alone(
    small_files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(small_files[".fif"], tmp_path / "oddly_named.fif")
    read_recording(tmp_path / "oddly_named.fif")
    said = capsys.readouterr()
    assert said.out == said.err == ""

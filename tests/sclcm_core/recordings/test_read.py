"""Every format gives the same recording, and everything that is wrong is told in three beats."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import FORMATS, Recording, list_trials, read_recording, read_trials

CANNOT_BE_WRITTEN_HERE = {".gdf", ".cnt"}
WITH_TRIALS = {".mat", ".dat"}
SINGLE = sorted(set(FORMATS) - CANNOT_BE_WRITTEN_HERE - WITH_TRIALS)
RESOLUTION_UV = {".edf": 1000 / 2**15, ".bdf": 1000 / 2**23}


def samples_of(small_files: dict[str, Path]) -> np.ndarray:
    return np.load(small_files[".npz"])["samples"]


def test_every_format_has_a_small_file(small_files: dict[str, Path]) -> None:
    assert set(small_files) | CANNOT_BE_WRITTEN_HERE == set(FORMATS)


@pytest.mark.parametrize("suffix", SINGLE)
def test_every_format_gives_the_same_samples_within_its_resolution(suffix: str, small_files: dict[str, Path]) -> None:
    recording = read_recording(small_files[suffix])
    difference = np.abs(recording.samples - samples_of(small_files)).max()
    assert difference <= max(1e-4, RESOLUTION_UV.get(suffix, 0.0))
    assert recording.samples.dtype == np.float32 and recording.notes == ()


@pytest.mark.parametrize("suffix", SINGLE)
def test_every_format_gives_the_same_rate_names_and_times(suffix: str, small_files: dict[str, Path]) -> None:
    recording = read_recording(small_files[suffix])
    names = tuple(f"EXG Channel {k}" for k in range(3)) if suffix == ".txt" else ("T7", "T8", "O1")
    assert recording.spec.ch_names == names
    assert recording.spec.sfreq == 128.0 and recording.spec.origin == "replay"
    assert np.array_equal(recording.timestamps, np.arange(512) / 128.0)
    assert recording.n_samples == 512 and recording.duration_s == 4.0


@pytest.mark.parametrize("suffix", SINGLE)
def test_every_format_gives_the_same_markers(suffix: str, small_files: dict[str, Path]) -> None:
    texts = ("1", "2") if suffix in (".csv", ".tsv", ".txt") else ("rest", "task")
    assert [(marker.t, marker.text) for marker in read_recording(small_files[suffix]).markers] == [
        (0.5, texts[0]),
        (2.0, texts[1]),
    ]


@pytest.mark.parametrize("suffix", sorted(WITH_TRIALS))
def test_files_with_trials_list_them_and_read_the_chosen_one(suffix: str, small_files: dict[str, Path]) -> None:
    path = small_files[suffix]
    names = list_trials(path)
    assert names == {".mat": ("1", "2", "10"), ".dat": ("1", "2")}[suffix]
    one = read_recording(path, trial=names[-1])
    again = dict(read_trials(path))[names[-1]]
    assert np.array_equal(one.samples, again.samples) and read_recording(path, trial=int(names[-1])).markers == one.markers


@pytest.mark.parametrize(
    ("trial", "beat"), [(None, r"holds 3 trials. Choose one: --trial with 1, 2, 10"), ("4", "holds no trial '4'")]
)
def test_a_trial_must_be_chosen_from_those_there_are(trial: str | None, beat: str, small_files: dict[str, Path]) -> None:
    with pytest.raises(RecordingError, match=beat):
        read_recording(small_files[".mat"], trial=trial)


def test_a_file_without_trials_refuses_one(small_files: dict[str, Path]) -> None:
    assert list_trials(small_files[".edf"]) == ()
    assert [name for name, _ in read_trials(small_files[".edf"])] == [""]
    with pytest.raises(RecordingError, match="no trial '2'"):
        read_recording(small_files[".edf"], trial=2)


def test_the_suffix_may_be_in_capitals(small_files: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(small_files[".edf"], tmp_path / "SMALL.EDF")
    assert isinstance(read_recording(tmp_path / "SMALL.EDF"), Recording)


def fails(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        read_recording(path)
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith((".", "?"))
    return str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert fails(tmp_path / "none.edf") == f"The file '{tmp_path / 'none.edf'}' does not exist. Check the path."


def test_a_folder_is_told(tmp_path: Path) -> None:
    assert "is a folder" in fails(tmp_path)


def test_an_unknown_suffix_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.eddf").write_text("x")
    assert "Did you mean '.edf'?" in fails(tmp_path / "a.eddf")


def test_a_companion_file_points_to_its_header(small_files: dict[str, Path]) -> None:
    assert "Name the '.vhdr' file" in fails(small_files[".vhdr"].with_suffix(".eeg"))


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_an_empty_file_is_told(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert "is empty" in fails(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_text_under_a_foreign_suffix_is_told(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").write_text("Dear diary, today I wore the cap for an hour.\n" * 40)
    assert f"a{suffix}" in fails(tmp_path / f"a{suffix}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_text("x")
    path.chmod(0)
    assert "Check the rights" in fails(path)

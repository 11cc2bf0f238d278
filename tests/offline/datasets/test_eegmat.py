from __future__ import annotations

import shutil

import pytest

from offline.datasets import load_windows
from offline.datasets.eegmat import Eegmat
from sclcm_core.bands import ALPHA, BETA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(bands=(ALPHA, BETA), ch_names=("T7", "T8"), sfreq=128.0, n_frames=4)


def test_the_label_is_workload_and_never_emotion():
    assert Eegmat().target == "workload"
    assert "emotion" not in str(Eegmat().card()).lower()


def test_a_missing_folder_says_where_to_get_the_data(tmp_path):
    with pytest.raises(DatasetError, match=r"does not exist.*physionet\.org/content/eegmat"):
        Eegmat().sources(tmp_path / "none")


def test_an_empty_folder_says_which_files_are_expected(tmp_path):
    with pytest.raises(DatasetError, match=r"Subject00_1\.edf"):
        Eegmat().sources(tmp_path)


def test_a_subject_without_its_task_is_named(tmp_path):
    for name in ("Subject02_1.edf", "Subject02_2.edf", "Subject10_1.edf"):
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=r"'Subject10_2.edf' \(mental arithmetic\) is missing"):
        Eegmat().sources(tmp_path)


@pytest.mark.data
def test_the_real_files_become_windows_with_a_minute_of_baseline(data_dir):
    windows = load_windows("eegmat", data_dir / "eegmat", SPEC, subjects=["00", "19"])
    assert windows.subject_names == ("00", "19")
    assert windows.class_names == ("rest", "mental arithmetic")
    assert set(windows.label[windows.usable].tolist()) == {0, 1}
    assert [len(windows.baseline_frames[k]) for k in (0, 1)] == [119, 119]
    rest = windows.usable & (windows.label == 0)
    assert windows.t0[rest].min() >= 60.0
    assert windows.features.std() > 0.1


@pytest.mark.data
def test_all_real_files_are_found_in_order(data_dir):
    sources = Eegmat().sources(data_dir / "eegmat")
    assert [source.key for source in sources[:3]] == ["Subject00_1", "Subject00_2", "Subject01_1"]
    assert len(sources) == 40


@pytest.mark.data
def test_a_foreign_file_under_an_eegmat_name_is_refused_with_its_shape(data_dir, tmp_path):
    for part in "12":
        shutil.copy(data_dir / "samples" / "eegmmidb_S001R03_19ch_160Hz_60s.edf", tmp_path / f"Subject00_{part}.edf")
    with pytest.raises(DatasetError, match="19 channels at 160 Hz; EEGMAT has 21 at 500 Hz"):
        list(Eegmat().recordings(tmp_path))

from __future__ import annotations

import shutil

import numpy as np
import pytest

from offline.datasets import load_windows
from offline.datasets.folder import RecordingFolder
from sclcm_core.bands import ALPHA
from sclcm_core.errors import DatasetError, SclcmError
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(bands=(ALPHA,), ch_names=("T7", "T8"), sfreq=100.0, n_frames=2)
CSV = """file,subject,label,stimulus,start_s,stop_s,baseline_s
a.csv,anna,,cross,0,5,all
a.csv,anna,calm,sea,5,9,
a.csv,anna,tense,dog,9,,
b.csv,ben,calm,sea,,,2
"""


@pytest.fixture
def root(tmp_path, rng):
    times = np.arange(1500) / 100
    for name in ("a.csv", "b.csv"):
        rows = np.column_stack([times, 10 * rng.standard_normal((1500, 2))])
        np.savetxt(tmp_path / name, rows, delimiter=",", header="time,T7,T8", comments="", fmt="%.5f")
    (tmp_path / "labels.csv").write_text(CSV)
    return tmp_path


def read(root, number=0, **options):
    dataset = RecordingFolder(**options).resolve(root)
    return list(dataset.read(dataset.sources(root)[number]))


def edit(root, old, new):
    (root / "labels.csv").write_text(CSV.replace(old, new))


def test_rows_become_trials(root):
    rest, calm, tense = read(root)
    assert (rest.label, rest.baseline_s, rest.recording.duration_s) == (-1, np.inf, 5.0)
    assert (calm.label, calm.stimulus, calm.recording.duration_s) == (0, "sea", 4.0)
    assert (tense.label, tense.stimulus, tense.recording.duration_s) == (1, "dog", 6.0)


def test_a_row_without_times_is_the_whole_file(root):
    (trial,) = read(root, 1)
    assert (trial.subject, trial.recording.duration_s, trial.baseline_s) == ("ben", 15.0, 2.0)


def test_classes_are_the_labels_sorted_or_as_told(root):
    assert RecordingFolder().resolve(root).class_names == ("calm", "tense")
    assert RecordingFolder(classes=("tense", "calm")).resolve(root).class_names == ("tense", "calm")


def test_the_folder_becomes_windows(root):
    windows = load_windows("folder", root, SPEC, options={"target": "stress", "title": "Mine"})
    assert windows.subject_names == ("anna", "ben")
    assert (windows.dataset.target, windows.dataset.title) == ("stress", "Mine")
    assert sorted(windows.baseline_frames) == [0, 1]


def test_rows_without_a_stimulus_share_none(root):
    edit(root, "sea", "")
    stimuli = {trial.stimulus for number in (0, 1) for trial in read(root, number)}
    assert len(stimuli) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("file,subject", "path,subject", "no column 'file'; it has path"),
        ("baseline_s", "baselin_s", "unknown column 'baselin_s'. Did you mean 'baseline_s'"),
        ("b.csv,ben", "c.csv,ben", r"c\.csv', named in .* does not exist"),
        ("b.csv,ben", "b.csv,", "line 5: file and subject must not be empty"),
        ("calm,sea,5,9", "calm,sea,five,9", "line 3: .*'five'"),
        ("tense,dog,9", "tense,dog,8", "from 5 to 9 s overlaps the one from 8 s"),
        ("tense,dog,9,", "tense,dog,9,99", r"lasts 15\.00 s"),
        ("a.csv,anna,tense", "a.csv,ann,tense", "gives 'a.csv' to several subjects"),
        ("tense", "calm", r"labels \['calm'\]; two classes are needed"),
    ],
)
def test_what_the_csv_file_gets_wrong_is_named(root, old, new, message):
    edit(root, old, new)
    with pytest.raises(DatasetError, match=message):
        read(root)


def test_a_label_that_is_no_class_is_named(root):
    with pytest.raises(DatasetError, match=r"label 'tense' that is no class. Did you mean 'tens'"):
        read(root, classes=("calm", "tens"))


def test_a_missing_csv_file_is_answered_with_its_columns(root):
    (root / "labels.csv").unlink()
    with pytest.raises(DatasetError, match=r"labels\.csv' is missing.*file, subject, label"):
        RecordingFolder().resolve(root)


@pytest.mark.data
def test_any_format_that_can_be_replayed_may_be_in_the_folder(data_dir, tmp_path):
    rows = ["file,subject,label,start_s,stop_s"]
    for subject, suffix in enumerate((".edf", ".set", "_raw.fif"), start=1):
        name = f"eegmmidb_S001R03_19ch_160Hz_60s{suffix}"
        shutil.copy(data_dir / "samples" / name, tmp_path / name)
        rows += [f"{name},{subject},first,0,30", f"{name},{subject},second,30,60"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    windows = load_windows("folder", tmp_path, SPEC.model_copy(update={"sfreq": 160.0}))
    counts = np.bincount(windows.subject)
    assert len(counts) == 3 and len(set(counts.tolist())) == 1


@pytest.mark.parametrize(
    "content",
    ["", "time,T7,T8\n", "nothing that is a signal", "time,T7,T8\n0.00,1.0,2.0\n0.01,1.0\n0.02,x,y\n"],
    ids=["empty", "no rows", "foreign", "ragged"],
)
def test_damaged_recordings_are_named(root, content):
    (root / "a.csv").write_text(content)
    with pytest.raises(SclcmError, match=r"a\.csv"):
        read(root)


def test_a_recording_that_is_cut_short_is_named_with_its_length(root):
    path = root / "a.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:801]) + "\n")
    with pytest.raises(DatasetError, match=r"a\.csv' lasts 8\.00 s"):
        read(root)

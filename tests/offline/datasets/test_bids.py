from __future__ import annotations

import json

import numpy as np
import pytest

from offline.datasets import load_windows
from offline.datasets.bids import BidsFolder
from offline.datasets.labels_file import EXAMPLE
from sclcm_core.bands import ALPHA
from sclcm_core.errors import DatasetError, SclcmError
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(bands=(ALPHA,), ch_names=("T7", "T8"), sfreq=100.0, n_frames=2)
SFREQ = 100
LABELS = EXAMPLE.replace('baseline = ["rest"]', 'baseline = ["rest"]\nstimulus_column = "stim_file"')
EVENTS = """onset\tduration\ttrial_type\tstim_file
0.0\t5.0\trest\tcross
5.0\t4.0\tfilm_sad\tsad1.mp4
9.0\t1.0\tquestion\tn/a
10.0\t4.0\tfilm_joy\tjoy1.mp4
"""


def write_vhdr(path, samples, ch_names=("T8", "T7", "O1")):
    """Write BrainVision files; samples (n_channels, n_times) in µV."""
    stem = path.name.removesuffix(".vhdr")
    lines = ["Brain Vision Data Exchange Header File Version 1.0", "[Common Infos]", f"DataFile={stem}.eeg"]
    lines += [f"MarkerFile={stem}.vmrk", "DataFormat=BINARY", "DataOrientation=MULTIPLEXED"]
    lines += [f"NumberOfChannels={len(ch_names)}", f"SamplingInterval={1_000_000 // SFREQ}"]
    lines += ["[Binary Infos]", "BinaryFormat=IEEE_FLOAT_32", "[Channel Infos]"]
    lines += [f"Ch{k + 1}={name},,1,µV" for k, name in enumerate(ch_names)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_suffix(".eeg").write_bytes(np.ascontiguousarray(samples.T, "<f4").tobytes())
    marks = "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\n" + f"DataFile={stem}.eeg\n[Marker Infos]\n"
    path.with_suffix(".vmrk").write_text(marks, encoding="utf-8")


@pytest.fixture
def root(tmp_path, rng):
    (tmp_path / "sclcm-labels.toml").write_text(LABELS)
    facts = {"Name": "Films", "License": "CC0", "Authors": ["A. Author", "B. Author"]}
    (tmp_path / "dataset_description.json").write_text(json.dumps(facts))
    samples = 10 * rng.standard_normal((3, 15 * SFREQ))
    samples[1, 10 * SFREQ : 14 * SFREQ] *= 10
    for subject in ("01", "02"):
        for session in ("a", "b"):
            folder = tmp_path / f"sub-{subject}" / f"ses-{session}" / "eeg"
            folder.mkdir(parents=True)
            stem = f"sub-{subject}_ses-{session}_task-film"
            write_vhdr(folder / f"{stem}_eeg.vhdr", samples)
            (folder / f"{stem}_events.tsv").write_text(EVENTS)
            (folder / f"{stem}_channels.tsv").write_text("name\ttype\tunits\nT8\tEEG\tµV\nT7\tEEG\tµV\nO1\tEEG\tµV\n")
    return tmp_path


@pytest.fixture
def first(root):
    return root / "sub-01" / "ses-a" / "eeg" / "sub-01_ses-a_task-film_events.tsv"


def read(root):
    dataset = BidsFolder().resolve(root)
    return list(dataset.read(dataset.sources(root)[0]))


def test_events_become_trials(root):
    rest, sad, joy = read(root)
    assert (rest.label, rest.baseline_s, rest.recording.duration_s) == (-1, np.inf, 5.0)
    assert (sad.label, sad.stimulus, sad.recording.duration_s) == (0, "sad1.mp4", 4.0)
    assert (joy.label, joy.stimulus) == (1, "joy1.mp4")
    assert joy.recording.samples[:, 1].std() == pytest.approx(100, rel=0.1)


def test_subjects_and_sessions_come_from_the_names(root):
    found = [(source.subject, source.session) for source in BidsFolder().sources(root)]
    assert found == [("01", 1), ("01", 2), ("02", 1), ("02", 2)]


def test_the_folder_says_what_must_be_said_of_it(root):
    dataset = BidsFolder().resolve(root)
    card = dataset.card()
    assert (card.title, card.licence, card.attribution, card.target) == ("Films", "CC0", "A. Author, B. Author", "emotion")
    assert dataset.class_names == ("negative", "positive")


def test_the_folder_becomes_windows(root):
    windows = load_windows("bids", root, SPEC)
    assert windows.stimulus_names == ("cross", "sad1.mp4", "joy1.mp4")
    assert len(windows.trial_names) == 12
    assert sorted(windows.baseline_frames) == [0, 1]


def test_a_change_of_the_signals_changes_the_fingerprint(root):
    dataset = BidsFolder().resolve(root)
    source = dataset.sources(root)[0]
    before = dataset.fingerprint(source)
    eeg = source.paths[0].with_suffix(".eeg")
    eeg.write_bytes(eeg.read_bytes()[:-12])
    assert dataset.fingerprint(source) != before


def test_a_missing_labels_file_is_answered_with_an_example(root):
    (root / "sclcm-labels.toml").unlink()
    with pytest.raises(DatasetError, match=r"is missing.*(?s:Write one.*class_names)"):
        BidsFolder().resolve(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("class_names", "clas_names", "unknown key 'clas_names'. Did you mean 'class_names'"),
        ('= "positive"', '= "positiv"', "'positiv', which is not in class_names. Did you mean 'positive'"),
        ("[labels]", "[labels", "no TOML file"),
        ('["negative", "positive"]', '["negative"]', "field 'class_names'"),
        ("trial_type", "kind", "no column 'kind'; it has onset"),
        ('baseline = ["rest"]', 'task = "music"', "no recording .* of task 'music' .*found: film"),
        ("film_", "movie_", "no event whose 'trial_type' is one of movie_sad, movie_joy"),
    ],
)
def test_what_the_labels_file_gets_wrong_is_named(root, old, new, message):
    path = root / "sclcm-labels.toml"
    path.write_text(path.read_text().replace(old, new).replace('["rest"]', "[]"))
    with pytest.raises(DatasetError, match=message):
        read(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5.0\t4.0\tfilm_sad", "5.0\tn/a\tfilm_sad", "event 'film_sad' has onset '5.0' and duration 'n/a'"),
        ("10.0\t4.0\tfilm_joy", "8.0\t4.0\tfilm_joy", "from 5 to 9 s overlaps the one from 8 s"),
        ("10.0\t4.0\tfilm_joy", "10.0\t9.0\tfilm_joy", r"lasts 15\.00 s; the piece from 10\.00 to 19\.00 s"),
    ],
)
def test_impossible_events_are_named(root, first, old, new, message):
    first.write_text(first.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        read(root)


def test_a_length_may_be_given_for_all_events_without_one(root, first):
    first.write_text(first.read_text().replace("5.0\t4.0\tfilm_sad", "5.0\tn/a\tfilm_sad"))
    path = root / "sclcm-labels.toml"
    path.write_text("duration_s = 2.5\n" + path.read_text())
    assert read(root)[1].recording.duration_s == 2.5


def test_missing_events_are_named(root, first):
    first.unlink()
    with pytest.raises(DatasetError, match=r"sub-01_ses-a_task-film_events\.tsv' is missing"):
        read(root)


def test_renamed_electrodes_are_named(root, first):
    table = first.with_name("sub-01_ses-a_task-film_channels.tsv")
    table.write_text(table.read_text().replace("O1", "O9"))
    with pytest.raises(DatasetError, match="names the channels O9"):
        read(root)


def test_a_folder_that_says_nothing_of_its_licence_is_told(root, caplog):
    (root / "dataset_description.json").unlink()
    BidsFolder().resolve(root)
    assert "nothing is known of licence" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        lambda vhdr: vhdr.write_text(vhdr.read_text()[:150]),
        lambda vhdr: vhdr.write_bytes(b""),
        lambda vhdr: vhdr.with_suffix(".eeg").unlink(),
        lambda vhdr: vhdr.with_suffix(".eeg").write_bytes(b""),
        lambda vhdr: vhdr.with_suffix(".eeg").write_bytes(vhdr.with_suffix(".eeg").read_bytes()[: 12 * 700]),
    ],
    ids=["header cut", "header empty", "signal missing", "signal empty", "signal cut"],
)
def test_damaged_recordings_are_named(root, first, damage):
    damage(first.with_name(first.name.replace("_events.tsv", "_eeg.vhdr")))
    with pytest.raises(SclcmError, match="sub-01_ses-a_task-film_eeg"):
        read(root)

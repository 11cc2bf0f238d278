from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy.io import savemat

from offline.datasets import load_windows
from offline.datasets.seed import CLIP_LABELS, CLIP_SECONDS, Seed
from sclcm_core.bands import ALPHA
from sclcm_core.errors import DatasetError, RecordingError
from sclcm_core.features.spec import FeatureSpec

N_TIMES = 401
SPEC = FeatureSpec(bands=(ALPHA,), ch_names=("T7", "T8"), sfreq=200.0, hop_s=1.0, n_frames=2)


def trials(rng, initials="djc", order=None, n_times=N_TIMES):
    """Trial k has the amplitude k."""
    order = order or range(1, 16)
    return {f"{initials}_eeg{k}": k * rng.standard_normal((62, n_times)) for k in order}


@pytest.fixture
def root(tmp_path, rng):
    folder = tmp_path / "Preprocessed_EEG"
    folder.mkdir()
    savemat(folder / "label.mat", {"label": np.array([CLIP_LABELS])})
    (folder / "readme.txt").touch()
    (folder / "SIMULATED.txt").touch()
    for subject, date in ((10, "20131204"), (2, "20140413"), (10, "20131130")):
        savemat(folder / f"{subject}_{date}.mat", trials(rng))
    return tmp_path


def read_first(root):
    dataset = Seed()
    return list(dataset.read(dataset.sources(root)[0]))


def test_subjects_are_in_the_order_of_their_numbers_and_visits_in_that_of_their_dates(root):
    found = [(source.key, source.subject, source.session) for source in Seed().sources(root)]
    assert found == [("2_20140413", "2", 1), ("10_20131130", "10", 1), ("10_20131204", "10", 2)]


def test_the_folder_of_the_files_may_be_named_directly(root):
    assert len(Seed().sources(root / "Preprocessed_EEG")) == 3


def test_trials_go_by_the_number_in_their_names_and_not_by_their_order_in_the_file(root, rng):
    backwards = list(range(15, 0, -1))
    savemat(root / "Preprocessed_EEG" / "2_20140413.mat", trials(rng, order=backwards))
    for number, trial in enumerate(read_first(root), start=1):
        assert trial.stimulus == f"clip{number:02d}"
        assert np.std(trial.recording.samples) == pytest.approx(number, rel=0.05)
        assert trial.label == CLIP_LABELS[number - 1] + 1


def test_the_names_of_variables_may_begin_with_anything(root, rng):
    savemat(root / "Preprocessed_EEG" / "2_20140413.mat", trials(rng, initials="ww"))
    assert len(read_first(root)) == 15


def test_classes_are_negative_neutral_positive(root):
    assert Seed().class_names == ("negative", "neutral", "positive")
    assert [trial.label for trial in read_first(root)[:3]] == [2, 1, 0]


def test_channels_and_rate_are_those_of_seed(root):
    spec = read_first(root)[0].recording.spec
    assert spec.sfreq == 200
    assert (spec.n_channels, spec.ch_names[23], spec.ch_names[31]) == (62, "T7", "T8")


def test_the_files_become_windows(root):
    windows = load_windows("seed", root, SPEC)
    assert windows.subject_names == ("2", "10")
    assert len(windows.stimulus_names) == 15
    assert len(windows.trial_names) == 45
    assert windows.features.shape == (45, 1, 2, 2)


def test_simulated_files_are_called_simulated(root):
    (root / "SIMULATED.txt").touch()
    card = load_windows("seed", root, SPEC, subjects=["2"]).dataset
    assert card.simulated
    assert "simulated" in card.title


def test_real_files_are_not_called_simulated(root):
    assert not Seed().resolve(root).card().simulated


def test_clip_lengths_that_differ_from_the_published_ones_are_told(root, caplog):
    (root / "Preprocessed_EEG" / "SIMULATED.txt").unlink()
    read_first(root)
    assert f"clip 1 lasts 2.0 s; published are {CLIP_SECONDS[0]} s" in caplog.text


def test_missing_subjects_and_visits_are_told(root, caplog):
    (root / "Preprocessed_EEG" / "SIMULATED.txt").unlink()
    Seed().sources(root)
    assert "has 15 subjects" in caplog.text
    assert "holds 1 of subject 2" in caplog.text


def test_the_published_lengths_make_3394_windows():
    assert sum(CLIP_SECONDS) == 3394


def test_a_missing_label_file_is_named(root):
    (root / "Preprocessed_EEG" / "label.mat").unlink()
    with pytest.raises(DatasetError, match=r"label\.mat' is missing.*bcmi"):
        Seed().sources(root)


@pytest.mark.parametrize("content", [{"label": np.ones((1, 14))}, {"label": np.full((1, 15), 2)}, {"labels": np.ones(15)}])
def test_a_foreign_label_file_is_refused(root, content):
    savemat(root / "Preprocessed_EEG" / "label.mat", content)
    with pytest.raises(DatasetError, match=r"label\.mat"):
        Seed().sources(root)


def test_other_labels_than_the_published_ones_are_used_and_told(root, caplog):
    savemat(root / "Preprocessed_EEG" / "label.mat", {"label": -np.array([CLIP_LABELS])})
    assert read_first(root)[0].label == 0
    assert "differs from the published labels" in caplog.text


def test_a_file_without_all_trials_is_refused_by_the_names_of_the_missing_variables(root, rng):
    savemat(root / "Preprocessed_EEG" / "2_20140413.mat", trials(rng, order=[1, 2, *range(4, 16)]))
    with pytest.raises(DatasetError, match=r"2_20140413\.mat' holds 14 trials.*\*_eeg3"):
        read_first(root)


def test_a_trial_of_another_shape_is_refused_by_name(root, rng):
    savemat(root / "Preprocessed_EEG" / "2_20140413.mat", trials(rng) | {"djc_eeg2": np.ones((61, N_TIMES))})
    with pytest.raises(RecordingError, match=r"'djc_eeg2' of .*\(61, 401\)"):
        read_first(root)


def test_a_truncated_file_is_refused_by_name(root):
    path = root / "Preprocessed_EEG" / "2_20140413.mat"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((DatasetError, RecordingError), match="2_20140413"):
        read_first(root)


def test_a_file_that_is_no_matlab_file_is_refused_by_name(root):
    (root / "Preprocessed_EEG" / "2_20140413.mat").write_text("nothing")
    with pytest.raises((DatasetError, RecordingError), match="2_20140413"):
        read_first(root)


def test_old_and_new_names_together_are_refused(root):
    folder = root / "Preprocessed_EEG"
    shutil.copy(folder / "2_20140413.mat", folder / "dujingcheng_20131027.mat")
    with pytest.raises(DatasetError, match="'dujingcheng'"):
        Seed().sources(root)


def test_a_name_without_a_date_is_refused(root):
    folder = root / "Preprocessed_EEG"
    shutil.copy(folder / "2_20140413.mat", folder / "2_20149999.mat")
    with pytest.raises(DatasetError, match="no date"):
        Seed().sources(root)


def test_foreign_files_are_left_out_and_told(root, caplog):
    savemat(root / "Preprocessed_EEG" / "notes.mat", {"x": 1})
    assert len(Seed().sources(root)) == 3
    assert "notes.mat" in caplog.text


def test_lost_samples_withhold_their_windows(root, rng):
    broken = trials(rng)
    broken["djc_eeg1"][:, 100:300] = np.nan
    savemat(root / "Preprocessed_EEG" / "2_20140413.mat", broken)
    windows = load_windows("seed", root, SPEC, subjects=["2"])
    assert windows.dropped == {"of the samples missing": 1}

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.io import savemat

from offline.datasets.seed_iv import CLIP_LABELS, SeedIV
from sclcm_core.errors import DatasetError, RecordingError


@pytest.fixture
def root(tmp_path, rng):
    for session in (1, 2, 3):
        folder = tmp_path / "eeg_raw_data" / str(session)
        folder.mkdir(parents=True)
        (folder / "SIMULATED.txt").touch()
        for subject in (1, 10, 2):
            trials = {f"cz_eeg{k}": k * rng.standard_normal((62, 201)) for k in range(1, 25)}
            savemat(folder / f"{subject}_2015010{session}.mat", trials)
    return tmp_path


def test_every_class_has_six_clips_a_session():
    for labels in CLIP_LABELS:
        assert Counter(labels) == {0: 6, 1: 6, 2: 6, 3: 6}


def test_sessions_are_those_of_the_folders(root):
    found = [(source.subject, source.session) for source in SeedIV().sources(root)]
    assert found == [(subject, session) for subject in ("1", "2", "10") for session in (1, 2, 3)]


def test_every_session_has_clips_of_its_own(root):
    dataset = SeedIV()
    trials = [trial for source in dataset.sources(root)[:3] for trial in dataset.read(source)]
    assert len({trial.stimulus for trial in trials}) == 72
    assert [trial.label for trial in trials] == [label for labels in CLIP_LABELS for label in labels]
    assert np.std(trials[9].recording.samples) == pytest.approx(10, rel=0.05)


def test_a_missing_session_is_named(root):
    (root / "eeg_raw_data" / "2").rename(root / "eeg_raw_data" / "two")
    with pytest.raises(DatasetError, match="no session folder '2'"):
        SeedIV().sources(root)


def test_a_file_of_seed_is_refused(root, rng):
    path = root / "eeg_raw_data" / "1" / "1_20150101.mat"
    savemat(path, {f"djc_eeg{k}": rng.standard_normal((62, 201)) for k in range(1, 16)})
    with pytest.raises(DatasetError, match="holds 15 trials; SEED-IV has 24"):
        list(SeedIV().read(SeedIV().sources(root)[0]))


def first_trials(root):
    return list(SeedIV().read(SeedIV().sources(root)[0]))


def test_a_truncated_file_is_refused_by_name(root):
    path = root / "eeg_raw_data" / "1" / "1_20150101.mat"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RecordingError, match=r"1_20150101\.mat"):
        first_trials(root)


def test_a_trial_of_another_shape_is_refused_by_name(root, rng):
    path = root / "eeg_raw_data" / "1" / "1_20150101.mat"
    savemat(path, {f"cz_eeg{k}": rng.standard_normal((62 - (k == 5), 201)) for k in range(1, 25)})
    with pytest.raises(RecordingError, match=r"'cz_eeg5' of .*\(61, 201\)"):
        first_trials(root)

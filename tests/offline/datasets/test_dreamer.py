from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from offline.datasets import load_windows
from offline.datasets.dreamer import CH_NAMES, Dreamer
from sclcm_core.bands import ALPHA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(bands=(ALPHA,), ch_names=("T7", "T8"), sfreq=128.0, n_frames=2)


def cell(arrays):
    out = np.empty((len(arrays), 1), dtype=object)
    out[:, 0] = arrays
    return out


def subject(rng, n_clips=18, n_channels=14):
    """Clip k has the amplitude k + 1; ratings go 1 to 5 in turn."""
    clips = [(k + 1) * rng.standard_normal((260 + k, n_channels)) for k in range(n_clips)]
    rests = [rng.standard_normal((256, n_channels)) for _ in range(n_clips)]
    scores = (np.arange(n_clips) % 5 + 1)[:, None]
    eeg = {"baseline": cell(rests), "stimuli": cell(clips)}
    return {"Age": "22", "EEG": eeg, "ScoreValence": scores, "ScoreArousal": 6 - scores, "ScoreDominance": scores}


def write(path, subjects, **fields):
    data = np.empty((1, len(subjects)), dtype=object)
    data[0, :] = subjects
    electrodes = np.array(CH_NAMES, dtype=object)[None]
    whole = {"Data": data, "EEG_SamplingRate": 128, "EEG_Electrodes": electrodes} | fields
    savemat(path, {"DREAMER": whole})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "DREAMER.mat"


@pytest.fixture
def subjects(rng):
    one = subject(rng)
    return [one] * 23


def read(path, **options):
    dataset = Dreamer(**options)
    return list(dataset.read(dataset.sources(path.parent)[0]))


def test_every_clip_comes_after_its_rest(path, subjects):
    write(path, subjects)
    found = read(path)
    assert len(found) == 23 * 36
    rest, clip = found[34:36]
    assert (rest.label, rest.baseline_s, rest.stimulus, rest.recording.n_samples) == (-1, np.inf, "rest", 256)
    assert (clip.subject, clip.stimulus, clip.recording.n_samples) == ("01", "clip18", 277)
    assert np.std(clip.recording.samples) == pytest.approx(18, rel=0.05)
    assert clip.recording.spec.ch_names == CH_NAMES


def test_ratings_from_1_to_5_are_cut_at_3(path, subjects):
    write(path, subjects)
    assert [trial.label for trial in read(path)[1:11:2]] == [0, 0, 1, 1, 1]
    assert [trial.label for trial in read(path, dimension="arousal")[1:11:2]] == [1, 1, 1, 0, 0]
    assert [trial.label for trial in read(path, convention="drop_between")[1:11:2]] == [0, 0, -1, 1, 1]


def test_chosen_subjects_become_windows_although_there_is_one_file(path, subjects):
    write(path, subjects)
    windows = load_windows("dreamer", path.parent, SPEC, subjects=["02", "03"])
    assert windows.subject_names == ("02", "03")
    assert len(windows.baseline_frames[1]) == 18 * 3


def test_electrodes_in_another_order_are_refused(path, subjects):
    write(path, subjects, EEG_Electrodes=np.array(CH_NAMES[::-1], dtype=object)[None])
    with pytest.raises(DatasetError, match=r"'EEG_Electrodes' of .* is AF4, F8"):
        read(path)


def test_another_rate_is_refused(path, subjects):
    write(path, subjects, EEG_SamplingRate=256)
    with pytest.raises(DatasetError, match="is 256 instead of 128 Hz"):
        read(path)


def test_another_number_of_subjects_is_refused(path, subjects):
    write(path, subjects[:20])
    with pytest.raises(DatasetError, match="20 subjects instead of 23"):
        read(path)


def test_another_number_of_clips_is_refused_with_the_subject(path, subjects, rng):
    write(path, [*subjects[:3], subject(rng, n_clips=17), *subjects[4:]])
    with pytest.raises(DatasetError, match=r"subject 04: 17 clips"):
        read(path)


def test_another_number_of_channels_is_refused_with_field_and_clip(path, subjects, rng):
    write(path, [subject(rng, n_channels=13), *subjects[1:]])
    with pytest.raises(DatasetError, match=r"subject 01, baseline 1 is float64 \(256, 13\)"):
        read(path)


def test_a_missing_field_is_named(path, subjects):
    without = {key: value for key, value in subjects[0].items() if key != "ScoreValence"}
    write(path, [without] * 23)
    with pytest.raises(DatasetError, match="no field 'ScoreValence'"):
        read(path)


def test_a_missing_rating_is_refused(path, subjects):
    subjects[0]["ScoreValence"] = np.where(np.arange(18) == 3, 0, 3)[:, None]
    write(path, subjects)
    with pytest.raises(DatasetError, match="'ScoreValence' holds"):
        read(path)


def test_a_foreign_file_is_refused(path):
    savemat(path, {"x": 1})
    with pytest.raises(DatasetError, match=r"holds no structure DREAMER\.Data"):
        read(path)


def test_a_truncated_file_is_refused_by_name(path, subjects):
    write(path, subjects)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"DREAMER\.mat"):
        read(path)


def test_samples_that_are_no_numbers_mark_their_frames_and_no_others(path, subjects, rng):
    damaged = subject(rng)
    damaged["EEG"]["stimuli"][4, 0][100:140, CH_NAMES.index("T7")] = np.nan
    write(path, [damaged, *subjects[1:]])
    dataset = Dreamer()
    frames = list(dataset.frames(dataset.sources(path.parent)[0], SPEC))[:36]
    assert [recording.stimulus for recording in frames if recording.faults] == ["clip05"]
    assert all(np.isfinite(recording.values).all() for recording in frames)

"""The simulated SEED and DEAP are files as the originals are."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from sclcm_core.errors import DatasetError
from sclcm_core.simulation import HeadSettings, write_deap, write_seed
from sclcm_core.simulation.deap_files import video_emotion
from sclcm_core.simulation.python2_pickle import python2_pickle
from sclcm_core.simulation.seed_files import CLIP_LABELS, CLIP_SECONDS
from sclcm_core.simulation.sidecar import expected_files
from sclcm_core.simulation.whole_files import Progress


@pytest.fixture(scope="module")
def seed_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    write_seed(folder, n_subjects=2, n_sessions=2, clip_s=1.5)
    return folder


@pytest.fixture(scope="module")
def deap_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deap")
    write_deap(folder, n_subjects=1, video_s=1.0)
    return folder


def test_seed_has_one_file_a_session_named_by_subject_and_date(seed_dir: Path) -> None:
    names = sorted(path.name for path in (seed_dir / "Preprocessed_EEG").glob("*_*.mat"))
    assert names == ["1_20131027.mat", "1_20131103.mat", "2_20131027.mat", "2_20131103.mat"]


def test_seed_holds_fifteen_trials_of_62_channels_one_sample_longer_than_their_seconds(seed_dir: Path) -> None:
    listed = scipy.io.whosmat(seed_dir / "Preprocessed_EEG" / "1_20131027.mat")
    assert [name.split("_")[1] for name, _, _ in listed] == [f"eeg{k}" for k in range(1, 16)]
    assert {(shape, kind) for _, shape, kind in listed} == {((62, 301), "double")}


def test_seed_labels_and_clips_are_those_of_the_original(seed_dir: Path) -> None:
    labels = scipy.io.loadmat(seed_dir / "Preprocessed_EEG" / "label.mat")["label"]
    assert labels.tolist() == [[1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1]] == [list(CLIP_LABELS)]
    assert sum(CLIP_SECONDS) == 3394


@pytest.mark.parametrize("name", ["seed_dir", "deap_dir"])
def test_every_folder_says_that_it_is_simulated(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    data_dirs = [path for path in folder.iterdir() if path.is_dir() and path.name != "metadata_csv"]
    assert data_dirs
    for place in (folder, *data_dirs):
        assert "simulated" in (place / "SIMULATED.txt").read_text()


def test_the_sessions_of_a_subject_share_initials_and_differ_in_signal(seed_dir: Path) -> None:
    one, two = (scipy.io.loadmat(seed_dir / "Preprocessed_EEG" / f"1_{date}.mat") for date in ("20131027", "20131103"))
    keys = [key for key in one if key.endswith("_eeg1")]
    assert keys == [key for key in two if key.endswith("_eeg1")]
    assert not np.array_equal(one[keys[0]], two[keys[0]])


def test_deap_has_both_formats_with_the_same_numbers(deap_dir: Path) -> None:
    content = (deap_dir / "data_preprocessed_python" / "s01.dat").read_bytes()
    python = pickle.load(io.BytesIO(content), encoding="latin1")  # what everybody else does with these files
    matlab = scipy.io.loadmat(deap_dir / "data_preprocessed_matlab" / "s01.mat")
    assert python["data"].shape == (40, 40, 384 + 128) and python["data"].dtype == np.float64
    assert np.array_equal(python["data"], matlab["data"]) and np.array_equal(python["labels"], matlab["labels"])


def test_deap_ratings_lie_between_one_and_nine_and_follow_the_emotion(deap_dir: Path) -> None:
    labels = scipy.io.loadmat(deap_dir / "data_preprocessed_matlab" / "s01.mat")["labels"]
    assert labels.shape == (40, 4) and labels.min() >= 1 and labels.max() <= 9
    emotions = np.array([video_emotion(video) for video in range(40)])
    assert labels[emotions == 2, 0].mean() > labels[emotions == 1, 0].mean() > labels[emotions == 0, 0].mean()


def test_deap_ratings_table_agrees_with_the_labels_by_the_number_of_the_video(deap_dir: Path) -> None:
    rows = np.genfromtxt(deap_dir / "metadata_csv" / "participant_ratings.csv", delimiter=",", skip_header=1)
    labels = scipy.io.loadmat(deap_dir / "data_preprocessed_matlab" / "s01.mat")["labels"]
    assert np.array_equal(rows[np.argsort(rows[:, 2]), 4:8], labels)
    assert not np.array_equal(rows[:, 1], rows[:, 2])


def test_deap_is_free_of_delta_and_referred_to_the_average(deap_dir: Path) -> None:
    eeg = scipy.io.loadmat(deap_dir / "data_preprocessed_matlab" / "s01.mat")["data"][:, :32]
    assert np.abs(eeg.mean(axis=1)).max() < 1e-9
    power = np.square(np.abs(np.fft.rfft(eeg, axis=-1))).mean(axis=(0, 1))
    frequencies = np.fft.rfftfreq(eeg.shape[-1], 1 / 128)
    assert power[(frequencies > 0) & (frequencies < 2)].mean() < 0.05 * power[(frequencies > 5) & (frequencies < 12)].mean()


def zygomaticus(folder: Path, class_effect: float) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviation of each video's third second of rest and of its watching, and the emotion of each."""
    paths = write_deap(folder, n_subjects=1, video_s=1.0, settings=HeadSettings(class_effect=class_effect), matlab=False)
    signals = pickle.loads(paths[0].read_bytes(), encoding="latin1")["data"][:, 34].reshape(40, 4, 128).std(axis=-1)
    return signals[:, 2:], np.array([video_emotion(video) for video in range(40)])


def test_beside_the_eeg_of_deap_the_zygomaticus_shows_what_is_pleasant_while_it_is_watched(tmp_path: Path) -> None:
    found, emotion = zygomaticus(tmp_path / "on", 1.0)
    assert found[emotion == 2, 1].min() > 1.4 * found[emotion == 0, 1].mean() > found[emotion == 2, 0].mean()
    silent, _ = zygomaticus(tmp_path / "off", 0.0)
    assert np.ptp([silent[emotion == k, 1].mean() for k in range(3)]) < 0.1 * silent.mean()


def test_the_same_seed_writes_the_same_signals(tmp_path: Path) -> None:
    first, second = (
        write_seed(tmp_path / name, n_subjects=1, clip_s=1.0, settings=HeadSettings(class_effect=0)) for name in "ab"
    )
    one, two = (scipy.io.loadmat(paths[0]) for paths in (first, second))
    assert all(np.array_equal(one[key], two[key]) for key in one if "_eeg" in key)


def test_progress_is_told_from_the_start_and_trial_by_trial(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_deap(tmp_path / "deap", n_subjects=2, video_s=0.5, matlab=False, progress=lambda *step: told.append(step))
    assert told == [(k, 80) for k in range(81)]
    told.clear()
    write_seed(tmp_path / "seed", n_subjects=1, clip_s=1.0, progress=lambda *step: told.append(step))
    assert told == [(k, 15) for k in range(16)]


class StopError(Exception):
    pass


def stop_at(n_steps: int) -> Progress:
    def progress(done: int, _: int) -> None:
        if done == n_steps:
            raise StopError

    return progress


def test_an_interrupted_seed_holds_whole_files_alone_and_the_same_again_writes_the_others(tmp_path: Path) -> None:
    with pytest.raises(StopError):
        write_seed(tmp_path, n_subjects=2, clip_s=1.0, progress=stop_at(22))
    place = tmp_path / "Preprocessed_EEG"
    assert [path.name for path in place.glob("*_*")] == ["1_20131027.mat"]
    assert expected_files(place) == 2
    first = (place / "1_20131027.mat").stat().st_mtime_ns
    told: list[tuple[int, int]] = []
    write_seed(tmp_path, n_subjects=2, clip_s=1.0, progress=lambda *step: told.append(step))
    assert told[:2] == [(0, 30), (15, 30)] and (place / "1_20131027.mat").stat().st_mtime_ns == first
    whole = write_seed(tmp_path / "whole", n_subjects=2, clip_s=1.0)[1]
    one, two = scipy.io.loadmat(place / "2_20131027.mat"), scipy.io.loadmat(whole)
    assert all(np.array_equal(one[key], two[key]) for key in one if "_eeg" in key)


def test_an_interrupted_deap_holds_whole_files_alone(tmp_path: Path) -> None:
    with pytest.raises(StopError):
        write_deap(tmp_path, n_subjects=2, video_s=0.5, progress=stop_at(60))
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("s*.*") if path.name.startswith("s0")}
    assert found == {"data_preprocessed_python/s01.dat", "data_preprocessed_matlab/s01.mat"}


def test_two_simulations_do_not_mix_in_a_folder(tmp_path: Path) -> None:
    write_deap(tmp_path, n_subjects=1, video_s=0.5, matlab=False)
    with pytest.raises(DatasetError, match="holds another simulation"):
        write_deap(tmp_path, n_subjects=1, video_s=0.5, matlab=False, seed=1)
    write_deap(tmp_path, n_subjects=2, video_s=0.5, matlab=False)  # more people of the same
    assert expected_files(tmp_path / "data_preprocessed_python") == 2


def test_more_sessions_than_seed_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 3 sessions"):
        write_seed(tmp_path, n_sessions=4)


def test_a_python_2_pickle_holds_any_array(rng: np.random.Generator) -> None:
    arrays = {"a": rng.standard_normal((2, 3, 4)), "b": np.zeros((0,))}
    back = pickle.loads(python2_pickle(arrays), encoding="latin1")
    assert all(np.array_equal(back[name], values) for name, values in arrays.items())

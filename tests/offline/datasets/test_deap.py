from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.io import savemat

from offline.datasets import load_windows
from offline.datasets.deap import Deap
from offline.datasets.deap_ratings import read_ratings
from sclcm_core.bands import ALPHA, BETA, DELTA, GAMMA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import DEAP_CHANNELS

N_TIMES = 640
SPEC = FeatureSpec(bands=(ALPHA, BETA), ch_names=("T7", "T8"), sfreq=128.0, hop_s=0.5, n_frames=2)


def content(rng):
    data = rng.standard_normal((40, 40, N_TIMES)) * np.arange(1, 41)[:, None, None]
    labels = np.tile(np.arange(40)[:, None] % 9 + 1.0, (1, 4))
    labels[:, 1] = 10 - labels[:, 0]
    return {"data": data, "labels": labels}


def write_csv(root, labels, subject=1, order=range(40)):
    rows = ["Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity"]
    for trial, video in enumerate(order, start=1):
        rows.append(f"{subject},{trial},{video + 1},{trial}," + ",".join(map(str, labels[video])) + ",")
    (root / "metadata_csv").mkdir(exist_ok=True)
    (root / "metadata_csv" / "participant_ratings.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture
def facts(rng):
    return content(rng)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data_preprocessed_python"
    folder.mkdir()
    (folder / "SIMULATED.txt").touch()
    return folder


@pytest.fixture
def root(tmp_path, folder, facts):
    (folder / "s01.dat").write_bytes(pickle.dumps(facts, protocol=2))
    return tmp_path


def read(root, **options):
    dataset = Deap(**options)
    return list(dataset.read(dataset.sources(root)[0]))


def test_trials_are_videos_with_three_seconds_of_rest(root):
    trials = read(root)
    assert [trial.stimulus for trial in trials] == [f"video{k:02d}" for k in range(1, 41)]
    assert {trial.baseline_s for trial in trials} == {3.0}
    assert np.std(trials[11].recording.samples[:, :32]) == pytest.approx(12, rel=0.05)


def test_channels_stand_in_the_order_of_geneva_and_peripherals_keep_their_names(root):
    spec = read(root)[0].recording.spec
    assert spec.ch_names[:32] == DEAP_CHANNELS
    assert spec.ch_names[32:34] == ("hEOG", "vEOG")
    assert spec.sfreq == 128


def test_labels_are_those_of_the_chosen_dimension_and_convention(root, facts):
    valence = facts["labels"][:, 0]
    assert [trial.label for trial in read(root)] == (valence >= 5).astype(int).tolist()
    assert [trial.label for trial in read(root, convention="above")] == (valence > 5).astype(int).tolist()
    assert [trial.label for trial in read(root, dimension="arousal")] == (10 - valence >= 5).astype(int).tolist()
    dropped = read(root, convention="drop_between", bounds=[2.5, 7.5])
    assert {trial.label for trial in dropped} == {-1, 0, 1}


def test_classes_and_card_tell_dimension_and_convention():
    dataset = Deap(dimension="arousal", convention="above")
    assert dataset.class_names == ("low arousal", "high arousal")
    assert ("convention", "above") in dataset.card().options


def test_both_formats_hold_the_same(root, tmp_path, facts):
    matlab = tmp_path / "data_preprocessed_matlab"
    matlab.mkdir()
    (matlab / "SIMULATED.txt").touch()
    savemat(matlab / "s01.mat", facts)
    for one, other in zip(read(root), read(root, files="matlab"), strict=True):
        assert np.array_equal(one.recording.samples, other.recording.samples)
        assert one.label == other.label


def test_the_files_become_windows_with_baselines(root):
    windows = load_windows("deap", root, SPEC)
    assert windows.class_names == ("low valence", "high valence")
    assert len(windows.baseline_frames[0]) == 120  # the first minute of the rests before the videos, and said to be late
    assert windows.late_rest == {0}
    assert windows.t0[windows.usable].min() >= 3.0


def test_the_delta_band_is_refused_because_the_authors_filtered_it_away(root):
    with pytest.raises(DatasetError, match=r"delta \(1-4 Hz\) is empty in DEAP.*4-45 Hz"):
        load_windows("deap", root, SPEC.model_copy(update={"bands": (DELTA, ALPHA)}))


def test_the_gamma_band_is_cut_short_and_that_is_told(root, caplog):
    load_windows("deap", root, SPEC.model_copy(update={"bands": (GAMMA,)}))
    assert "74 % of the band gamma" in caplog.text


def test_a_missing_rating_is_refused_and_never_made_up(folder, root, facts):
    facts["labels"][7, 0] = np.nan
    (folder / "s01.dat").write_bytes(pickle.dumps(facts))
    with pytest.raises(DatasetError, match="valence of video 8 is nan"):
        read(root)


def test_ratings_that_differ_from_the_questionnaires_are_told(root, facts, caplog):
    stated = facts["labels"].copy()
    stated[[0, 1, 2], 0] = 9 - stated[[0, 1, 2], 0]
    stated[3, 0] += 0.5
    write_csv(root, stated)
    read(root)
    assert "valence differs from participant_ratings.csv in 4 of 40 videos (3 of them stored as 9 - r)" in caplog.text


def test_ratings_may_be_taken_from_the_questionnaires(root, facts):
    write_csv(root, 10 - facts["labels"], order=range(39, -1, -1))
    one, other = read(root), read(root, ratings="participant_ratings")
    assert [trial.label for trial in one] != [trial.label for trial in other]
    assert [trial.label for trial in other] == (10 - facts["labels"][:, 0] >= 5).astype(int).tolist()


def test_equal_ratings_are_not_warned_of(root, facts, caplog):
    write_csv(root, facts["labels"])
    read(root)
    assert "differs" not in caplog.text


def test_the_order_of_presentation_is_read(root, facts):
    order = np.random.default_rng(1).permutation(40)
    write_csv(root, facts["labels"], order=order)
    ratings = read_ratings(root / "metadata_csv" / "participant_ratings.csv")[1]
    assert ratings.presented == tuple(order + 1)
    assert np.array_equal(ratings.values, facts["labels"])


def test_questionnaires_without_all_videos_are_refused(root, facts):
    write_csv(root, facts["labels"], order=range(39))
    with pytest.raises(DatasetError, match="39 ratings of participant 1"):
        read(root)


def test_questionnaires_of_other_columns_are_refused(root):
    (root / "participant_ratings.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="no table of Participant_id"):
        read(root)


def test_questionnaires_that_are_asked_for_and_missing_are_named(root):
    with pytest.raises(DatasetError, match=r"no metadata_csv/participant_ratings\.csv"):
        Deap(ratings="participant_ratings").sources(root)


@pytest.mark.parametrize("shape", [(39, 40, N_TIMES), (40, 32, N_TIMES), (40, 40, 100)])
def test_data_of_another_shape_are_refused(folder, root, facts, shape):
    labels = facts["labels"][: shape[0]]
    (folder / "s01.dat").write_bytes(pickle.dumps({"data": np.ones(shape), "labels": labels}))
    with pytest.raises(Exception, match=r"s01\.dat.*" + str(shape[1])):
        read(root)


def test_real_files_must_have_8064_samples(folder, root):
    (folder / "SIMULATED.txt").unlink()
    with pytest.raises(DatasetError, match=r"\(40, 40, 640\) instead of \(40, 40, 8064\)"):
        read(root)


def test_a_pickle_that_would_run_something_is_refused(folder, root, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    (folder / "s01.dat").write_bytes(pickle.dumps({"data": Bomb(), "labels": 1}))
    with pytest.raises(DatasetError, match=r"s01\.dat' is not a file of DEAP"):
        read(root)
    assert not (tmp_path / "exploded").exists()


def test_a_truncated_file_is_refused(folder, root):
    path = folder / "s01.dat"
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(DatasetError, match=r"s01\.dat' is not a file of DEAP"):
        read(root)


@pytest.mark.parametrize(
    "options",
    [{"dimension": "valenz"}, {"convention": "over"}, {"files": "csv"}, {"ratings": "mine"}, {"bounds": (5, 4)}],
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match=r"valenz|over|csv|mine|rising"):
        Deap(**options)


def test_a_truncated_matlab_file_is_refused_by_name(tmp_path, facts):
    folder = tmp_path / "data_preprocessed_matlab"
    folder.mkdir()
    (folder / "SIMULATED.txt").touch()
    path = folder / "s01.mat"
    savemat(path, facts, do_compression=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"s01\.mat' is not a file of DEAP: it is cut short"):
        read(tmp_path, files="matlab")


def test_samples_that_are_no_numbers_mark_their_frames_and_no_others(folder, root, facts):
    facts["data"][3, 7, 500:600] = np.nan
    (folder / "s01.dat").write_bytes(pickle.dumps(facts, protocol=2))
    dataset = Deap()
    spec = SPEC.model_copy(update={"ch_names": (DEAP_CHANNELS[7], DEAP_CHANNELS[8])})
    frames = list(dataset.frames(dataset.sources(root)[0], spec))
    assert DEAP_CHANNELS[7] in next(iter(frames[3].faults.values()))
    assert not any(recording.faults for k, recording in enumerate(frames) if k != 3)
    assert all(np.isfinite(recording.values).all() for recording in frames)

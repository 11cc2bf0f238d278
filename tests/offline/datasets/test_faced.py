from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from offline.datasets import faced
from offline.datasets.faced import CLIP_EMOTIONS, EMOTIONS, Faced
from offline.datasets.frames import compute_frames
from sclcm_core.bands import ALPHA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

SHAPE = (28, 32, 500)
SPEC = FeatureSpec(bands=(ALPHA,), ch_names=("T7", "T8"), sfreq=250.0, n_frames=2)


@pytest.fixture
def path(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(faced, "_SHAPE", SHAPE)
    (tmp_path / "Processed_data").mkdir()
    path = tmp_path / "Processed_data" / "sub007.pkl"
    path.write_bytes(pickle.dumps(rng.standard_normal(SHAPE) * np.arange(1, 29)[:, None, None]))
    return path


def read(path, **options):
    dataset = Faced(**options)
    return list(dataset.read(dataset.sources(path.parents[1])[0]))


def test_the_clips_are_spread_over_the_emotions_as_published():
    counts = Counter(EMOTIONS[emotion] for emotion in CLIP_EMOTIONS)
    assert counts == {name: 4 if name == "neutral" else 3 for name in EMOTIONS}


def test_clips_are_read_in_order(path):
    trials = read(path)
    assert [trial.stimulus for trial in trials] == [f"clip{k:02d}" for k in range(1, 29)]
    assert np.std(trials[20].recording.samples) == pytest.approx(21, rel=0.05)
    assert (trials[0].subject, trials[0].recording.spec.sfreq) == ("007", 250)


def test_classes_are_valences_or_emotions(path):
    assert Counter(trial.label for trial in read(path)) == {0: 12, 1: 4, 2: 12}
    assert [trial.label for trial in read(path, classes="emotion")] == list(CLIP_EMOTIONS)


def test_channels_on_whose_place_all_readers_agree_can_be_used(path):
    assert compute_frames(read(path)[0], SPEC).values.shape == (3, 1, 2)


def write_neighbours(path, rng, first, second):
    """Two channels that see much the same; the others share nothing."""
    data = rng.standard_normal(SHAPE)
    data[:, second] = data[:, first] + 0.5 * data[:, second]
    path.write_bytes(pickle.dumps(data))


@pytest.mark.parametrize(("pair", "names"), [((16, 17), ("CP1", "CP2")), ((30, 31), ("O1", "O2"))])
def test_the_signal_tells_where_the_mastoids_stand(path, rng, pair, names):
    write_neighbours(path, rng, *pair)
    ch_names = read(path)[0].recording.spec.ch_names
    assert tuple(ch_names[k] for k in pair) == names
    assert len(set(ch_names)) == 32
    assert len(compute_frames(read(path)[0], SPEC.model_copy(update={"ch_names": ("O1", "O2")})).values) == 3


def test_channels_whose_place_is_not_settled_are_refused_until_it_is_said(path, caplog):
    occipital = SPEC.model_copy(update={"ch_names": ("O1", "O2")})
    with pytest.raises(DatasetError, match=r"no channel O1, O2; it has .*CP1\|A1"):
        compute_frames(read(path)[0], occipital)
    assert "say so by the option mastoids" in caplog.text
    for where in ("middle", "last"):
        assert len(compute_frames(read(path, mastoids=where)[0], occipital).values) == 3
    assert read(path, mastoids="middle")[0].recording.spec.ch_names[16:19] == ("A1", "A2", "CP1")
    assert read(path, mastoids="last")[0].recording.spec.ch_names[16] == "CP1"


def test_another_shape_is_refused(path):
    path.write_bytes(pickle.dumps(np.ones((28, 30, 500))))
    with pytest.raises(DatasetError, match=r"float64 \(28, 30, 500\)"):
        read(path)


def test_a_pickle_that_would_run_something_is_refused(path):
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(DatasetError, match=r"sub007\.pkl' is not a file of FACED"):
        read(path)


@pytest.mark.parametrize("options", [{"classes": "all"}, {"mastoids": "first"}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        Faced(**options)


def test_a_truncated_file_is_refused(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"sub007\.pkl' is not a file of FACED"):
        read(path)


def test_samples_that_are_no_numbers_withhold_their_frames(path, rng):
    data = rng.standard_normal(SHAPE)
    data[0, 14, 200:300] = np.nan
    path.write_bytes(pickle.dumps(data))
    frames = compute_frames(read(path)[0], SPEC)
    assert "T7" in next(iter(frames.faults.values()))
    assert not compute_frames(read(path)[1], SPEC).faults

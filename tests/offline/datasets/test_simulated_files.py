from __future__ import annotations

import numpy as np
import pytest

from offline.datasets import find_dataset, load_windows
from sclcm_core.bands import ALPHA, BETA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.simulation.deap_files import N_VIDEOS, video_emotion, write_deap
from sclcm_core.simulation.seed_files import CLIP_LABELS, write_seed

SPEC = FeatureSpec(bands=(ALPHA, BETA), ch_names=("T7", "T8"), sfreq=128.0, hop_s=1.0, n_frames=2)


def test_a_written_seed_is_read_as_one(tmp_path):
    write_seed(tmp_path, n_subjects=1, clip_s=3.0)
    windows = load_windows("seed", tmp_path, SPEC)
    assert windows.dataset.simulated
    labels = [windows.label[windows.stimulus == k][0] for k in range(15)]
    assert [windows.stimulus_names[0], len(windows.stimulus_names)] == ["clip01", 15]
    assert labels == [label + 1 for label in CLIP_LABELS]


@pytest.mark.parametrize("files", ["python", "matlab"])
def test_a_written_deap_is_read_as_one(tmp_path, files):
    write_deap(tmp_path, n_subjects=1, video_s=3.0, matlab=files == "matlab")
    options = {"files": files, "convention": "drop_between", "bounds": [4.0, 6.0]}
    windows = load_windows("deap", tmp_path, SPEC, options=options)
    assert windows.dataset.simulated
    assert len(windows.baseline_frames[0]) == 60
    positive = [f"video{k + 1:02d}" for k in range(N_VIDEOS) if video_emotion(k) == 2]
    of_positive = np.isin([windows.stimulus_names[k] for k in windows.stimulus], positive) & windows.usable
    assert windows.label[of_positive].mean() > 0.9


def test_a_simulation_that_lacks_files_is_said_to(tmp_path, caplog):
    write_seed(tmp_path / "seed", n_subjects=2, clip_s=1.0)[1].unlink()
    find_dataset("seed").sources(tmp_path / "seed")
    assert "holds 1 of the 2 files that were to be simulated; the same 'sclcm-offline simulate' again" in caplog.text
    caplog.clear()
    write_deap(tmp_path / "deap", n_subjects=1, video_s=1.0, matlab=False)[0].unlink()
    with pytest.raises(DatasetError, match="holds no files like s01"):
        find_dataset("deap").sources(tmp_path / "deap")
    assert "holds 0 of the 1 files" in caplog.text

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from offline.datasets import prepare
from sclcm_core.errors import DatasetError

OPTIONS = {"n_subjects": 2, "n_stimuli": 3, "trial_s": 3.0, "rest_s": 3.0}
CONFIG = """
name = "on-a-cluster"
title = "On a cluster"

[dataset]
name = "simulated"
options = { n_subjects = 2, n_stimuli = 3, trial_s = 3.0, rest_s = 3.0 }

[features]
ch_names = ["T7", "T8"]
sfreq = 250.0
hop_s = 0.5
n_frames = 2
"""


def test_a_scheduler_without_its_engine_is_refused(spec, tmp_path):
    with pytest.raises(DatasetError, match=r"belongs to the engine 'dask'.*Say --engine dask"):
        prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, scheduler="tcp://127.0.0.1:8786")


def test_an_engine_that_is_not_installed_is_named(spec, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DatasetError, match="pip install"):
        prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, backend="dask")


@pytest.mark.slow
def test_the_workers_of_a_dask_cluster_give_the_frames_that_this_process_gives(tmp_path):
    pytest.importorskip("distributed", reason="dask[distributed] is not installed")
    (tmp_path / "run.toml").write_text(CONFIG)
    for name, extra in (("here", []), ("cluster", ["--engine", "dask", "--jobs", "2"])):
        command = [sys.executable, "-m", "offline.cli", "prepare", str(tmp_path / "run.toml")]
        done = subprocess.run(
            [*command, "--run-dir", str(tmp_path / name / "run"), *extra],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    here, there = (sorted((tmp_path / name / "frames").rglob("frames.npy")) for name in ("here", "cluster"))
    assert len(here) == len(there) == 2
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(np.load(one), np.load(other))

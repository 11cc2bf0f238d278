import pickle

import numpy as np
import pytest

from offline.datasets.deap import Deap
from offline.finetune.caption_source import deap_ratings
from sclcm_core.errors import ConfigError
from sclcm_core.simulation import write_deap


def test_ratings_are_those_of_the_files_trial_after_trial_and_read_once(make_config, tmp_path, monkeypatch):
    paths = write_deap(tmp_path, n_subjects=2, video_s=1.0, matlab=False)
    config = make_config(dataset={"name": "deap", "root": str(tmp_path)})
    stored = [pickle.loads(path.read_bytes(), encoding="latin1")["labels"] for path in paths]
    np.testing.assert_array_equal(deap_ratings(config), np.concatenate(stored))
    monkeypatch.setattr(Deap, "stated_ratings", None)  # a second reading would fail
    assert deap_ratings(config).shape == (80, 4)


def test_a_data_set_without_ratings_is_refused(make_config):
    with pytest.raises(ConfigError, match="captions = 'labels'"):
        deap_ratings(make_config(dataset={"name": "simulated"}))

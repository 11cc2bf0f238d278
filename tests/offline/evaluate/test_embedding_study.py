import numpy as np
import pytest

from offline.datasets.splits import make_folds
from offline.evaluate.clustering import CLUSTER_TABLE
from offline.evaluate.embedding_study import PROBE_TABLE, embedding_notes, embedding_rows, study_embedding
from sclcm_core.errors import ConfigError

PRETRAIN = {"method": "sclcm", "epochs": 3, "n_groups": 4, "n_items": 4, "augmentations": ["add_noise"]}


def test_the_untrained_and_the_pretrained_encoder_stand_side_by_side(make_config, make_windows):
    windows = make_windows(effect=2.0)
    found = study_embedding(make_config(pretrain=PRETRAIN), windows)
    assert [figures.name for figures in found] == ["untrained", "sclcm"]
    assert found[1].linear > 0.8
    probes, clusters = embedding_rows(found)
    assert {len(row) for row in probes} == {len(PROBE_TABLE)}
    assert {len(row) for row in clusters} == {len(CLUSTER_TABLE)}
    assert "not for reporting" in embedding_notes(make_config(pretrain=PRETRAIN), windows)[0]


def test_the_test_people_are_not_looked_at(make_config, make_windows):
    config = make_config(pretrain=PRETRAIN)
    windows = make_windows()
    before = study_embedding(config, windows)

    fold = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)[0]
    windows.features[fold.test] = np.nan
    assert embedding_rows(study_embedding(config, windows)) == embedding_rows(before)


def test_a_config_without_pretraining_has_no_embedding_to_study(make_config, make_windows):
    with pytest.raises(ConfigError, match="does not pretrain"):
        study_embedding(make_config(), make_windows())

import numpy as np
import pytest
import torch

from offline.config import PretrainConfig
from offline.pretrain import view_losses
from offline.pretrain.contrast import Contrast
from offline.pretrain.methods import find_method
from offline.pretrain.views import AUGMENTATIONS
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError


@pytest.fixture
def sides(windows):
    train, validation = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, train)
    return [normalised(windows, part, "population", population) for part in (train, validation)]


def task_for(method, config, sides, **changes):
    settings = PretrainConfig(method=method, epochs=8, n_groups=4, n_items=4, augmentations=("add_noise",), **changes)
    encoder = build_encoder(config, Seed(1))
    loss = getattr(view_losses, method)
    return Contrast(encoder, settings, loss, *sides, span_s=config.features.span_s, seed=Seed(1)), settings


@pytest.mark.parametrize("method", ("basic", "clocs", "sclcm"))
def test_every_method_lowers_its_loss_on_people_it_was_not_trained_on(method, config, sides):
    task, settings = task_for(method, config, sides)
    before = task.validate().score
    history = Trainer(task, settings, Seed(2)).fit()
    assert history.best_score > before
    assert history.rows[-1]["collapsed"] == 0


def test_validation_looks_at_the_same_views_each_time(config, sides):
    task, _ = task_for("sclcm", config, sides)
    task.network.eval()
    with torch.no_grad():
        assert task.validate() == task.validate()


def test_labels_are_not_looked_at(config, sides):
    blind = [side.select(np.arange(len(side))) for side in sides]
    for side in blind:
        side.label[:] = 0
    tasks = [task_for("sclcm", config, these)[0] for these in (sides, blind)]
    for task in tasks:
        task.network.eval()  # no dropout
    losses = [float(t.loss(np.arange(32), torch.Generator().manual_seed(0)).detach()) for t in tasks]
    assert losses[0] == losses[1]


def test_the_original_has_no_projector_and_groups_by_stimulus(config, sides):
    task, _ = task_for("sclcm", config, sides, n_projection=0, groups_by="stimulus", count="pairs")
    assert not list(task.network["projector"].parameters())
    assert task.trivial_loss() == pytest.approx(0.5, abs=0.3)


def test_config_and_code_know_the_same_augmentations():
    from typing import get_args

    from offline.pretrain.names import AugmentationName

    assert set(get_args(AugmentationName)) == set(AUGMENTATIONS)


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'sclcm'"):
        find_method("sclm")

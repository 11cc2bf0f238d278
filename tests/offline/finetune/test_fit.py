import numpy as np
import pytest
import torch

from offline.finetune.classify import Classify, network_outputs
from offline.finetune.fit import FitData, fit_ensemble, fit_member
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_classifier, build_encoder


@pytest.fixture
def data(windows, config):
    train, validation = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, train)
    parts = [tuple(normalised(windows, part, line, population) for line in config.lines) for part in (train, validation)]
    return FitData(parts[0], parts[0], parts[1], n_classes=2)


def flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_finetuning_learns_what_classes_do_to_features(config, data):
    fit = fit_ensemble(config, data, Seed(0))
    assert fit.histories[0].best_score > 0.9
    assert 1 <= fit.epochs[0].finetune <= 3
    assert fit.epochs[0].pretrain == 0
    assert fit.pretrained is None
    assert network_outputs(fit.ensemble, data.validation[0].features).shape == (48, 2)


def test_the_same_seed_gives_the_same_network_and_members_differ(config, make_config, data):
    a, b = (fit_ensemble(config, data, Seed(0)).ensemble for _ in range(2))
    assert torch.equal(flat(a), flat(b))
    two = fit_ensemble(make_config(finetune={"epochs": 1, "n_members": 2}), data, Seed(0)).ensemble
    assert not torch.equal(flat(two.members[0]), flat(two.members[1]))


def test_a_final_fit_repeats_a_number_of_epochs_without_validation(config, data):
    blind = FitData(data.train, data.train, (), 2)
    _, history = fit_member(config, blind, build_encoder(config, Seed(0)), Seed(0), stop_after=2)
    assert len(history.rows) == history.best_epoch == 2


def test_a_probe_leaves_the_encoder_as_it_was(make_config, data):
    config = make_config(finetune={"mode": "probe", "epochs": 2})
    encoder = build_encoder(config, Seed(0))
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    network, _ = fit_member(config, data, encoder, Seed(0))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.encoder.state_dict().items())


def test_encoder_and_head_learn_at_their_own_rates(make_config, data):
    config = make_config(finetune={"head_lr": 1e-2, "encoder_lr": 1e-4})
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0))
    groups = Classify(network, config.finetune, data.train[0], ()).parameter_groups()
    assert [group["lr"] for group in groups] == [1e-2, 1e-4]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_rare_classes_weigh_more(config, data):
    rare = data.train[0].select(np.flatnonzero((data.train[0].label == 0) | (data.train[0].window % 4 == 0)))
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0))
    task = Classify(network, config.finetune, rare, ())
    counts = np.bincount(rare.label)
    assert task._class_weights[1] / task._class_weights[0] == pytest.approx(counts[0] / counts[1])


def test_pretraining_comes_first_where_the_config_asks_for_it(make_config, data):
    pretrain = {"epochs": 2, "n_groups": 4, "n_items": 3, "augmentations": ["add_noise", "mix_windows"]}
    fit = fit_ensemble(make_config(pretrain=pretrain), data, Seed(0))
    assert fit.epochs[0].pretrain >= 1
    assert not torch.equal(flat(fit.pretrained), flat(fit.ensemble.members[0].encoder))


def test_a_trainer_restores_what_validated_best(config, data):
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0))
    task = Classify(network, config.finetune, data.train[0], data.validation)
    history = Trainer(task, config.finetune, Seed(0)).fit()
    assert task.validate().score == pytest.approx(history.best_score)


def test_training_stops_by_the_figure_that_the_config_names(make_config, data):
    config = make_config(finetune={"epochs": 4, "batch_size": 32, "stop_by": "loss"})
    network = build_classifier(config, build_encoder(config, Seed(0)), 2, Seed(0))
    task = Classify(network, config.finetune, data.train[0], data.validation)
    history = Trainer(task, config.finetune, Seed(0)).fit()
    losses = [row["validation_loss"] for row in history.rows]
    assert history.best_epoch == 1 + losses.index(min(losses))
    assert task.validate().score == pytest.approx(-min(losses))
    logits = [torch.from_numpy(network_outputs(network, inputs.features)) for inputs in data.validation]
    labels = [torch.from_numpy(inputs.label) for inputs in data.validation]
    means = [float(torch.nn.functional.cross_entropy(*pair)) for pair in zip(logits, labels, strict=True)]
    assert min(losses) == pytest.approx(sum(means) / len(means), abs=1e-5)

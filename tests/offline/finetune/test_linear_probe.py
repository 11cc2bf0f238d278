import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from offline.finetune.classify import network_outputs
from offline.finetune.fit import FitData, fit_member
from offline.finetune.linear_probe import USUAL_STRENGTH, fit_probe, new_classifier
from offline.pretrain.method import Setting
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.inference.predictor import softmax


@pytest.fixture
def data(windows, config):
    train, validation = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, train)
    sides = [(normalised(windows, part, config.lines[0], population),) for part in (train, validation)]
    return FitData(sides[0], sides[0], sides[1], n_classes=2)


@pytest.fixture
def probed(make_config):
    return make_config(finetune={"start": "probe", "epochs": 2, "batch_size": 32}, head={"n_hidden": 0})


def classifier(config, data, n_classes=2):
    encoder = build_encoder(config, Seed(0)).eval()
    return new_classifier(Setting(config, encoder, data.train[0], data.labelled[0], data.validation, n_classes, Seed(0))).eval()


def test_a_probe_says_what_scikit_learn_says_of_standardised_embeddings(config, data):
    encoder, train = build_encoder(config, Seed(0)).eval(), data.train[0]
    points = network_outputs(encoder, train.features)
    scaled = StandardScaler().fit_transform(points)
    model = LogisticRegression(C=USUAL_STRENGTH, class_weight="balanced", max_iter=300).fit(scaled, train.label)
    found = fit_probe(encoder, train, (), 2).probabilities(points)
    np.testing.assert_allclose(found, model.predict_proba(scaled), atol=1e-5)


def test_a_class_without_a_window_is_never_told(config, data):
    encoder = build_encoder(config, Seed(0)).eval()
    probe = fit_probe(encoder, data.train[0], (), 4)
    assert probe.probabilities(network_outputs(encoder, data.validation[0].features))[:, 2:].max() < 1e-6


def test_a_classifier_that_starts_as_a_probe_answers_as_the_probe_does(probed, config, data):
    network = classifier(probed, data)
    probe = fit_probe(network.encoder, data.labelled[0], data.validation, 2)
    features = data.validation[0].features
    expected = probe.probabilities(network_outputs(network.encoder, features))
    np.testing.assert_allclose(softmax(network_outputs(network, features)), expected, atol=1e-5)
    new = classifier(config, data)
    assert not np.allclose(softmax(network_outputs(new, features)), expected, atol=1e-2)


def test_what_training_does_not_improve_is_kept_as_it_started(make_config, data):
    harmful = {"start": "probe", "epochs": 2, "batch_size": 32, "encoder_lr": 1e-9, "head_lr": 50.0, "stop_by": "loss"}
    config = make_config(finetune=harmful, head={"n_hidden": 0})
    features = data.validation[0].features
    before = network_outputs(classifier(config, data), features)
    network, history = fit_member(config, data, build_encoder(config, Seed(0)).eval(), Seed(0))
    assert history.best_epoch == 0
    assert history.best["validation_loss"] == -history.best_score < history.rows[0]["validation_loss"]
    np.testing.assert_allclose(network_outputs(network, features), before, atol=1e-5)


def test_a_final_fit_of_no_epochs_is_the_probe(probed, data):
    blind = FitData(data.train, data.train, (), 2)
    encoder = build_encoder(probed, Seed(0)).eval()
    probe = fit_probe(encoder, data.train[0], (), 2)
    network, history = fit_member(probed, blind, encoder, Seed(0), stop_after=0)
    assert (history.rows, history.best_epoch) == ([], 0)
    points = network_outputs(encoder, data.validation[0].features)
    found = softmax(network_outputs(network, data.validation[0].features))
    np.testing.assert_allclose(found, probe.probabilities(points), atol=1e-5)


def test_a_hidden_layer_cannot_start_as_a_probe(make_config):
    with pytest.raises(ValueError, match=r"finetune.start = 'probe' needs head.n_hidden = 0"):
        make_config(finetune={"start": "probe"}, head={"n_hidden": 8})

import numpy as np
import pytest

from offline.evaluate.probes import LINEAR, NEIGHBOURS, fit_linear_probe, fit_neighbours
from offline.evaluate.run_fold import run_fold
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder


@pytest.fixture
def sides(windows):
    parts = [np.flatnonzero(np.isin(windows.subject, s)) for s in ((0, 1, 2), (3,), (4, 5))]
    population = population_normaliser(windows, parts[0])
    return [normalised(windows, part, "population", population) for part in parts]


def test_probes_read_the_class_from_frozen_embeddings(sides, config):
    encoder = build_encoder(config, Seed(0)).eval()
    before = [p.detach().clone() for p in encoder.parameters()]
    for answer in (fit_linear_probe(encoder, sides[0], sides[1], 2), fit_neighbours(encoder, sides[0], 2)):
        probabilities = answer(sides[2])
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert np.mean(probabilities.argmax(axis=1) == sides[2].label) > 0.85
    assert all(np.array_equal(a, b.detach()) for a, b in zip(before, encoder.parameters(), strict=True))


def test_the_votes_of_a_frequent_class_count_no_more(sides, config):
    encoder = build_encoder(config, Seed(0)).eval()
    rare = sides[0].select(np.flatnonzero((sides[0].label == 0) | (sides[0].window % 6 == 0)))
    answer = fit_neighbours(encoder, rare, 2, k=len(rare))
    np.testing.assert_allclose(answer(sides[2]), 0.5, atol=1e-6)


def test_a_pretrained_encoder_is_probed_in_every_fold(windows, make_config):
    from offline.datasets.splits import grouped_folds

    pretrain = {"epochs": 1, "n_groups": 4, "n_items": 3, "augmentations": ["add_noise"]}
    config = make_config(pretrain=pretrain, finetune={"epochs": 1}, quantize={"enabled": False})
    result = run_fold(config, windows, grouped_folds(windows, 2, seed=0, n_validation_subjects=1)[0])
    assert {(LINEAR, "personal"), (NEIGHBOURS, "population")} <= set(result.reading.probabilities)

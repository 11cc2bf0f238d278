"""Few labels do not make a short training."""

import numpy as np
import pytest

from offline.finetune.budget import Repeated, lasting
from offline.finetune.fit import FitData, fit_member
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder

FINETUNE = {"epochs": 4, "batch_size": 16, "patience": 4}


@pytest.fixture
def sides(windows):
    parts = np.flatnonzero(windows.subject < 4), np.flatnonzero(windows.subject >= 4)
    population = population_normaliser(windows, parts[0])
    return [normalised(windows, part, "population", population) for part in parts]


def few_of(train):
    return train.select(np.arange(0, len(train), 4))  # a quarter


def task_for(config, sides, labelled):
    setting = Setting(config, build_encoder(config, Seed(1)), sides[0], labelled, (sides[1],), 2, Seed(2))
    return find_method(config.finetune.method, "finetune").build()(setting)


def drawn(task):
    return np.concatenate(list(task.batches(np.random.default_rng(1))))


@pytest.mark.parametrize("method", ["ce", "triplet", "mrccl_joint"])
def test_an_epoch_on_few_labels_draws_as_many_windows_as_training_has(make_config, sides, method):
    config = make_config(finetune={**FINETUNE, "method": method})
    few = few_of(sides[0])
    short = task_for(config, sides, few)
    long = lasting(short, len(sides[0]))
    assert len(drawn(short)) <= 2 * len(few) < len(sides[0])  # triplets fill up the smaller class
    assert 0.7 * len(sides[0]) < len(drawn(long)) <= len(sides[0])
    assert long.n_batches == len(list(long.batches(np.random.default_rng(0))))


def test_each_pass_over_few_windows_has_an_order_of_its_own(make_config, sides):
    few = few_of(sides[0])
    order = drawn(Repeated(task_for(make_config(finetune=FINETUNE), sides, few), 2))
    assert sorted(order[: len(order) // 2]) != order[: len(order) // 2].tolist() != order[len(order) // 2 :].tolist()


def test_with_all_labels_nothing_changes(make_config, sides):
    task = task_for(make_config(finetune=FINETUNE), sides, sides[0])
    assert lasting(task, len(sides[0])) is task


def test_methods_that_draw_unlabelled_windows_too_are_not_lengthened(make_config, sides):
    config = make_config(
        finetune={**FINETUNE, "method": "sicleer_joint"}, encoder={"kind": "tcn", "n_embedding": 16}, head={"kind": "steps"}
    )
    task = task_for(config, sides, few_of(sides[0]))
    assert lasting(task, len(sides[0])) is task


def test_runs_and_rounds_of_self_training_last_as_long(make_config, sides, monkeypatch):
    steps = []
    step = Trainer._step
    monkeypatch.setattr(Trainer, "_step", lambda self, *rest: steps.append(1) or step(self, *rest))
    few = few_of(sides[0])
    counts = {}
    for method, labelled in (("ce", sides[0]), ("ce", few), ("selftrain", few)):
        config = make_config(finetune={**FINETUNE, "method": method, "options": {}})
        data = FitData((sides[0],), (labelled,), (sides[1],), 2)
        steps.clear()
        fit_member(config, data, build_encoder(config, Seed(1)), Seed(2))
        counts[method, len(labelled)] = len(steps)
    all_labels, few_labels = counts["ce", len(sides[0])], counts["ce", len(few)]
    assert 0.7 * all_labels < few_labels <= all_labels
    assert counts["selftrain", len(few)] >= 2 * few_labels * 0.7  # a round to label by, and the last training

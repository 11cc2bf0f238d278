"""The segment next to a window, and CLOCS, which contrasts it."""

import numpy as np
import pytest
import torch

from offline.pretrain.adjacent import adjacent_windows
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.seeds import Seed
from offline.training.inputs import normalised, population_normaliser
from offline.training.networks import build_encoder


def test_the_next_segment_follows_without_an_overlap_or_comes_before_at_the_end():
    recording = np.array([1, 1, 1, 1, 2])
    t0 = np.array([0.0, 2.0, 4.0, 6.0, 0.0])
    assert adjacent_windows(recording, t0, 4.0).tolist() == [2, 3, 0, 1, 4]


def test_the_order_of_the_windows_does_not_matter():
    rng = np.random.default_rng(0)
    recording, t0 = rng.integers(0, 3, 40), np.round(rng.uniform(0, 30, 40), 1)
    order = rng.permutation(40)
    straight, mixed = adjacent_windows(recording, t0, 5.0), adjacent_windows(recording[order], t0[order], 5.0)
    np.testing.assert_array_equal(t0[straight][order], t0[order][mixed])
    apart = np.abs(t0[straight] - t0) >= 5.0
    assert (apart | (straight == np.arange(40))).all() and apart.sum() > 30
    assert (recording[straight] == recording).all()


@pytest.fixture
def task_of(make_config, windows):
    population = population_normaliser(windows, np.arange(len(windows)))
    train = normalised(windows, np.arange(len(windows)), "population", population)

    def make(**options):
        config = make_config(pretrain={"method": "clocs", "augmentations": [], "options": options})
        return find_method("clocs").build()(Setting(config, build_encoder(config, Seed(1)), train, None, (), 0, Seed(2))), train

    return make


def test_a_batch_holds_one_window_of_a_recording_beside_its_neighbour(task_of):
    task, train = task_of(views="adjacent")
    seen = []
    for batch in task.batches(np.random.default_rng(0)):
        assert len(set(train.recording[batch])) == len(batch)
        seen += batch.tolist()
    assert sorted(seen) == list(range(len(train)))
    again = task._train.again[torch.from_numpy(batch)].numpy()
    assert (train.recording[again] == train.recording[batch]).all() and (again != batch).all()


def test_views_of_the_window_itself_can_be_chosen(task_of):
    task, train = task_of()
    assert task._train.again.tolist() == list(range(len(train)))


def test_kin_are_a_persons_windows_or_a_recordings(task_of):
    by_recording, train = task_of()
    by_person, _ = task_of(kin="subject")
    batch = next(by_person.batches(np.random.default_rng(0)))
    losses = []
    for task in (by_person, by_recording):
        task.network.eval()
        with torch.no_grad():
            losses.append(float(task.loss(batch, torch.Generator().manual_seed(0))))
    assert len(set(train.subject[batch])) < len(batch) and losses[0] != losses[1]

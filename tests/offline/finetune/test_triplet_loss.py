"""The triplet loss: test vectors, slow twin of the mining, laws."""

import numpy as np
import pytest
import torch

from offline.finetune.triplet_loss import Kin, mine, positives, squared_distances, triplet_costs, triplet_loss

ROWS, COLUMNS = np.meshgrid(np.arange(4), np.arange(4), indexing="ij")


def unit(x):
    return torch.tensor(x / np.linalg.norm(x, axis=1, keepdims=True))


def batch(n=24, n_classes=3, n_subjects=4, seed=0):
    rng = np.random.default_rng(seed)
    label, subject = rng.integers(n_classes, size=n), rng.integers(n_subjects, size=n)
    trial = subject * 100 + label * 10 + rng.integers(2, size=n)
    return torch.tensor(rng.normal(size=(n, 6))), Kin(*(torch.tensor(x) for x in (label, subject, trial)))


@pytest.mark.parametrize(("margin", "expected"), [(1.0, 0.976959749914), (0.2, 0.376959749914)])
def test_the_costs_give_the_published_values(margin, expected):
    u, w = unit(np.sin(1 + 0.7 * ROWS + 1.3 * COLUMNS)), unit(np.cos(0.3 + 0.9 * ROWS + 0.4 * COLUMNS))
    to_positive, to_negative = ((u - w) ** 2).sum(1), ((u - u.roll(1, 0)) ** 2).sum(1)
    assert float(triplet_costs(to_positive, to_negative, margin=margin).mean()) == pytest.approx(expected, abs=1e-9)


def test_distances_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="two rows of n"):
        triplet_costs(torch.zeros(4, 4), torch.zeros(4))


def test_squared_distances_are_those_of_unit_vectors():
    x, _ = batch()
    directions = x / x.norm(dim=1, keepdim=True)
    assert torch.allclose(squared_distances(x), torch.cdist(directions, directions) ** 2, atol=1e-12)


def test_positives_are_of_the_same_class_another_trial_and_another_person_where_there_is_one():
    _, kin = batch()
    for i, row in enumerate(positives(kin)):
        alike = (kin.label == kin.label[i]) & (kin.trial != kin.trial[i])
        others = alike & (kin.subject != kin.subject[i])
        assert torch.equal(row, others if others.any() else alike)


def test_the_same_person_serves_where_nobody_else_has_the_class():
    kin = Kin(torch.tensor([0, 0, 1]), torch.tensor([5, 5, 6]), torch.tensor([1, 2, 3]))
    assert positives(kin).tolist() == [[False, True, False], [True, False, False], [False, False, False]]


def test_the_same_trial_serves_where_the_class_has_no_other():
    kin = Kin(torch.tensor([0, 0, 1, 1]), torch.tensor([5, 5, 6, 7]), torch.tensor([1, 1, 3, 4]))
    assert positives(kin).nonzero().tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]


def slow_semi_hard(d, kin, margin):
    chosen = []
    marks = positives(kin)
    for a in range(len(d)):
        for p in range(len(d)):
            negatives = [k for k in range(len(d)) if kin.label[k] != kin.label[a]]
            if not marks[a, p] or not negatives:
                continue
            semi = [k for k in negatives if d[a, p] < d[a, k] < d[a, p] + margin]
            chosen.append((a, p, min(semi or negatives, key=lambda k: float(d[a, k]))))
    return chosen


def test_semi_hard_mining_equals_its_slow_twin():
    x, kin = batch()
    d = squared_distances(x)
    fast = [tuple(t) for t in torch.stack(mine(d, kin, margin=0.3), 1).tolist()]
    assert fast == slow_semi_hard(d, kin, 0.3)
    assert len(fast) > 20


@pytest.mark.parametrize("margin", [0.3, 1.0])
def test_the_loss_is_the_mean_of_what_its_slow_twin_mines_and_finds_too_near(margin):
    x, kin = batch()
    d = [[float(((a / a.norm() - b / b.norm()) ** 2).sum()) for b in x] for a in x]
    mined = slow_semi_hard(squared_distances(x), kin, margin)
    costs = [max(0.0, d[a][p] - d[a][n] + margin) for a, p, n in mined]
    too_near = [cost for cost in costs if cost > 0]
    found = triplet_loss(x, kin, margin=margin)
    assert float(found.loss) == pytest.approx(sum(too_near) / len(too_near), abs=1e-12)
    assert found.active == pytest.approx(len(too_near) / len(costs))


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative():
    x, kin = batch()
    d, marks = squared_distances(x), positives(kin)
    for a, p, n in torch.stack(mine(d, kin, mining="batch_hard"), 1).tolist():
        assert d[a, p] == d[a][marks[a]].max()
        assert d[a, n] == d[a][kin.label != kin.label[a]].min()


def test_random_mining_keeps_the_rules_and_repeats_with_its_seed():
    x, kin = batch()
    draws = [
        torch.stack(mine(squared_distances(x), kin, mining="random", generator=torch.Generator().manual_seed(s)))
        for s in (1, 1, 2)
    ]
    anchor, positive, negative = draws[0]
    assert positives(kin)[anchor, positive].all() and (kin.label[anchor] != kin.label[negative]).all()
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("mining", ["semi_hard", "batch_hard"])
def test_the_loss_depends_neither_on_order_nor_on_scale(mining):
    x, kin = batch()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    turned = Kin(kin.label[order], kin.subject[order], kin.trial[order])
    whole = triplet_loss(x, kin, mining=mining)
    assert float(triplet_loss(3.0 * x[order], turned, mining=mining).loss) == pytest.approx(float(whole.loss), abs=1e-12)
    assert 0 < whole.active <= 1


def test_a_step_along_the_gradient_separates_the_classes():
    x, kin = batch()
    x = x.requires_grad_(True)
    same = kin.label[:, None] == kin.label[None, :]
    before = squared_distances(x).detach()
    for _ in range(30):
        (gradient,) = torch.autograd.grad(triplet_loss(x, kin).loss, x)
        x = (x - 0.5 * gradient).detach().requires_grad_(True)
    after = squared_distances(x).detach()
    assert (after[~same].mean() - after[same].mean()) > (before[~same].mean() - before[same].mean()) + 0.3


def test_a_batch_of_one_class_costs_nothing_and_moves_nothing():
    x, kin = batch(n_classes=1)
    x = x.requires_grad_(True)
    found = triplet_loss(x, kin)
    found.loss.backward()
    assert float(found.loss.detach()) == 0 and found.active == 0 and not x.grad.any()


def test_the_soft_form_has_no_dead_triplets():
    x, kin = batch()
    assert triplet_loss(x, kin, soft=True).active == 1.0

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.pretrain.crops import draw_crops, whole
from offline.pretrain.one_per_trial import OnePerTrial
from offline.pretrain.temporal_contrast import hierarchical_loss, instance_loss, temporal_loss


def slow_cross_entropy(partner, others):
    return -(partner - math.log(sum(math.exp(other) for other in others)))


def slow_instance(a, b):
    costs = []
    for one, other in ((a, b), (b, a)):
        for t in range(a.shape[1]):
            for i in range(len(a)):
                others = [float(one[i, t] @ other[j, t]) for j in range(len(a))]
                others += [float(one[i, t] @ one[j, t]) for j in range(len(a)) if j != i]
                costs.append(slow_cross_entropy(float(one[i, t] @ other[i, t]), others))
    return float(np.mean(costs))


def slow_temporal(a, b):
    costs = []
    for one, other in ((a, b), (b, a)):
        for i in range(len(a)):
            for t in range(a.shape[1]):
                others = [float(one[i, t] @ other[i, s]) for s in range(a.shape[1])]
                others += [float(one[i, t] @ one[i, s]) for s in range(a.shape[1]) if s != t]
                costs.append(slow_cross_entropy(float(one[i, t] @ other[i, t]), others))
    return float(np.mean(costs))


def slow_hierarchy(a, b, alpha, unit):
    costs = []
    while True:
        cost = alpha * slow_instance(a, b)
        if a.shape[1] == 1:
            return float(np.mean([*costs, cost]))
        costs.append(cost + ((1 - alpha) * slow_temporal(a, b) if len(costs) >= unit else 0.0))
        half = a.shape[1] // 2
        a, b = (np.maximum(x[:, 0 : 2 * half : 2], x[:, 1 : 2 * half : 2]) for x in (a, b))


@pytest.fixture
def views():
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (2, 4, 6, 3))


def test_the_losses_are_their_formulas_written_as_loops(views):
    a, b = torch.from_numpy(views)
    assert float(instance_loss(a, b)) == pytest.approx(slow_instance(*views), abs=1e-9)
    assert float(temporal_loss(a, b)) == pytest.approx(slow_temporal(*views), abs=1e-9)


@pytest.mark.parametrize(("alpha", "unit"), [(0.5, 0), (0.3, 1), (1.0, 2), (0.0, 0)])
def test_the_hierarchy_is_its_formula_written_as_loops(views, alpha, unit):
    ours = float(hierarchical_loss(*torch.from_numpy(views), alpha=alpha, temporal_unit=unit))
    assert ours == pytest.approx(slow_hierarchy(*views, alpha, unit), abs=1e-9)


def test_the_order_of_the_windows_does_not_matter(views):
    a, b = torch.from_numpy(views)
    order = torch.tensor([2, 0, 3, 1])
    assert float(hierarchical_loss(a[order], b[order])) == pytest.approx(float(hierarchical_loss(a, b)), abs=1e-12)


def test_the_cosine_form_does_not_see_the_scale(views):
    a, b = torch.from_numpy(views)
    scaled = hierarchical_loss(7 * a, 7 * b, similarity="cos")
    assert float(scaled) == pytest.approx(float(hierarchical_loss(a, b, similarity="cos")), abs=1e-9)


def test_views_that_agree_cost_less_than_shuffled_ones_and_the_gradient_draws_them_together(views):
    a, b = torch.from_numpy(views).requires_grad_()
    near = a + 0.1 * b
    assert hierarchical_loss(a, near) < hierarchical_loss(a, near[torch.tensor([1, 2, 3, 0])])
    x = torch.eye(4, dtype=torch.float64)[:, None, :3].repeat(1, 2, 1).requires_grad_()
    y = x.detach().clone() * 0.5
    hierarchical_loss(x, y, alpha=1.0).backward()
    pulled = -(x.grad * y).sum(dim=-1)
    assert (pulled[:3] > 0).all()


def test_one_window_has_no_contrast_between_windows_and_one_step_none_between_moments(views):
    a, b = torch.from_numpy(views)
    assert instance_loss(a[:1], b[:1]) == 0
    assert temporal_loss(a[:, :1], b[:, :1]) == 0


@settings(deadline=None, max_examples=60)
@given(n_steps=st.integers(2, 40), grid=st.sampled_from([1, 2, 4]), seed=st.integers(0, 999))
def test_the_overlap_of_two_crops_holds_the_same_steps_whatever_the_shift(n_steps, grid, seed):
    n_steps *= grid
    if n_steps // grid < 2:
        return
    crops = draw_crops(5, n_steps, np.random.default_rng(seed), grid=grid)
    moment = torch.arange(n_steps, dtype=torch.float32).expand(5, -1)[..., None]
    first, second = crops.first(moment), crops.second(moment)
    assert crops.n_shared >= 2 * grid
    torch.testing.assert_close(first[:, -crops.n_shared :], second[:, : crops.n_shared], atol=0, rtol=0)
    for edge in (crops.left, crops.right, crops.outer_left, crops.outer_right, *crops.shift.tolist()):
        assert edge % grid == 0


def test_crops_reach_every_step_and_differ_from_window_to_window():
    rng = np.random.default_rng(0)
    seen = torch.zeros(20)
    shifts = set()
    for _ in range(300):
        crops = draw_crops(4, 20, rng)
        shifts.add(len(set(crops.shift.tolist())))
        for piece in (crops.first, crops.second):
            seen[piece(torch.arange(20).expand(4, -1)[..., None]).flatten()] += 1
    assert (seen > 0).all()
    assert max(shifts) > 1


def test_whole_windows_are_crops_too():
    x = torch.arange(6.0).reshape(1, 6, 1)
    crops = whole(1, 6)
    assert torch.equal(crops.first(x), x)
    assert torch.equal(crops.second(x), x)


def test_windows_too_short_for_two_crops_are_refused():
    with pytest.raises(ValueError, match="too short"):
        draw_crops(2, 4, np.random.default_rng(0), grid=4)


@settings(deadline=None, max_examples=40)
@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=12), batch_size=st.integers(2, 8), seed=st.integers(0, 99))
def test_an_epoch_shows_every_window_once_and_no_two_of_a_trial_together(sizes, batch_size, seed):
    trial = np.repeat(np.arange(len(sizes)), sizes)
    sampler = OnePerTrial(trial, batch_size)
    batches = list(sampler.epoch(np.random.default_rng(seed)))
    assert len(batches) == sampler.n_batches
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(trial)))
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len(set(trial[batch])) == len(batch)

"""Numbers computed elsewhere, in double precision."""

import numpy as np
import pytest
import torch

from offline.pretrain.codebook import nearest_code, perplexity
from offline.pretrain.jepa import token_norm
from offline.pretrain.patch_targets import masked_mse, norm_patch
from offline.pretrain.temporal_contrast import hierarchical_loss, instance_loss, temporal_loss

EXACT = {"abs": 1e-9, "rel": 0}


@pytest.fixture
def views():
    b, t, c = torch.meshgrid(*(torch.arange(k, dtype=torch.float64) for k in (3, 5, 4)), indexing="ij")
    return torch.sin(1 + 0.7 * b + 1.3 * t + 0.5 * c), torch.cos(0.3 + 0.9 * b + 0.4 * t + 1.1 * c)


def test_instance_and_temporal_contrast_have_their_known_values(views):
    assert float(instance_loss(*views)) == pytest.approx(1.959310840218, **EXACT)
    assert float(temporal_loss(*views)) == pytest.approx(2.319089999776, **EXACT)


@pytest.mark.parametrize(
    ("alpha", "unit", "value"),
    [(0, 0, 1.123692989349), (0.5, 0, 1.558916687965), (1, 0, 1.994140267371), (0.5, 1, 1.172401666641)],
)
def test_the_hierarchy_has_its_known_values(views, alpha, unit, value):
    assert float(hierarchical_loss(*views, alpha=alpha, temporal_unit=unit)) == pytest.approx(value, abs=2e-7)
    assert float(summed_in_single_precision(*views, alpha, unit)) == pytest.approx(value, abs=1.1e-9)


def summed_in_single_precision(a, b, alpha, unit):
    """The known values come from code that adds levels up in a float32; this does so, level by level."""
    total, n_levels = torch.tensor(0.0), 0
    while a.shape[1] > 1:
        total += alpha * instance_loss(a, b)
        if n_levels >= unit:
            total += (1 - alpha) * temporal_loss(a, b)
        n_levels += 1
        a, b = (torch.nn.functional.max_pool1d(x.transpose(1, 2), 2).transpose(1, 2) for x in (a, b))
    total += alpha * instance_loss(a, b)
    return total / (n_levels + 1)


def test_words_and_their_use_have_their_known_values():
    k, d = torch.meshgrid(torch.arange(4.0), torch.arange(3.0), indexing="ij")
    codes = torch.sin(0.5 + 1.1 * k.double() + 0.7 * d.double())
    n, d = torch.meshgrid(torch.arange(5.0), torch.arange(3.0), indexing="ij")
    inputs = torch.cos(0.2 + 0.8 * n.double() + 0.5 * d.double())
    chosen = nearest_code(inputs, codes)
    assert chosen.tolist() == [1, 2, 3, 3, 3]
    mse = float(((inputs - codes[chosen]) ** 2).mean())
    assert mse == pytest.approx(0.077385851136, **EXACT)
    assert 1.25 * mse == pytest.approx(0.096732313920, **EXACT)
    assert float(perplexity(torch.bincount(chosen, minlength=4).double())) == pytest.approx(2.586409, abs=1e-6)


def test_predicting_nothing_of_normalised_patches_costs_its_known_value():
    t = torch.arange(8, dtype=torch.float64)
    patch = torch.stack([torch.sin(0.3 * t), torch.cos(0.5 * t)]).reshape(2, 2, 4)
    target = norm_patch(patch)
    hidden = torch.tensor([[False, True], [True, False]])
    assert float(masked_mse(torch.zeros_like(target), target, hidden)) == pytest.approx(0.749889696329, **EXACT)


def test_the_teachers_target_has_its_known_values():
    target = token_norm(torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64))
    np.testing.assert_allclose(target, (-1.02575, -0.65275, 0.09325, 1.58526), atol=6e-6)
    loss = torch.nn.functional.smooth_l1_loss(target, torch.zeros_like(target))
    assert float(loss) == pytest.approx(0.457100662152, **EXACT)

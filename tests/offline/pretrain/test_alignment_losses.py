"""NT-Xent, CLIP, multi-positive CLIP, SigLIP and the noise schedule: test vectors, slow twins, laws."""

import math

import numpy as np
import pytest
import torch

from offline.pretrain.noisy_embedding import add_forward_noise, signal_shares
from offline.pretrain.ntxent import ntxent_loss, trivial_ntxent_loss
from offline.pretrain.text_alignment import (
    clip_loss,
    multi_positive_clip_loss,
    siglip_loss,
    temperature_of,
    trivial_alignment_loss,
)

ROWS, COLUMNS = np.meshgrid(np.arange(4), np.arange(4), indexing="ij")
U = np.sin(1 + 0.7 * ROWS + 1.3 * COLUMNS)
W = np.cos(0.3 + 0.9 * ROWS + 0.4 * COLUMNS)
CLASSES = torch.tensor([0, 1, 0, 2])
SAME_CLASS = CLASSES[:, None] == CLASSES[None, :]


def unit(x):
    return torch.tensor(x / np.linalg.norm(x, axis=1, keepdims=True))


def random_pair(n=7, d=5, seed=0):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(n, d))), torch.tensor(rng.normal(size=(n, d)))


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


@pytest.mark.parametrize(("tau", "expected"), [(0.5, 1.541875862339), (0.1, 2.423880759472)])
def test_ntxent_gives_the_published_values(tau, expected):
    assert float(ntxent_loss(unit(U), unit(W), tau=tau)) == pytest.approx(expected, abs=1e-9)


def test_clip_gives_the_published_value():
    assert float(clip_loss(unit(U), unit(W), tau=0.07)) == pytest.approx(0.814589505125, abs=1e-9)


def test_multi_positive_clip_gives_the_published_value():
    assert float(multi_positive_clip_loss(unit(U), unit(W), SAME_CLASS, tau=0.07)) == pytest.approx(2.555900954067, abs=1e-9)


def test_siglip_gives_the_published_value():
    loss = siglip_loss(unit(U), unit(W), torch.eye(4, dtype=torch.bool), scale=10.0, bias=-10.0)
    assert float(loss) == pytest.approx(4.261209826116, abs=1e-9)


def test_the_noise_schedule_gives_the_published_values():
    expected = [0.999, 0.886541608433, 0.542030326022, 0.173647357859, 0.021668454942]
    assert signal_shares(100)[[0, 24, 49, 74, 99]].tolist() == pytest.approx(expected, abs=1e-9)


def slow_ntxent(a, b, tau, group):
    n, total = len(a), 0.0
    z = [*a, *b]
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        others = [k for k in range(2 * n) if k != i and (k == partner or group[k % n] != group[i % n])]
        scores = {k: cosine(z[i], z[k]) / tau for k in others}
        total += -math.log(math.exp(scores[partner]) / sum(math.exp(s) for s in scores.values()))
    return total / (2 * n)


@pytest.mark.parametrize("group", [range(7), [0, 0, 1, 2, 2, 2, 3]])
def test_ntxent_equals_its_slow_twin(group):
    a, b = random_pair()
    fast = ntxent_loss(a, b, tau=0.3, group=torch.tensor(list(group)))
    assert float(fast) == pytest.approx(slow_ntxent(a, b, 0.3, list(group)), abs=1e-12)


def slow_clip(a, b, belongs, tau):
    n, m = belongs.shape
    s = [[cosine(a[i], b[j]) / tau for j in range(m)] for i in range(n)]
    rows = columns = 0.0
    for i in range(n):
        positive = [j for j in range(m) if belongs[i, j]]
        whole = sum(math.exp(s[i][j]) for j in range(m))
        rows += sum(-math.log(math.exp(s[i][j]) / whole) for j in positive) / len(positive)
    for j in range(m):
        positive = [i for i in range(n) if belongs[i, j]]
        whole = sum(math.exp(s[i][j]) for i in range(n))
        columns += sum(-math.log(math.exp(s[i][j]) / whole) for i in positive) / len(positive)
    return (rows / n + columns / m) / 2


def test_clip_and_its_form_for_several_positives_equal_their_slow_twin():
    a, b = random_pair()
    alone = torch.eye(7, dtype=torch.bool)
    label = torch.tensor([0, 1, 1, 2, 0, 1, 2])
    several = label[:, None] == label[None, :]
    assert float(clip_loss(a, b, tau=0.2)) == pytest.approx(slow_clip(a, b, alone, 0.2), abs=1e-12)
    assert float(multi_positive_clip_loss(a, b, alone, tau=0.2)) == pytest.approx(float(clip_loss(a, b, tau=0.2)), abs=1e-12)
    assert float(multi_positive_clip_loss(a, b, several, tau=0.2)) == pytest.approx(slow_clip(a, b, several, 0.2), abs=1e-12)


def test_siglip_equals_its_slow_twin():
    a, b = random_pair()
    label = torch.tensor([0, 1, 1, 2, 0, 1, 2])
    belongs = label[:, None] == label[None, :]
    slow = sum(
        math.log(1 + math.exp(-(1 if belongs[i, j] else -1) * (3 * cosine(a[i], b[j]) - 2))) for i in range(7) for j in range(7)
    )
    assert float(siglip_loss(a, b, belongs, scale=3.0, bias=-2.0)) == pytest.approx(slow / 7, abs=1e-12)


PAIR_LOSSES = {
    "ntxent": lambda a, b: ntxent_loss(a, b, tau=0.2),
    "clip": lambda a, b: clip_loss(a, b, tau=0.2),
    "siglip": lambda a, b: siglip_loss(a, b, torch.eye(len(a), dtype=torch.bool)),
    "multi-positive clip": lambda a, b: multi_positive_clip_loss(a, b, torch.eye(len(a), dtype=torch.bool), tau=0.2),
}


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_pair_losses_do_not_depend_on_order_or_scale(name):
    a, b = random_pair()
    loss = PAIR_LOSSES[name]
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    scales = torch.rand(7, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.5
    assert float(loss(a[order], b[order])) == pytest.approx(float(loss(a, b)), abs=1e-12)
    assert float(loss(scales * a, 7.0 * b)) == pytest.approx(float(loss(a, b)), abs=1e-12)


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_aligned_pairs_cost_less_than_shuffled_ones_and_the_gradient_draws_partners_together(name):
    a, b = random_pair(n=8, d=16)
    loss = PAIR_LOSSES[name]
    near = a + 0.1 * b
    assert loss(a, near) < loss(a, near.roll(1, 0))
    a = a.clone().requires_grad_(True)
    loss(a, b).backward()
    with torch.no_grad():
        moved = a - 0.1 * a.grad / a.grad.norm()
        before, after = (torch.nn.functional.cosine_similarity(x, b).mean() for x in (a, moved))
    assert after > before


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_pair_losses_are_finite_for_identical_views_in_half_precision(name):
    a = torch.ones(6, 4, dtype=torch.bfloat16)
    assert torch.isfinite(PAIR_LOSSES[name](a, a))


def test_the_trivial_losses_are_those_of_constant_embeddings():
    same = torch.ones(6, 3, dtype=torch.float64)
    belongs = torch.eye(6, dtype=torch.bool)
    assert float(ntxent_loss(same, same)) == pytest.approx(trivial_ntxent_loss(6))
    assert float(multi_positive_clip_loss(same, same, belongs)) == pytest.approx(trivial_alignment_loss(belongs))


def test_the_temperature_is_the_exponential_and_stays_in_bounds():
    assert float(temperature_of(torch.tensor(math.log(1 / 0.07)))) == pytest.approx(0.07)
    assert float(temperature_of(torch.tensor(99.0))) == pytest.approx(0.01)
    assert float(temperature_of(torch.tensor(-99.0))) == pytest.approx(1.0)


def test_forward_noise_keeps_unit_variance_and_differs_from_item_to_item():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(4000, 20, generator=generator, dtype=torch.float64)
    noisy = add_forward_noise(values, generator, most_steps=100)
    assert float(noisy.var()) == pytest.approx(1.0, abs=0.03)
    kept = torch.nn.functional.cosine_similarity(values, noisy)
    assert kept.min() < 0.2 and kept.max() > 0.99


def test_gentle_noise_leaves_most_of_the_signal():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2000, 50, generator=generator, dtype=torch.float64)
    kept = torch.nn.functional.cosine_similarity(values, add_forward_noise(values, generator))
    assert float(kept.mean()) > 0.85

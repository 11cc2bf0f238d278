import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.pretrain.basic import basic_loss
from offline.pretrain.clocs import clocs_loss
from offline.pretrain.hardsoft import PairWeights, hardsoft_loss, trivial_hardsoft_loss
from offline.pretrain.pairs import Ids, pair_classes, without_overlaps

GROUPS = [0, 0, 1, 15, 15, 17]
N_STIMULI = 15


def grid(function, n=6, d=4):
    return torch.tensor([[function(i, j) for j in range(d)] for i in range(n)], dtype=torch.float64)


U = grid(lambda i, j: math.sin(1 + 0.7 * i + 1.3 * j))
W = grid(lambda i, j: math.cos(0.3 + 0.9 * i + 0.4 * j))
GROUP = torch.tensor(GROUPS)
CLASSES = pair_classes(GROUP, GROUP // N_STIMULI, GROUP % N_STIMULI)


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def slow_hardsoft(z, groups, weights, theta, by_count):
    """The formula, pair by pair."""
    costs = {"positive": [], "hard": [], "person": [], "stimulus": []}
    for i, gi in enumerate(groups):
        for j, gj in enumerate(groups):
            if i != j:
                score = cosine(z[i], z[j]) / theta
                kind = (
                    "positive"
                    if gi == gj
                    else "person"
                    if gi // 15 == gj // 15
                    else "stimulus"
                    if gi % 15 == gj % 15
                    else "hard"
                )
                costs[kind].append(-math.log(1 / (1 + math.exp(-score if kind == "positive" else score))))
    weighted = zip(weights, (costs[k] for k in ("positive", "hard", "person", "stimulus")), strict=True)
    if by_count:
        return sum(w * sum(c) / len(c) for w, c in weighted if c)
    return 2 / (len(groups) * (len(groups) - 1)) * sum(w * sum(c) for w, c in weighted)


def slow_clocs(a, b, patient, tau):
    n = len(a)
    s = [[math.exp(cosine(a[i], b[j]) / tau) for j in range(n)] for i in range(n)]
    rows = [sum(s[i]) for i in range(n)]
    columns = [sum(s[i][j] for i in range(n)) for j in range(n)]
    upper = [(i, j) for i in range(n) for j in range(n) if i < j and patient[i] == patient[j]]
    terms = [
        [-math.log(s[i][i] / rows[i]) for i in range(n)],
        [-math.log(s[i][i] / columns[i]) for i in range(n)],
        [-math.log(s[i][j] / rows[i]) for i, j in upper],
        [-math.log(s[j][i] / columns[i]) for i, j in upper],
    ]
    return sum(sum(t) / len(t) for t in terms if t) / sum(1 for t in terms if t)


@pytest.mark.parametrize(
    ("weights", "normaliser", "expected"),
    [
        (PairWeights(0.4, 0.4, 0.1, 0.1), "pairs", 0.261231129875),
        (PairWeights(0.4, 0.4, 0.4, 0.1), "pairs", 0.485564476306),
        (PairWeights(0.4, 0.4, 0.1, 0.1), "counts", 0.471062529681),
        (PairWeights(0.4, 0.4, 0.4, 0.1), "counts", 0.891687547969),
        (PairWeights(1, 0, 0, 0), "counts", 0.184920385058),
        (PairWeights(0, 1, 0, 0), "counts", 0.557299085470),
        (PairWeights(0, 0, 1, 0), "counts", 1.402083394302),
        (PairWeights(0, 0, 0, 1), "counts", 0.339664020389),
    ],
)
def test_hardsoft_gives_the_published_test_vectors(weights, normaliser, expected):
    # The published sums over all pairs differ in the ninth digit from what the class means published beside them add up to.
    tolerance = 1e-9 if normaliser == "counts" else 1e-8
    assert float(hardsoft_loss(U, CLASSES, weights, normaliser=normaliser)) == pytest.approx(expected, abs=tolerance)


def test_the_loss_over_all_pairs_is_the_weighted_sum_of_the_class_means():
    means = (0.184920385058, 0.557299085470, 1.402083394302, 0.339664020389)
    weights = PairWeights(0.4, 0.4, 0.4, 0.1)
    expected = 2 / 30 * sum(w * count * mean for w, count, mean in zip(weights, (4, 10, 8, 8), means, strict=True))
    assert float(hardsoft_loss(U, CLASSES, weights, normaliser="pairs")) == pytest.approx(expected, abs=1e-9)


def test_the_test_vectors_have_the_stated_numbers_of_pairs():
    assert [int(mask.sum()) for mask in CLASSES] == [4, 10, 8, 8]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 44), min_size=2, max_size=7),
    st.integers(0, 10_000),
    st.floats(0.1, 2.0),
    st.booleans(),
)
def test_hardsoft_agrees_with_the_formula_written_as_loops(groups, seed, theta, by_count):
    z = torch.randn(len(groups), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    ids = torch.tensor(groups)
    weights = PairWeights(0.4, 0.3, 0.2, 0.1)
    fast = hardsoft_loss(
        z, pair_classes(ids, ids // 15, ids % 15), weights, theta=theta, normaliser="counts" if by_count else "pairs"
    )
    assert float(fast) == pytest.approx(slow_hardsoft(z.tolist(), groups, weights, theta, by_count), abs=1e-9)


def test_hardsoft_is_finite_at_a_tiny_temperature_in_16_bit():
    z = torch.ones(6, 4, dtype=torch.bfloat16, requires_grad=True)
    loss = hardsoft_loss(z, CLASSES, theta=0.01)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("loss", [hardsoft_loss, basic_loss])
def test_a_pair_loss_ignores_order_and_length(loss):
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    moved = GROUP[order]
    classes = pair_classes(moved, moved // N_STIMULI, moved % N_STIMULI)
    assert float(loss(7.0 * U[order], classes)) == pytest.approx(float(loss(U, CLASSES)), abs=1e-12)


def test_clocs_ignores_length_and_the_order_of_windows_of_different_patients():
    z, order = torch.stack([U, W]), torch.tensor([3, 1, 5, 0, 4, 2])
    scales = torch.linspace(0.5, 3, 12, dtype=torch.float64).reshape(2, 6, 1)
    alone = torch.arange(6)
    assert float(clocs_loss(scales * z, GROUP)) == pytest.approx(float(clocs_loss(z, GROUP)), abs=1e-12)
    assert float(clocs_loss(z[:, order], alone)) == pytest.approx(float(clocs_loss(z, alone)), abs=1e-12)


def test_the_trivial_loss_is_the_loss_of_orthogonal_embeddings():
    for normaliser in ("pairs", "counts"):
        weights = PairWeights(0.4, 0.3, 0.2, 0.1)
        loss = hardsoft_loss(torch.eye(6, dtype=torch.float64), CLASSES, weights, normaliser=normaliser)
        assert trivial_hardsoft_loss(CLASSES, weights, normaliser) == pytest.approx(float(loss), abs=1e-6)


def test_the_gradient_pulls_positives_together_and_pushes_negatives_apart():
    z = torch.tensor([[1.0, 0.2], [0.2, 1.0], [1.0, -0.5]], requires_grad=True)
    ids = torch.tensor([0, 0, 31])
    before = torch.nn.functional.cosine_similarity(z[0], z[1], dim=0).item()
    hardsoft_loss(z, pair_classes(ids, ids // 15, ids % 15)).backward()
    stepped = (z - 0.1 * z.grad).detach()
    assert torch.nn.functional.cosine_similarity(stepped[0], stepped[1], dim=0).item() > before


def test_basic_weighs_two_classes():
    positive = hardsoft_loss(U, CLASSES, PairWeights(1, 0, 0, 0))
    assert float(basic_loss(U, CLASSES, alpha=1.0)) == pytest.approx(float(positive))
    negatives = (10 * 0.557299085470 + 8 * 1.402083394302 + 8 * 0.339664020389) / 26
    assert float(basic_loss(U, CLASSES, alpha=0.0)) == pytest.approx(negatives, abs=1e-9)


def test_clocs_gives_the_published_test_vector():
    assert float(clocs_loss(torch.stack([U, W]), GROUP)) == pytest.approx(1.006328671704, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.integers(0, 10_000))
def test_clocs_agrees_with_the_formula_written_as_loops(patient, seed):
    z = torch.randn(2, len(patient), 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected = slow_clocs(z[0].tolist(), z[1].tolist(), patient, 0.5)
    assert float(clocs_loss(z, torch.tensor(patient), tau=0.5)) == pytest.approx(expected, abs=1e-9)


def test_clocs_counts_every_pair_of_views():
    views = torch.stack([U, W, U.roll(1, 0)])
    pairs = [clocs_loss(views[[a, b]], GROUP) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert float(clocs_loss(views, GROUP)) == pytest.approx(float(torch.stack(pairs).mean()), abs=1e-12)
    with pytest.raises(ValueError, match="at least two"):
        clocs_loss(U[None], GROUP)


def test_overlapping_windows_are_no_pair_but_views_of_one_window_are():
    t0 = torch.tensor([0.0, 0.5, 1.0, 0.0], dtype=torch.float64)
    window = torch.tensor([0, 1, 2, 0])
    zeros = torch.zeros(4, dtype=torch.int64)
    ids = Ids(zeros, zeros, zeros, window, zeros, t0)
    usable = without_overlaps(ids, span_s=1.0)
    assert usable.tolist() == [
        [True, False, True, True],
        [False, True, False, False],
        [True, False, True, True],
        [True, False, True, True],
    ]
    classes = pair_classes(zeros, zeros, zeros, usable)
    assert int(classes.positive.sum()) == 6

"""SCLCM's HardSoft loss: positives, hard negatives, and two kinds of soft negatives."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from offline.pretrain.pairs import PairClasses
from offline.pretrain.similarity import cosine_matrix

Count = Literal["pairs", "counts"]


class PairWeights(NamedTuple):
    """What each class of pairs weighs, without unit.

    The original's class defaults to (0.4, 0.4, 0.1, 0.1); its pipeline uses (0.4, 0.4, 0.4, 0.1). Here pairs of one stimulus
    and two persons weigh nothing by default: they mostly share the emotion, and to push them apart works against
    recognising it in unseen people.
    """

    positive: float = 0.4
    hard: float = 0.4
    soft_person: float = 0.1
    soft_stimulus: float = 0.0


DEFAULT_WEIGHTS = PairWeights()


def hardsoft_loss(
    embeddings: Tensor,
    classes: PairClasses,
    weights: PairWeights = DEFAULT_WEIGHTS,
    *,
    theta: float = 0.5,
    normaliser: Count = "counts",
) -> Tensor:
    """Return how badly similarity and kinship agree.

    Parameters
    ----------
    embeddings : Tensor, shape (n, d)
        Embeddings or projections, without unit.
    classes : PairClasses
        Which pairs are what; four masks of shape (n, n).
    weights : PairWeights
        What each class weighs.
    theta : float
        Temperature, without unit.
    normaliser : {'counts', 'pairs'}
        ``"counts"`` averages within each class first, so that the few positives are heard; ``"pairs"`` is the original, in
        which the positives are about 2 % of the sum.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.

    Notes
    -----
    With ``l = cos(z_i, z_j) / θ`` each pair costs ``softplus(-l)`` when positive and ``softplus(l)`` when not: a binary
    cross-entropy written so that it is finite at any temperature. ``"pairs"``: ``2 / (n (n - 1)) Σ_{i≠j} w_ij cost_ij`` over
    ordered pairs, twice the weighted mean (SCLCM, github.com/sofi12321/SCLCM). ``"counts"``: ``Σ_k w_k mean_k cost``; a
    class without pairs adds nothing.
    """
    scores = cosine_matrix(embeddings, embeddings) / theta  # (n, n)
    costs = (softplus(-scores), softplus(scores), softplus(scores), softplus(scores))
    n = len(embeddings)
    total = scores.new_zeros(())
    for cost, mask, weight in zip(costs, classes, weights, strict=True):
        summed = torch.where(mask, cost, 0.0).sum()
        total = total + weight * (summed / mask.sum().clamp_min(1) if normaliser == "counts" else 2 * summed / (n * (n - 1)))
    return total


def trivial_hardsoft_loss(classes: PairClasses, weights: PairWeights, normaliser: Count) -> float:
    """Return the loss of orthogonal embeddings, which know nothing; a loss that stays here has learnt nothing.

    Parameters
    ----------
    classes : PairClasses
        Which pairs are what; four masks of shape (n, n).
    weights : PairWeights
        What each class weighs.
    normaliser : {'counts', 'pairs'}
        As in `hardsoft_loss`.

    Returns
    -------
    float
        ``softplus(0) = ln 2`` a pair, weighted, without unit.
    """
    n = len(classes.positive)
    counts = [int(mask.sum()) for mask in classes]
    shares = [min(count, 1) if normaliser == "counts" else 2 * count / (n * (n - 1)) for count in counts]
    return float(torch.log(torch.tensor(2.0))) * sum(w * share for w, share in zip(weights, shares, strict=True))

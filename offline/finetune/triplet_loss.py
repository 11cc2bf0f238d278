"""The triplet loss, and the choice of the triplets that teach most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from offline.pretrain.similarity import cosine_matrix

Mining = Literal["random", "semi_hard", "batch_hard"]


@dataclass(frozen=True, slots=True)
class Kin:
    """What is known of the windows of a batch; each a tensor of int64, shape (n,).

    Parameters
    ----------
    label, subject, trial : Tensor
        Class, person, and presentation of each window.
    """

    label: Tensor
    subject: Tensor
    trial: Tensor


@dataclass(frozen=True, slots=True)
class TripletLoss:
    """A triplet loss, and how many of its triplets still teach anything.

    Parameters
    ----------
    loss : Tensor, shape ()
        Mean over the triplets that cost something, without unit; 0 when none does.
    active : float
        Share of the triplets that cost something, in 0..1. Below 0.01 there is nothing left to learn.
    """

    loss: Tensor
    active: float


def triplet_costs(to_positive: Tensor, to_negative: Tensor, *, margin: float = 0.3, soft: bool = False) -> Tensor:
    """Return what each triplet costs.

    Parameters
    ----------
    to_positive, to_negative : Tensor, shape (n,)
        Squared distances from each anchor to its positive and to its negative, without unit.
    margin : float
        How much farther the negative shall be.
    soft : bool
        ``softplus(d⁺ - d⁻)`` instead of ``max(0, d⁺ - d⁻ + margin)``.

    Returns
    -------
    Tensor, shape (n,)
        Costs, without unit (Schroff et al. 2015, arXiv:1503.03832). The code of SMILES lets positives of shape (n, 1, d) meet anchors of
        shape (n, d), so that its distances compare anchors with each other; here anything but two equal rows is refused.
    """
    if to_positive.dim() != 1 or to_positive.shape != to_negative.shape:
        raise ValueError(f"Distances must be two rows of n; got {tuple(to_positive.shape)} and {tuple(to_negative.shape)}.")
    gap = to_positive - to_negative
    return softplus(gap) if soft else torch.relu(gap + margin)


def squared_distances(embeddings: Tensor) -> Tensor:
    """Return the squared distance of every two directions.

    Parameters
    ----------
    embeddings : Tensor, shape (n, d)
        Embeddings, without unit.

    Returns
    -------
    Tensor, shape (n, n)
        ``2 - 2 cos``, in 0..4, without unit.
    """
    return 2 - 2 * cosine_matrix(embeddings, embeddings)


def positives(kin: Kin) -> Tensor:
    """Mark which windows may be each anchor's positive.

    Parameters
    ----------
    kin : Kin
        The batch.

    Returns
    -------
    Tensor of bool, shape (n, n)
        Same class and another trial; of other people where the anchor has such, of the same person where not. Other windows of the same
        trial only where the class has no other trial: with one labelled trial a class there would be no triplet at all.
    """
    kindred = _equal(kin.label) & ~torch.eye(len(kin.label), dtype=torch.bool, device=kin.label.device)
    alike = kindred & ~_equal(kin.trial)
    from_others = alike & ~_equal(kin.subject)
    elsewhere = torch.where(from_others.any(dim=1, keepdim=True), from_others, alike)
    return torch.where(elsewhere.any(dim=1, keepdim=True), elsewhere, kindred)


def triplet_loss(
    embeddings: Tensor,
    kin: Kin,
    *,
    mining: Mining = "semi_hard",
    margin: float = 0.3,
    soft: bool = False,
    generator: torch.Generator | None = None,
) -> TripletLoss:
    """Pull windows of one class together across trials and people, and push other classes away.

    Parameters
    ----------
    embeddings : Tensor, shape (n, d)
        Embeddings, without unit; taken as directions.
    kin : Kin
        Classes, people and trials; index i is row i.
    mining : {'semi_hard', 'batch_hard', 'random'}
        See `mine`.
    margin, soft
        As in `triplet_costs`.
    generator : torch.Generator, optional
        Source of chance for ``'random'``.

    Returns
    -------
    TripletLoss
        The loss; with no triplet in the batch it is 0, and so is its gradient.
    """
    distances = squared_distances(embeddings)  # (n, n)
    anchor, positive, negative = mine(distances.detach(), kin, mining=mining, margin=margin, generator=generator)
    costs = triplet_costs(distances[anchor, positive], distances[anchor, negative], margin=margin, soft=soft)
    counts = costs > 0
    if not counts.any():
        return TripletLoss(0.0 * distances.sum(), 0.0)
    return TripletLoss(costs[counts].mean(), float(counts.float().mean()))


def mine(
    distances: Tensor,
    kin: Kin,
    *,
    mining: Mining = "semi_hard",
    margin: float = 0.3,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose triplets.

    Parameters
    ----------
    distances : Tensor, shape (n, n)
        Squared distances, without unit.
    kin : Kin
        Classes, people and trials.
    mining : {'semi_hard', 'batch_hard', 'random'}
        ``'semi_hard'``: every anchor with each of its positives, and the nearest negative that is farther than the positive by less than
        the margin, or the nearest of all where there is none. ``'batch_hard'``: the farthest positive and the nearest negative.
        ``'random'``: one positive and one negative by chance.
    margin : float
        Of the loss.
    generator : torch.Generator, optional
        Source of chance for ``'random'``.

    Returns
    -------
    anchor, positive, negative : Tensor of int64, shape (n_triplets,)
        Indices of rows. Anchors without a positive or a negative have no triplet.
    """
    may_be_positive, may_be_negative = positives(kin), ~_equal(kin.label)
    has_both = may_be_positive.any(dim=1) & may_be_negative.any(dim=1)
    anchors = has_both.nonzero()[:, 0]
    if mining == "semi_hard":
        return _semi_hard(distances, may_be_positive & has_both[:, None], may_be_negative, margin)
    if mining == "batch_hard":
        farthest = distances.masked_fill(~may_be_positive, -torch.inf).argmax(dim=1)
        nearest = distances.masked_fill(~may_be_negative, torch.inf).argmin(dim=1)
        return anchors, farthest[anchors], nearest[anchors]
    return anchors, _draw(may_be_positive[anchors], generator), _draw(may_be_negative[anchors], generator)


def _semi_hard(
    distances: Tensor, may_be_positive: Tensor, may_be_negative: Tensor, margin: float
) -> tuple[Tensor, Tensor, Tensor]:
    anchor, positive = may_be_positive.nonzero(as_tuple=True)
    to_positive = distances[anchor, positive][:, None]  # (n_pairs, 1)
    to_negative = distances[anchor].masked_fill(~may_be_negative[anchor], torch.inf)  # (n_pairs, n)
    semi = (to_negative > to_positive) & (to_negative < to_positive + margin)
    among_semi = to_negative.masked_fill(~semi, torch.inf).argmin(dim=1)
    negative = torch.where(semi.any(dim=1), among_semi, to_negative.argmin(dim=1))
    return anchor, positive, negative


def _draw(allowed: Tensor, generator: torch.Generator | None) -> Tensor:
    if not len(allowed):
        return torch.zeros(0, dtype=torch.int64, device=allowed.device)
    return torch.multinomial(allowed.float(), 1, generator=generator)[:, 0]


def _equal(ids: Tensor) -> Tensor:
    return ids[:, None] == ids[None, :]

"""NT-Xent: two views of one item find each other among all others."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from offline.pretrain.similarity import cosine_matrix


def ntxent_loss(a: Tensor, b: Tensor, *, tau: float = 0.1, group: Tensor | None = None) -> Tensor:
    """Return how hard it is to find each view's partner.

    Parameters
    ----------
    a, b : Tensor, shape (n, d)
        Two views of the same n items, without unit.
    tau : float
        Temperature, without unit.
    group : Tensor of int64, shape (n,), optional
        Trial of each item; other items of one's own trial are no negatives.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.

    Notes
    -----
    ``z = [a; b]``, rows of unit length, ``s = z zᵀ / τ`` with the diagonal at minus infinity, and the cross-entropy of each row with
    its partner's column as the target (Chen et al. 2020, arXiv:2002.05709). MER2024-SEMI's released code takes the diagonal for the
    partner, which pushes true pairs apart: 0.023 for unrelated views and 0.694 for identical ones.
    """
    if a.shape != b.shape:
        raise ValueError(f"The two views must have the same shape; got {tuple(a.shape)} and {tuple(b.shape)}.")
    n = len(a)
    both = torch.cat([a, b])
    scores = (cosine_matrix(both, both) / tau).masked_fill(_no_candidates(n, group, a.device), -math.inf)  # (2n, 2n)
    partner = torch.arange(2 * n, device=a.device).roll(n)
    return cross_entropy(scores, partner)


def _no_candidates(n: int, group: Tensor | None, device: torch.device) -> Tensor:
    """Mark what a row may not choose: itself, and the other items of its trial in both views."""
    same_item = torch.eye(n, dtype=torch.bool, device=device)
    same_trial = same_item if group is None else (group[:, None] == group[None, :]) & ~same_item
    itself = torch.eye(2 * n, dtype=torch.bool, device=device)
    return itself if group is None else itself | same_trial.repeat(2, 2)


def trivial_ntxent_loss(n: int) -> float:
    """Return the loss of embeddings that are all equally alike, without unit.

    Parameters
    ----------
    n : int
        Items in a batch.

    Returns
    -------
    float
        ``ln(2n - 1)``.
    """
    return math.log(2 * n - 1)

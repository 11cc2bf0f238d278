"""Whether embeddings still differ from each other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

COLLAPSED_SHARE = 0.1
"""Collapsed below this share of ``1 / sqrt(d)``, the spread of vectors in all directions."""


@torch.no_grad()
def collapse_figures(embeddings: Tensor) -> dict[str, float]:
    """Measure how much of their space embeddings use.

    Parameters
    ----------
    embeddings : Tensor, shape (n, d)
        Embeddings, without unit.

    Returns
    -------
    dict of str to float
        ``spread``: mean over dimensions of the standard deviation of the unit-length embeddings, over ``1 / sqrt(d)``: 1 in all
        directions, 0 when all are equal. ``effective_rank``: ``exp`` of the entropy of the normalised singular values, 1..d
        (Roy & Vetterli 2007). ``collapsed``: 1 when the spread is below 0.1.
    """
    wide = embeddings.detach().float()
    unit = wide / torch.linalg.vector_norm(wide, dim=1, keepdim=True).clamp_min(1e-8)
    spread = float(unit.std(dim=0).mean()) * math.sqrt(unit.shape[1])
    values = torch.linalg.svdvals(wide - wide.mean(dim=0))
    shares = values / values.sum().clamp_min(1e-12)
    entropy = float(-(shares * shares.clamp_min(1e-12).log()).sum())
    return {"spread": spread, "effective_rank": math.exp(entropy), "collapsed": float(spread < COLLAPSED_SHARE)}

"""The patient-specific contrastive loss of CLOCS, written from its description."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from offline.pretrain.similarity import cosine_matrix


def clocs_loss(views: Tensor, patient: Tensor, *, tau: float = 0.1) -> Tensor:
    """Return the loss that pulls views of one patient together.

    Parameters
    ----------
    views : Tensor, shape (n_views, n, d)
        Embeddings of at least two views of each item, without unit.
    patient : Tensor of int64, shape (n,)
        Who each item belongs to.
    tau : float
        Temperature, without unit.

    Returns
    -------
    Tensor, shape ()
        Mean over the pairs of views, without unit.

    Notes
    -----
    For two views with ``s_ij = exp(cos(a_i, b_j) / τ)``: the mean of ``-ln(s_ii / Σ_j s_ij)`` and of ``-ln(s_jj / Σ_i s_ij)``;
    the first again over pairs ``i < j`` of one patient, the second over ``i > j``; averaged over those of the four that
    exist (Kiyasseh et al. 2021, arXiv:2005.13249). The released code keeps only the last pair of views; here every pair counts.
    """
    if len(views) < 2:
        raise ValueError(f"CLOCS compares views of an item; it needs at least two, got {len(views)}.")
    losses = [_pair_loss(a, b, patient, tau) for a, b in combinations(views, 2)]
    return torch.stack(losses).mean()


def _pair_loss(a: Tensor, b: Tensor, patient: Tensor, tau: float) -> Tensor:
    scores = cosine_matrix(a, b) / tau  # (n, n)
    by_row, by_column = -scores.log_softmax(dim=1), -scores.log_softmax(dim=0)
    same = patient[:, None] == patient[None, :]
    terms = [by_row.diagonal(), by_column.diagonal(), by_row[same.triu(1)], by_column[same.tril(-1)]]
    return torch.stack([term.mean() for term in terms if term.numel()]).mean()

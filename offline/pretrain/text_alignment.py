"""Losses that align embeddings of EEG with embeddings of text: CLIP, its form for repeated captions, and SigLIP."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from offline.pretrain.similarity import cosine_matrix

WARMEST, COLDEST = 1.0, 0.01
"""Between these the temperature may be learnt."""


def clip_loss(a: Tensor, b: Tensor, *, tau: float | Tensor = 0.07) -> Tensor:
    """Return how hard it is to find each row's partner on the other side.

    Parameters
    ----------
    a, b : Tensor, shape (n, d)
        Embeddings of EEG and of text; row i of one belongs to row i of the other. Without unit.
    tau : float or Tensor, shape ()
        Temperature, without unit.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.

    Notes
    -----
    Half the sum of the cross-entropies over rows and over columns of ``cos(a_i, b_j) / τ`` with the diagonal as the target
    (Radford et al. 2021, arXiv:2103.00020). A caption that occurs twice is its own negative: use `multi_positive_clip_loss` then.
    """
    scores = cosine_matrix(a, b) / tau  # (n, n)
    target = torch.arange(len(a), device=a.device)
    return (cross_entropy(scores, target) + cross_entropy(scores.T, target)) / 2


def multi_positive_clip_loss(a: Tensor, b: Tensor, belongs: Tensor, *, tau: float | Tensor = 0.07) -> Tensor:
    """Return how hard it is to find one's partners where there are several.

    Parameters
    ----------
    a, b : Tensor, shape (n, d) and (m, d)
        Embeddings of EEG and of text, without unit.
    belongs : Tensor of bool or float, shape (n, m)
        Which text says something true of which EEG; each row and each column needs at least one.
    tau : float or Tensor, shape ()
        Temperature, without unit.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.

    Notes
    -----
    ``Q`` is `belongs` with rows scaled to sum 1; the loss is half of the mean over rows of ``-Σ_j Q_ij ln softmax_j(cos / τ)`` plus
    the same over columns. A few captions are shared by hundreds of windows; plain CLIP would push these apart.
    """
    scores = cosine_matrix(a, b) / tau  # (n, m)
    q = belongs.to(scores.dtype)
    return (_soft_cross_entropy(scores, q) + _soft_cross_entropy(scores.T, q.T)) / 2


def _soft_cross_entropy(scores: Tensor, weights: Tensor) -> Tensor:
    shares = weights / weights.sum(dim=1, keepdim=True)
    return -(shares * scores.log_softmax(dim=1)).sum(dim=1).mean()


def siglip_loss(a: Tensor, b: Tensor, belongs: Tensor, *, scale: float | Tensor = 10.0, bias: float | Tensor = -10.0) -> Tensor:
    """Return the cost of judging each pair by itself.

    Parameters
    ----------
    a, b : Tensor, shape (n, d) and (m, d)
        Embeddings of EEG and of text, without unit.
    belongs : Tensor of bool, shape (n, m)
        Which text says something true of which EEG.
    scale, bias : float or Tensor, shape ()
        Of the logits, without unit.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.

    Notes
    -----
    ``1/n Σ_i Σ_j softplus(-y_ij (s cos(a_i, b_j) + b))`` with ``y = ±1`` (Zhai et al. 2023, arXiv:2303.15343).
    """
    logits = scale * cosine_matrix(a, b) + bias  # (n, m)
    signs = torch.where(belongs, 1.0, -1.0).to(logits.dtype)
    return softplus(-signs * logits).sum() / len(a)


def temperature_of(log_scale: Tensor) -> Tensor:
    """Return the temperature that a learnt number stands for.

    Parameters
    ----------
    log_scale : Tensor, shape ()
        ``ln(1/τ)``, without unit.

    Returns
    -------
    Tensor, shape ()
        ``τ`` within 0.01..1, without unit. EEGClip forgets the exponential, which leaves the logits almost flat.
    """
    return torch.exp(-log_scale.clamp(-math.log(WARMEST), -math.log(COLDEST)))


def trivial_alignment_loss(belongs: Tensor) -> float:
    """Return the loss of embeddings that are all equally alike, which is where EEG-CLIP's collapsed runs stay.

    Parameters
    ----------
    belongs : Tensor of bool, shape (n, m)
        Which text says something true of which EEG.

    Returns
    -------
    float
        ``(ln n + ln m) / 2``, without unit.
    """
    n, m = belongs.shape
    return (math.log(n) + math.log(m)) / 2

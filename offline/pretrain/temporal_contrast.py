"""The hierarchical contrast of TS2Vec: between windows at each moment, and between moments of each window."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d, normalize

Similarity = Literal["dot", "cos"]


def instance_loss(a: Tensor, b: Tensor) -> Tensor:
    """Return how hard it is to find, at each moment, a window's other view among all windows.

    Parameters
    ----------
    a, b : Tensor, shape (n, n_steps, d)
        Representations of the same steps in two views, without unit.

    Returns
    -------
    Tensor, shape ()
        Mean over windows, steps and both directions, without unit; 0 for a single window.

    Notes
    -----
    ``-ln exp(a_it · b_it) / (Σ_j exp(a_it · b_jt) + Σ_{j≠i} exp(a_it · a_jt))`` and the same with the views exchanged (Yue et al.
    2022, arXiv:2106.10466). No normalisation, temperature 1.
    """
    if len(a) == 1:
        return a.new_zeros(())
    return _other_half(torch.cat([a, b]).transpose(0, 1))


def temporal_loss(a: Tensor, b: Tensor) -> Tensor:
    """Return how hard it is to find a moment's other view among all moments of its window.

    Parameters
    ----------
    a, b : Tensor, shape (n, n_steps, d)
        Representations of the same steps in two views, without unit.

    Returns
    -------
    Tensor, shape ()
        Mean over windows, steps and both directions, without unit; 0 for a single step.

    Notes
    -----
    ``-ln exp(a_it · b_it) / (Σ_s exp(a_it · b_is) + Σ_{s≠t} exp(a_it · a_is))`` and the same with the views exchanged.
    """
    if a.shape[1] == 1:
        return a.new_zeros(())
    return _other_half(torch.cat([a, b], dim=1))


def _other_half(vectors: Tensor) -> Tensor:
    """Cross-entropy of each vector's partner, half the list away, among all others: (m, 2 k, d) -> ()."""
    scores = vectors @ vectors.transpose(1, 2)  # (m, 2 k, 2 k)
    itself = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
    logs = scores.masked_fill(itself, float("-inf")).log_softmax(dim=-1)
    half = scores.shape[1] // 2
    partners = torch.arange(2 * half, device=scores.device).roll(half)
    return -logs[:, torch.arange(2 * half, device=scores.device), partners].mean()


def hierarchical_loss(
    a: Tensor, b: Tensor, *, alpha: float = 0.5, temporal_unit: int = 0, similarity: Similarity = "dot", tau: float = 0.2
) -> Tensor:
    """Return the contrast of two views at every grain of time.

    Parameters
    ----------
    a, b : Tensor, shape (n, n_steps, d)
        Representations of the same steps in two views, without unit.
    alpha : float
        Share of the contrast between windows, in 0..1; the rest is between moments.
    temporal_unit : int
        First level at which moments are contrasted, from 0.
    similarity : {'dot', 'cos'}
        The product as it is (the original), or the cosine over `tau`, which cannot grow without bound.
    tau : float
        Temperature of the cosine, without unit.

    Returns
    -------
    Tensor, shape ()
        Mean over levels, without unit.

    Notes
    -----
    Level 0 is the steps themselves; each further level keeps the largest of two neighbours (a step too many is dropped) until one is
    left, where only windows are contrasted.
    """
    wide = torch.promote_types(a.dtype, torch.float32)
    a, b = a.to(wide), b.to(wide)
    losses: list[Tensor] = []
    while True:
        of_windows, of_moments = _level(a, b, similarity, tau)
        counted = len(losses) >= temporal_unit and a.shape[1] > 1
        losses.append(alpha * of_windows + ((1 - alpha) * of_moments if counted else 0.0))
        if a.shape[1] == 1:
            return torch.stack(losses).mean()
        a, b = _halved(a), _halved(b)


def _level(a: Tensor, b: Tensor, similarity: Similarity, tau: float) -> tuple[Tensor, Tensor]:
    if similarity == "cos":
        a, b = normalize(a, dim=-1, eps=1e-8) / tau**0.5, normalize(b, dim=-1, eps=1e-8) / tau**0.5
    return instance_loss(a, b), temporal_loss(a, b)


def _halved(steps: Tensor) -> Tensor:
    return max_pool1d(steps.transpose(1, 2), 2).transpose(1, 2)

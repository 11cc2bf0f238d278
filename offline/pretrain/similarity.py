"""Cosine similarity, as every contrastive loss here takes it."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST_NORM = 1e-8


def cosine_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of each vector of `a` with each of `b`.

    Parameters
    ----------
    a : Tensor, shape (n, d)
        Vectors, without unit.
    b : Tensor, shape (m, d)
        Vectors, without unit.

    Returns
    -------
    Tensor, shape (n, m)
        Cosines in -1..1, in float32 at least: 16-bit logits overflow at small temperatures.
    """
    wide = torch.promote_types(a.dtype, torch.float32)
    return unit_rows(a.to(wide)) @ unit_rows(b.to(wide)).T


def unit_rows(vectors: Tensor) -> Tensor:
    """Scale each row to length one.

    Parameters
    ----------
    vectors : Tensor, shape (n, d)
        Vectors, without unit.

    Returns
    -------
    Tensor, shape (n, d)
        ``x / max(‖x‖, 1e-8)``.
    """
    scaled: Tensor = vectors / torch.linalg.vector_norm(vectors, dim=1, keepdim=True).clamp_min(SMALLEST_NORM)
    return scaled

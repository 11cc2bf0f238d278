"""Embeddings of mean 0 and variance 1, place by place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm


class Standardise(nn.Module):
    """Takes off the running mean and divides by the running spread, without weights of its own.

    Parameters
    ----------
    n_embedding : int
        Length of an embedding.

    Notes
    -----
    BatchNorm without its affine part (Ioffe & Szegedy 2015, arXiv:1502.03167). There is no layer before it that it could fold into: a
    mean or a maximum stands between.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_embedding: int) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(n_embedding))
        self.register_buffer("running_var", torch.ones(n_embedding))

    def forward(self, embedding: Tensor) -> Tensor:
        """Standardise embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (n, n_embedding)
            Without unit; two at least in training mode.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Without unit.
        """
        alone = self.training and len(embedding) < 2  # a single embedding has no spread
        return batch_norm(embedding, self.running_mean, self.running_var, training=self.training and not alone)

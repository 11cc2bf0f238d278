"""Token pruning: after the first blocks, the tokens that nobody looks at are dropped."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor

from sclcm_core.models.contract import Encoder
from sclcm_core.models.patch_transformer import PatchTransformer
from sclcm_core.models.transformer_block import Block

FEWEST = 4
"""Tokens that are kept at least."""

AFTER_BLOCKS = (1, 2)
"""Numbers of the blocks, from 1, after which tokens are dropped."""


def n_kept(n_tokens: int, rate: float) -> int:
    """Return how many tokens are kept of so many.

    A rate, not a threshold and not a fixed number: batches stay rectangular, and headsets with other channel counts keep the same share.

    Examples
    --------
    >>> n_kept(224, 0.3), n_kept(5, 0.9), n_kept(3, 0.5)
    (157, 4, 3)
    """
    return min(n_tokens, max(FEWEST, math.ceil((1 - rate) * n_tokens)))


def received_attention(shares: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Return how much each token is looked at by the others.

    Parameters
    ----------
    shares : Tensor, shape (n, n_heads, n_tokens, n_tokens)
        What each row pays to each column, in 0..1.
    allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
        Who may attend to whom; all to all when left out.

    Returns
    -------
    Tensor, shape (n, n_tokens)
        Mean over heads and over the other tokens that may look at it, in 0..1: a token does not count for itself.
    """
    n_tokens = shares.shape[-1]
    others = ~torch.eye(n_tokens, dtype=torch.bool, device=shares.device)
    lookers = others if allowed is None else allowed & others
    paid = (shares.mean(dim=1) * others).sum(dim=-2)  # (n, n_tokens)
    n_lookers = lookers.sum(dim=-2).reshape(-1, n_tokens).clamp_min(1)
    return paid / n_lookers


class PrunedTransformer(Encoder):
    """A patch transformer that drops a share of its tokens after its first and its second block.

    Parameters
    ----------
    base : PatchTransformer
        Any, trained or not; it is used, not copied.
    rate : float
        Share of the tokens that is dropped each time, 0..1.

    Notes
    -----
    How many tokens are kept depends on the shape of the window alone, so that the network exports to ONNX. With masked attention the tokens
    kept see those that they might have seen before. At rate 0 the embedding is that of `base`, up to rounding.

    It must be trained so: put on a trained network of eight channels at rate 0.3 it took 10 points of balanced accuracy. Trained so, on two
    channels, 32 tokens, it took 2.4 [0.9, 4.0] of 87 (64 simulated people). Averaging what the dropped tokens last were into the embedding
    did not help. It is for networks that are too slow without it.
    """

    def __init__(self, base: PatchTransformer, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"The rate of pruning must be in 0..1, below 1; got {rate}.")
        self.base, self.rate = base, rate
        self.input_shape, self.n_embedding = base.input_shape, base.n_embedding

    def forward(self, features: Tensor) -> Tensor:
        """Embed windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Embeddings, without unit.
        """
        tokens, allowed = self.base.tokens(features), self.base.allowed
        for number, block in enumerate(self.base.encode.blocks, start=1):
            if number in AFTER_BLOCKS:
                tokens, allowed = self._prune(cast(Block, block), tokens, allowed)
            else:
                tokens = block(tokens, allowed)
        return self.base.embed(self.base.encode.norm(tokens))

    def _prune(self, block: Block, tokens: Tensor, allowed: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Send tokens (n, n_tokens, n_embedding) through a block and keep those that were looked at."""
        out, shares = block.forward_with_shares(tokens, allowed)
        n_tokens, kept = out.shape[1], n_kept(out.shape[1], self.rate)
        if kept == n_tokens:
            return out, allowed
        chosen = received_attention(shares, allowed).topk(kept, dim=1).indices  # (n, kept)
        out = out.gather(1, chosen[..., None].expand(-1, -1, out.shape[-1]))
        return out, None if allowed is None else _between(allowed, chosen)


def _between(allowed: Tensor, chosen: Tensor) -> Tensor:
    """Return who may attend to whom among the chosen, shape (n, 1, n_kept, n_kept)."""
    n, kept = chosen.shape
    whole = allowed.reshape(-1, *allowed.shape[-2:]).expand(n, -1, -1)
    rows = whole.gather(1, chosen[:, :, None].expand(-1, -1, whole.shape[-1]))
    return rows.gather(2, chosen[:, None, :].expand(-1, kept, -1))[:, None]

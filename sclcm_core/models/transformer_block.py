"""One block of a transformer, with a mask of who may attend to whom."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class Attention(nn.Module):
    """Attention with several heads.

    Parameters
    ----------
    n_embedding : int
        Length of a token.
    n_heads : int
        Heads; they share the length.
    """

    def __init__(self, n_embedding: int, n_heads: int) -> None:
        super().__init__()
        if n_embedding % n_heads:
            raise ValueError(f"{n_heads} heads cannot share {n_embedding} places evenly.")
        self.n_heads = n_heads
        self.query_key_value = nn.Linear(n_embedding, 3 * n_embedding)
        self.out = nn.Linear(n_embedding, n_embedding)

    def forward(self, tokens: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Mix tokens.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
            True where the row may attend to the column; every row needs one. All may when left out.

        Returns
        -------
        Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        """
        query, key, value = self._split(tokens)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out

    def shares(self, tokens: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Return how attention is shared out.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
            As in `forward`.

        Returns
        -------
        Tensor, shape (n, n_heads, n_tokens, n_tokens)
            What each row pays to each column, in 0..1; each row sums to 1.
        """
        query, key, _ = self._split(tokens)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if allowed is not None:
            scores = scores.masked_fill(~allowed, float("-inf"))
        shares: Tensor = scores.softmax(dim=-1)
        return shares

    def mix(self, tokens: Tensor, shares: Tensor) -> Tensor:
        """Mix tokens by known shares.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        shares : Tensor, shape (n, n_heads, n_tokens, n_tokens)
            What each row pays to each column, in 0..1.

        Returns
        -------
        Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        """
        value = self._split(tokens)[2]
        out: Tensor = self.out((shares @ value).transpose(1, 2).flatten(2))
        return out

    def _split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        n, n_tokens, n_embedding = tokens.shape
        parts = self.query_key_value(tokens).reshape(n, n_tokens, 3, self.n_heads, n_embedding // self.n_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)  # each (n, n_heads, n_tokens, n_embedding / n_heads)
        return query, key, value


class Block(nn.Module):
    """Attention and a perceptron, each after a norm and each with a way around it.

    Parameters
    ----------
    n_embedding : int
        Length of a token.
    n_heads : int
        Attention heads.
    n_hidden : int
        Length of the perceptron's hidden layer.
    """

    def __init__(self, n_embedding: int, n_heads: int, n_hidden: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(n_embedding)
        self.attention = Attention(n_embedding, n_heads)
        self.norm_perceptron = nn.LayerNorm(n_embedding)
        self.perceptron = nn.Sequential(nn.Linear(n_embedding, n_hidden), nn.GELU(), nn.Linear(n_hidden, n_embedding))

    def forward(self, tokens: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Mix tokens and work on each.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
            True where the row may attend to the column.

        Returns
        -------
        Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        """
        mixed = tokens + self.attention(self.norm_attention(tokens), allowed)
        out: Tensor = mixed + self.perceptron(self.norm_perceptron(mixed))
        return out

    def forward_with_shares(self, tokens: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Do as `forward` does, and tell how attention was shared out.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
            True where the row may attend to the column.

        Returns
        -------
        out : Tensor, shape (n, n_tokens, n_embedding)
            Those of `forward` up to rounding, without unit.
        shares : Tensor, shape (n, n_heads, n_tokens, n_tokens)
            Those of `Attention.shares`, in 0..1.
        """
        normed = self.norm_attention(tokens)
        shares = self.attention.shares(normed, allowed)
        mixed = tokens + self.attention.mix(normed, shares)
        return mixed + self.perceptron(self.norm_perceptron(mixed)), shares


class Blocks(nn.Module):
    """Several blocks and a norm at the end.

    Parameters
    ----------
    depth : int
        How many.
    n_embedding, n_heads, n_hidden : int
        As in `Block`.
    """

    def __init__(self, depth: int, n_embedding: int, n_heads: int, n_hidden: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(n_embedding, n_heads, n_hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(n_embedding)
        self.apply(_initialise)

    def forward(self, tokens: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Send tokens through all blocks.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        allowed : Tensor of bool, shape (n_tokens, n_tokens) or (n, 1, n_tokens, n_tokens), optional
            True where the row may attend to the column.

        Returns
        -------
        Tensor, shape (n, n_tokens, n_embedding)
            Without unit.
        """
        for block in self.blocks:
            tokens = block(tokens, allowed)
        out: Tensor = self.norm(tokens)
        return out


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def cross_pattern(channel: Tensor, time: Tensor) -> Tensor:
    """Return who may attend to whom: tokens of one channel, and tokens of one moment.

    Parameters
    ----------
    channel, time : Tensor of int64, shape (n_tokens,)
        Where and when each token was measured.

    Returns
    -------
    Tensor of bool, shape (n_tokens, n_tokens)
        Symmetric, with a true diagonal; its density is ``(C + n - 1) / (C n)`` for C channels and n moments (cross-pattern attention,
        Kim 2024, arXiv:2410.08559).

    Examples
    --------
    >>> import torch
    >>> cross_pattern(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])).int().tolist()
    [[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1]]
    """
    return (channel[:, None] == channel[None, :]) | (time[:, None] == time[None, :])

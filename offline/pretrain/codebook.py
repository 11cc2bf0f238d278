"""A vocabulary of vectors that follows what it is used for."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

KMEANS_ROUNDS = 10
TOKENS_A_CODE = 10
"""Tokens for each word that the first vocabulary is made from."""

_SMALLEST = 1e-5


def nearest_code(vectors: Tensor, codes: Tensor) -> Tensor:
    """Return the word nearest to each vector.

    Parameters
    ----------
    vectors : Tensor, shape (n, d)
        Without unit.
    codes : Tensor, shape (n_codes, d)
        Without unit.

    Returns
    -------
    Tensor of int64, shape (n,)
        Numbers of words; ``argmin_k |z - e_k|²``.
    """
    distances = (codes**2).sum(dim=1) - 2 * vectors @ codes.T  # |z|² is the same for all words
    return distances.argmin(dim=1)


def perplexity(usage: Tensor) -> Tensor:
    """Return how many words are in use, as if each were used alike.

    Parameters
    ----------
    usage : Tensor, shape (n_codes,)
        How often each is used: counts, or shares of any sum.

    Returns
    -------
    Tensor, shape ()
        ``exp`` of the entropy of the shares, 1..n_codes; without unit.
    """
    shares = usage / usage.sum()
    return (-(shares * shares.clamp_min(1e-12).log()).sum()).exp()


class Codebook(nn.Module):
    """Words of unit length, found by averaging what each was nearest to.

    Parameters
    ----------
    n_codes : int
        Words.
    n_code : int
        Length of a word.
    decay : float
        Share of the averages that is kept at each step, in 0..1.
    restart_share : float
        A word used less than this share of the mean is dying.
    restart_after : int
        Steps after which a dying word is replaced by a token.

    Notes
    -----
    ``N_k <- γ N_k + (1 - γ) n_k``, ``m_k <- γ m_k + (1 - γ) Σ z``, ``e_k = m_k / N_k`` at unit length (van den Oord et al. 2017,
    arXiv:1711.00937), with ``N_k = 1`` and ``m_k = e_k`` from k-means at the start: averages that start at zero turn every word that
    the first batch does not use into the zero vector. No optimiser touches the words.
    """

    codes: Tensor
    usage: Tensor
    total: Tensor
    starving: Tensor

    def __init__(self, n_codes: int, n_code: int, *, decay: float, restart_share: float, restart_after: int) -> None:
        super().__init__()
        self._decay, self._restart_share, self._restart_after = decay, restart_share, restart_after
        first = normalize(torch.randn(n_codes, n_code), dim=1)
        self.register_buffer("codes", first)
        self.register_buffer("usage", torch.ones(n_codes))
        self.register_buffer("total", first.clone())
        self.register_buffer("starving", torch.zeros(n_codes, dtype=torch.int64))

    @torch.no_grad()
    def start(self, tokens: Tensor, generator: torch.Generator) -> None:
        """Take the first words from tokens, by k-means.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_code)
            Without unit; at least as many as there are words.
        generator : torch.Generator
            Source of chance.
        """
        n_codes = len(self.codes)
        if len(tokens) < n_codes:
            raise ValueError(f"{n_codes} words need as many tokens to start from; got {len(tokens)}.")
        unit = normalize(tokens, dim=1)
        codes = unit[torch.randperm(len(unit), generator=generator, device=unit.device)[:n_codes]]
        for _ in range(KMEANS_ROUNDS):
            chosen = nearest_code(unit, codes)
            summed = torch.zeros_like(codes).index_add_(0, chosen, unit)
            used = torch.bincount(chosen, minlength=n_codes) > 0
            codes = torch.where(used[:, None], normalize(summed, dim=1), codes)
        self.codes.copy_(codes)
        self.total.copy_(codes)
        self.usage.fill_(1.0)
        self.starving.zero_()

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Replace tokens by words.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_code)
            Without unit.

        Returns
        -------
        straight : Tensor, shape (n, n_code)
            The words; gradients pass to the tokens as if nothing had been replaced. Without unit.
        unit : Tensor, shape (n, n_code)
            The tokens at unit length.
        chosen : Tensor of int64, shape (n,)
            Numbers of the words.
        """
        unit = normalize(tokens.float(), dim=1)
        chosen = nearest_code(unit.detach(), self.codes)
        word = self.codes[chosen]
        return unit + (word - unit).detach(), unit, chosen

    @torch.no_grad()
    def follow(self, unit: Tensor, chosen: Tensor, generator: torch.Generator) -> None:
        """Move the words towards what they were used for, and replace those that starve.

        Parameters
        ----------
        unit : Tensor, shape (n, n_code)
            Tokens at unit length.
        chosen : Tensor of int64, shape (n,)
            Numbers of their words.
        generator : torch.Generator
            Source of chance for replacements.
        """
        n_codes = len(self.codes)
        counts = torch.bincount(chosen, minlength=n_codes).float()
        summed = torch.zeros_like(self.total).index_add_(0, chosen, unit)
        self.usage.lerp_(counts, 1 - self._decay)
        self.total.lerp_(summed, 1 - self._decay)
        smooth = (self.usage + _SMALLEST) / (self.usage.sum() + n_codes * _SMALLEST) * self.usage.sum()
        self.codes.copy_(normalize(self.total / smooth[:, None], dim=1))
        self._restart(unit, generator)

    def _restart(self, unit: Tensor, generator: torch.Generator) -> None:
        dying = self.usage < self._restart_share * self.usage.mean()
        self.starving.copy_(torch.where(dying, self.starving + 1, torch.zeros_like(self.starving)))
        dead = (self.starving >= self._restart_after).nonzero()[:, 0]
        if not len(dead):
            return
        drawn = torch.randint(len(unit), (len(dead),), generator=generator, device=unit.device)
        self.codes[dead] = self.total[dead] = unit[drawn]
        self.usage[dead] = 1.0
        self.starving[dead] = 0

"""A transformer whose tokens are patches: a quarter of a second of one channel."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from sclcm_core.models.channel_code import INITIAL_SD, ChannelCode, time_code
from sclcm_core.models.contract import Encoder
from sclcm_core.models.region_powers import REGIONS, RegionPowers, regions
from sclcm_core.models.standardise import Standardise
from sclcm_core.models.transformer_block import Blocks, cross_pattern

AttentionMode = Literal["full", "cropa", "region"]
Tokens = Literal["raw", "hybrid", "features"]


class PatchTransformer(Encoder):
    """Embeds raw windows patch by patch, whatever the montage.

    Parameters
    ----------
    input_shape : (int, int, int)
        (n_in_patch, n_channels, n_patches) of one raw window.
    ch_names : tuple of str
        Names of the channels; they are told apart by name and by place on the scalp, so that weights fit other montages.
    sfreq : float
        Sampling rate in Hz.
    depth, n_heads, n_hidden : int
        Blocks, attention heads, and length of the hidden layer of each block.
    n_embedding : int
        Length of a token, and of the embedding.
    attention : {'full', 'cropa', 'region'}
        Who attends to whom: all; tokens of one channel or one moment; and those of one scalp region too.
    tokens : {'raw', 'hybrid', 'features'}
        Patches of the channels; band powers of scalp regions beside them, as further channels; or those alone.

    Notes
    -----
    Tokens are laid out channel by channel. To each is added the code of its channel and that of its moment. The embedding is the mean
    over tokens, standardised. Four blocks of 128 with 4 heads and a hidden layer of 512 have 0.79 million weights.

    Examples
    --------
    >>> encoder = PatchTransformer((32, 2, 16), ("T7", "T8"), sfreq=128.0, n_embedding=16, n_hidden=32, depth=1)
    >>> encoder(torch.zeros(3, 32, 2, 16)).shape
    torch.Size([3, 16])
    """

    allowed: Tensor | None
    time: Tensor

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        ch_names: tuple[str, ...],
        *,
        sfreq: float,
        depth: int = 4,
        n_embedding: int = 128,
        n_heads: int = 4,
        n_hidden: int = 512,
        attention: AttentionMode = "full",
        tokens: Tokens = "raw",
    ) -> None:
        super().__init__()
        n_in_patch, n_channels, n_patches = input_shape
        if n_channels != len(ch_names):
            raise ValueError(f"{len(ch_names)} names do not fit {n_channels} channels.")
        self.input_shape, self.n_embedding, self.n_patches = input_shape, n_embedding, n_patches
        self.ch_names, self.tokens_of = ch_names, tokens
        if tokens != "features":
            self.embed_patch = nn.Linear(n_in_patch, n_embedding)
            self.channel_code = ChannelCode(ch_names, n_embedding)
        if tokens != "raw":
            self.powers = RegionPowers(ch_names, n_in_patch, sfreq)
            self.embed_powers = nn.Linear(self.powers.n_bands, n_embedding)
            self.region_code = nn.Parameter(INITIAL_SD * torch.randn(len(REGIONS), n_embedding))
        self.encode = Blocks(depth, n_embedding, n_heads, n_hidden)
        self.standardise = Standardise(n_embedding)
        self.register_buffer("time", time_code(n_patches, n_embedding), persistent=False)
        self.register_buffer("allowed", self._allowed(attention), persistent=False)

    @property
    def n_rows(self) -> int:
        """Number of channels and pseudo-channels: tokens of one moment."""
        n_channels = 0 if self.tokens_of == "features" else self.input_shape[1]
        return n_channels + (0 if self.tokens_of == "raw" else self.powers.n_regions)

    def _row_regions(self) -> list[int]:
        of_channels = [] if self.tokens_of == "features" else regions(self.ch_names)
        return of_channels + ([] if self.tokens_of == "raw" else self.powers.number.tolist())

    def _allowed(self, attention: AttentionMode) -> Tensor | None:
        if attention == "full":
            return None
        row = torch.arange(self.n_rows).repeat_interleave(self.n_patches)
        mask = cross_pattern(row, torch.arange(self.n_patches).repeat(self.n_rows))
        if attention == "region":
            region = torch.tensor(self._row_regions()).repeat_interleave(self.n_patches)
            mask = mask | (region[:, None] == region[None, :])
        return mask

    def row_codes(self) -> Tensor:
        """Return the codes of the channels and pseudo-channels.

        Returns
        -------
        Tensor, shape (n_rows, n_embedding)
            Without unit.
        """
        codes = [] if self.tokens_of == "features" else [self.channel_code()]
        if self.tokens_of != "raw":
            codes.append(self.region_code[self.powers.number])
        return torch.cat(codes)

    def tokens(self, features: Tensor) -> Tensor:
        """Turn windows into tokens.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_rows * n_patches, n_embedding)
            Channel by channel, with their codes; without unit.
        """
        rows = [] if self.tokens_of == "features" else [self.embed_patch(features.permute(0, 2, 3, 1))]
        if self.tokens_of != "raw":
            rows.append(self.embed_powers(self.powers(features)))
        grid = torch.cat(rows, dim=1) if len(rows) > 1 else rows[0]  # (n, n_rows, n_patches, n_embedding)
        return (grid + self.row_codes()[:, None] + self.time).flatten(1, 2)

    def all_tokens(self, features: Tensor) -> Tensor:
        """Represent every token of whole windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_rows * n_patches, n_embedding)
            Without unit.
        """
        encoded: Tensor = self.encode(self.tokens(features), self.allowed)
        return encoded

    def embed(self, tokens: Tensor) -> Tensor:
        """Make one vector of represented tokens.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_tokens, n_embedding)
            All tokens of each window or some of them, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Their mean, standardised: most of a mean of tokens is the same for all windows. Without unit.
        """
        embedding: Tensor = self.standardise(tokens.mean(dim=1))
        return embedding

    def visible_tokens(self, features: Tensor, kept: Tensor) -> Tensor:
        """Represent some tokens, which see only each other.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        kept : Tensor of int64, shape (n, n_kept)
            Numbers of the tokens of each window that are seen.

        Returns
        -------
        Tensor, shape (n, n_kept, n_embedding)
            In the order of `kept`, without unit.
        """
        tokens = self.tokens(features)
        seen = tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[-1]))
        allowed = None if self.allowed is None else self.allowed[kept[:, :, None], kept[:, None, :]][:, None]
        encoded: Tensor = self.encode(seen, allowed)
        return encoded

    def forward(self, features: Tensor, present: Tensor | None = None) -> Tensor:
        """Embed windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        present : Tensor of bool, shape (n, n_channels), optional
            Which channels there are in each window; the others are seen by none and count for nothing. Takes tokens 'raw' only.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Embeddings, without unit.
        """
        if present is None:
            return self.embed(self.all_tokens(features))
        if self.tokens_of != "raw":
            raise ValueError(f"Channels can be missing from tokens 'raw'; got '{self.tokens_of}'.")
        known = present.repeat_interleave(self.n_patches, dim=1)  # (n, n_tokens)
        itself = torch.eye(known.shape[1], dtype=torch.bool, device=known.device)
        usual = torch.ones_like(itself) if self.allowed is None else self.allowed
        allowed = ((known[:, None, :] & usual) | itself)[:, None]
        silent = torch.where(present[:, None, :, None], features, torch.zeros_like(features))
        encoded = self.encode(self.tokens(silent), allowed)
        share = known / known.sum(dim=1, keepdim=True).clamp_min(1)
        embedding: Tensor = self.standardise((encoded * share[..., None]).sum(dim=1))
        return embedding

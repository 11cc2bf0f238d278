"""Dilated convolutions over time: the encoder of TS2Vec and SI-CLEER."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, gelu

from sclcm_core.models.contract import Encoder
from sclcm_core.models.standardise import Standardise


class DilatedTcn(Encoder):
    """Represents every time step by what surrounds it, and a window by the largest of each.

    Parameters
    ----------
    input_shape : (int, int, int)
        (n_bands, n_columns, n_frames) of one window.
    width : int
        Planes between the projection of the input and the last block.
    n_blocks : int
        Residual blocks; block ``i`` has dilation ``2^i``.
    n_embedding : int
        Planes of the last block, and length of the embedding.
    dropout : float
        Share of the representation dropped while training.
    pool : int
        Steps that are averaged into one after the blocks; 1 for none.
    is_raw : bool
        Whether the frames are patches of the signal: a step is then a sample of all channels, not a frame.

    Notes
    -----
    Per step a linear projection, then blocks of GELU, dilated convolution (kernel 3), GELU, dilated convolution and a skip (Yue et
    al. 2022, arXiv:2106.10466). ``n_blocks`` blocks see ``1 + 4 (2^n_blocks - 1)`` steps. Masks act on the projection, where 0 is no
    value that data can have.

    Examples
    --------
    >>> DilatedTcn((5, 2, 20), n_blocks=5).n_steps_seen, DilatedTcn((32, 2, 16), is_raw=True).n_steps
    (125, 512)
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        *,
        width: int = 64,
        n_blocks: int = 5,
        n_embedding: int = 128,
        dropout: float = 0.1,
        pool: int = 1,
        is_raw: bool = False,
    ) -> None:
        super().__init__()
        n_bands, n_columns, n_frames = input_shape
        self.input_shape, self.n_embedding = input_shape, n_embedding
        self.pool, self._is_raw = pool, is_raw
        self.n_steps = n_frames * n_bands if is_raw else n_frames
        self.n_steps_seen = 1 + 4 * (2**n_blocks - 1)
        if self.n_steps % pool:
            raise ValueError(f"pool must divide the {self.n_steps} steps of a window; got {pool}.")
        self.project = nn.Linear(n_columns if is_raw else n_bands * n_columns, width)
        widths = [width] * n_blocks + [n_embedding]
        self.blocks = nn.Sequential(
            *(_Block(widths[i], widths[i + 1], 2**i, is_last=i == n_blocks - 1) for i in range(n_blocks))
        )
        self.dropout = nn.Dropout(dropout)
        self.standardise = Standardise(n_embedding)

    def sequence(self, features: Tensor) -> Tensor:
        """Lay windows out as steps.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_steps, n_values)
            The values of each step: all bands and columns of a frame, or all channels of a sample. Without unit.
        """
        if self._is_raw:
            return features.permute(0, 3, 1, 2).flatten(1, 2)  # (n, n_patches * n_in_patch, n_channels)
        return features.flatten(1, 2).transpose(1, 2)

    def represent(self, sequence: Tensor, keep: Tensor | None = None) -> Tensor:
        """Represent every step.

        Parameters
        ----------
        sequence : Tensor, shape (n, n_steps, n_values)
            Any number of steps that `pool` divides, without unit; steps with a NaN count as masked.
        keep : Tensor of bool, shape (n, n_steps), optional
            False for steps whose projection is set to 0; all are kept when left out.

        Returns
        -------
        Tensor, shape (n, n_steps / pool, n_embedding)
            Representations, without unit.
        """
        lost: Tensor = sequence.isnan().any(dim=-1)  # (n, n_steps)
        latent = self.project(torch.where(lost[..., None], torch.zeros_like(sequence), sequence))
        silent = lost if keep is None else lost | ~keep
        latent = latent.masked_fill(silent[..., None], 0.0)  # (n, n_steps, width)
        steps: Tensor = self.dropout(self.blocks(latent.transpose(1, 2)))  # (n, n_embedding, n_steps)
        if self.pool > 1:
            steps = avg_pool1d(steps, self.pool)
        return steps.transpose(1, 2)

    def steps(self, features: Tensor) -> Tensor:
        """Represent every step of whole windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_steps / pool, n_embedding)
            Representations, without unit.
        """
        return self.represent(self.sequence(features))

    def embed(self, steps: Tensor) -> Tensor:
        """Make one vector of represented steps.

        Parameters
        ----------
        steps : Tensor, shape (n, n_steps, n_embedding)
            Representations, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            The largest value of each plane over time, standardised; without unit.
        """
        embedding: Tensor = self.standardise(steps.amax(dim=1))
        return embedding

    def forward(self, features: Tensor) -> Tensor:
        """Embed windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            The largest value of each plane over time, standardised; without unit.
        """
        return self.embed(self.steps(features))


class _Block(nn.Module):
    """Two dilated convolutions and a way around them."""

    def __init__(self, n_in: int, n_out: int, dilation: int, *, is_last: bool) -> None:
        super().__init__()
        self.first = nn.Conv1d(n_in, n_out, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv1d(n_out, n_out, 3, padding=dilation, dilation=dilation)
        self.skip = nn.Conv1d(n_in, n_out, 1) if n_in != n_out or is_last else nn.Identity()

    def forward(self, planes: Tensor) -> Tensor:
        out: Tensor = self.second(gelu(self.first(gelu(planes)))) + self.skip(planes)
        return out

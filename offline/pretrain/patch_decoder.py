"""From tokens back to patches, each channel by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sclcm_core.models.channel_code import INITIAL_SD, time_code
from sclcm_core.models.transformer_block import Blocks

N_HEADS = 4


class ChannelDecoder(nn.Module):
    """Fills in the tokens of each channel from those that are seen.

    Parameters
    ----------
    n_token : int
        Length of a token of the encoder.
    n_inside : int
        Length of a token in here.
    depth : int
        Blocks.
    n_patches : int
        Tokens of a channel.
    n_out : int
        Values given for each token.

    Notes
    -----
    Channels share the weights and do not see each other; what a channel knows of the others came through the encoder.
    """

    time: Tensor

    def __init__(self, n_token: int, n_inside: int, depth: int, n_patches: int, n_out: int) -> None:
        super().__init__()
        self.n_patches = n_patches
        self.enter = nn.Linear(n_token, n_inside)
        self.unseen = nn.Parameter(INITIAL_SD * torch.randn(n_inside))
        self.blocks = Blocks(depth, n_inside, N_HEADS, 4 * n_inside)
        self.leave = nn.Linear(n_inside, n_out)
        self.register_buffer("time", time_code(n_patches, n_inside), persistent=False)

    def forward(self, tokens: Tensor, kept: Tensor | None, n_rows: int) -> Tensor:
        """Give values for every patch.

        Parameters
        ----------
        tokens : Tensor, shape (n, n_kept, n_token)
            What the encoder made of the tokens that are seen, without unit.
        kept : Tensor of int64, shape (n, n_kept), or None
            Their numbers, channel by channel; None when all are seen, in order.
        n_rows : int
            Channels.

        Returns
        -------
        Tensor, shape (n, n_rows, n_patches, n_out)
            Without unit.
        """
        seen = self.enter(tokens)
        n, _, n_inside = seen.shape
        grid = seen
        if kept is not None:
            empty = self.unseen.to(seen.dtype).expand(n, n_rows * self.n_patches, n_inside)
            grid = empty.scatter(1, kept[..., None].expand(-1, -1, n_inside), seen)
        channels = grid.reshape(n * n_rows, self.n_patches, n_inside) + self.time
        out: Tensor = self.leave(self.blocks(channels)).reshape(n, n_rows, self.n_patches, -1)
        return out

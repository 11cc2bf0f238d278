"""What a transformer is told of where a patch was measured and when."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sclcm_core.montage import POSITIONS, canonical_name, positions

_NUMBER = {name: number for number, name in enumerate(POSITIONS, start=1)}
INITIAL_SD = 0.02


class ChannelCode(nn.Module):
    """A vector for each channel, by its name and by its place on the scalp.

    Parameters
    ----------
    ch_names : tuple of str
        Channels; a bipolar one (``"F3-C3"``) lies between its electrodes.
    n_embedding : int
        Length of a vector.

    Notes
    -----
    The table has a row for every electrode that is known, whatever the montage, and a row of zeros for others; which rows are used is
    no weight. So the weights learnt with one cap fit any other, and an electrode that training never saw still has its place. The
    original's table goes by position in the file and breaks with fewer channels.
    """

    number: Tensor
    place: Tensor

    def __init__(self, ch_names: tuple[str, ...], n_embedding: int) -> None:
        super().__init__()
        self.by_name = nn.Embedding(len(_NUMBER) + 1, n_embedding, padding_idx=0)
        nn.init.normal_(self.by_name.weight, std=INITIAL_SD)
        with torch.no_grad():
            self.by_name.weight[0] = 0.0
        self.by_place = nn.Linear(3, n_embedding, bias=False)
        numbers = [_NUMBER.get(canonical_name(name) or "", 0) for name in ch_names]
        self.register_buffer("number", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("place", torch.tensor(places(ch_names), dtype=torch.float32), persistent=False)

    def forward(self) -> Tensor:
        """Return the codes.

        Returns
        -------
        Tensor, shape (n_channels, n_embedding)
            Without unit.
        """
        codes: Tensor = self.by_name(self.number) + self.by_place(self.place)
        return codes


def places(ch_names: tuple[str, ...]) -> list[list[float]]:
    """Return where channels lie.

    Parameters
    ----------
    ch_names : tuple of str
        Channels, single or bipolar.

    Returns
    -------
    list of list of float
        Right, front and up on the unit sphere for each, without unit; the middle of the electrodes of a bipolar channel, and the
        centre of the head for names that are no electrode.

    Examples
    --------
    >>> [[round(x, 1) for x in place] for place in places(("T8", "T7-T8", "what"))]
    [[1.0, 0.0, -0.1], [0.0, 0.0, -0.1], [0.0, 0.0, 0.0]]
    """
    found = [positions(name.split("-") if canonical_name(name) is None else [name]).mean(axis=0) for name in ch_names]
    out: list[list[float]] = np.nan_to_num(np.array(found)).tolist()
    return out


def time_code(n_steps: int, n_embedding: int) -> Tensor:
    """Return fixed codes of the places in a sequence.

    Parameters
    ----------
    n_steps : int
        Length of the sequence.
    n_embedding : int
        Length of a code; even.

    Returns
    -------
    Tensor, shape (n_steps, n_embedding)
        Sines, then cosines, of ``step / 10000^(2 k / n_embedding)`` (Vaswani et al. 2017, arXiv:1706.03762); without unit.
    """
    if n_embedding % 2:
        raise ValueError(f"Sines and cosines need an even number of places; got {n_embedding}.")
    rate = 10000.0 ** (-torch.arange(0, n_embedding, 2, dtype=torch.float64) / n_embedding)
    phase = torch.arange(n_steps, dtype=torch.float64)[:, None] * rate
    return torch.cat([phase.sin(), phase.cos()], dim=1).float()

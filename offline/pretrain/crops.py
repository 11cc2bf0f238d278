"""Two pieces of each window that overlap: what their steps have in common must look alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Crops(NamedTuple):
    """Where two overlapping pieces of a batch lie, in steps.

    Parameters
    ----------
    left, right : int
        The overlap, relative to the shift of each window.
    outer_left, outer_right : int
        Start of the first piece and end of the second, likewise.
    shift : Tensor of int64, shape (n,)
        Start of each window's own time.
    """

    left: int
    right: int
    outer_left: int
    outer_right: int
    shift: Tensor

    @property
    def n_shared(self) -> int:
        """Steps of the overlap."""
        return self.right - self.left

    def first(self, sequence: Tensor) -> Tensor:
        """Return the first pieces, which end with the overlap.

        Parameters
        ----------
        sequence : Tensor, shape (n, n_steps, d)
            Steps, of any unit.

        Returns
        -------
        Tensor, shape (n, right - outer_left, d)
            In the same unit.
        """
        return _pieces(sequence, self.shift + self.outer_left, self.right - self.outer_left)

    def second(self, sequence: Tensor) -> Tensor:
        """Return the second pieces, which begin with the overlap.

        Parameters
        ----------
        sequence : Tensor, shape (n, n_steps, d)
            Steps, of any unit.

        Returns
        -------
        Tensor, shape (n, outer_right - left, d)
            In the same unit.
        """
        return _pieces(sequence, self.shift + self.left, self.outer_right - self.left)


def draw_crops(n: int, n_steps: int, rng: np.random.Generator, *, grid: int = 1, fewest: int = 2) -> Crops:
    """Draw two overlapping pieces, of the same lengths for all windows of a batch, each window with its own shift.

    Parameters
    ----------
    n : int
        Windows.
    n_steps : int
        Steps of a window.
    rng : numpy Generator
        Source of chance.
    grid : int
        All edges are multiples of it: where steps are averaged after the encoder, the overlap stays aligned.
    fewest : int
        Fewest steps of the overlap, in units of the grid; at least two.

    Returns
    -------
    Crops
        The overlap's length is uniform in ``fewest..n_steps``, its place uniform, and the pieces reach out to both sides by uniform
        amounts (Yue et al. 2022, arXiv:2106.10466).
    """
    total = n_steps // grid
    if total < max(2, fewest):
        raise ValueError(f"Windows of {total} steps are too short for overlaps of {max(2, fewest)}.")
    length = int(rng.integers(max(2, fewest), total + 1))
    left = int(rng.integers(0, total - length + 1))
    right = left + length
    outer_left, outer_right = int(rng.integers(0, left + 1)), int(rng.integers(right, total + 1))
    shift = rng.integers(-outer_left, total - outer_right + 1, size=n)
    return Crops(left * grid, right * grid, outer_left * grid, outer_right * grid, torch.from_numpy(shift * grid))


def whole(n: int, n_steps: int) -> Crops:
    """Return crops that leave the windows whole.

    Parameters
    ----------
    n : int
        Windows.
    n_steps : int
        Steps of a window.
    """
    return Crops(0, n_steps, 0, n_steps, torch.zeros(n, dtype=torch.int64))


def _pieces(sequence: Tensor, start: Tensor, length: int) -> Tensor:
    chosen = start.to(sequence.device)[:, None] + torch.arange(length, device=sequence.device)  # (n, length)
    return sequence.gather(1, chosen[..., None].expand(-1, -1, sequence.shape[-1]))

"""A slow copy of a network, which sets the targets of the quick one."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

SHORTEST_RUN, SHORT_RUN = 2_000, 10_000
"""Runs of fewer steps need teachers that follow faster."""


class Teacher(nn.Module):
    """An exponential moving average of a network, never in training mode and never given a gradient.

    Parameters
    ----------
    student : nn.Module
        What is followed.

    Notes
    -----
    ``teacher <- m teacher + (1 - m) student`` for each weight, after each step; buffers are copied. In training mode its dropout would
    make the targets noisy, as it does in the original (arXiv:2410.08559).
    """

    n_followed: Tensor

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(student).requires_grad_(False).eval()
        self.register_buffer("n_followed", torch.zeros((), dtype=torch.int64))

    def train(self, mode: bool = True) -> Teacher:
        """Stay in evaluation mode, whatever is asked for."""
        super().train(False)
        return self

    @torch.no_grad()
    def follow(self, student: nn.Module, momentum: float) -> None:
        """Move towards the student.

        Parameters
        ----------
        student : nn.Module
            With the same weights by name.
        momentum : float
            Share of itself that the teacher keeps, in 0..1.
        """
        for mine, theirs in zip(self.network.parameters(), student.parameters(), strict=True):
            mine.lerp_(theirs, 1 - momentum)
        for copied, original in zip(self.network.buffers(), student.buffers(), strict=True):
            copied.copy_(original)
        self.n_followed += 1


def momentum_at(step: int, n_steps: int, first: float | None = None) -> float:
    """Return the momentum of a step.

    Parameters
    ----------
    step : int
        Number of the step, from 0.
    n_steps : int
        Steps of the whole run.
    first : float, optional
        Momentum of the first step; when left out 0.95 below 2000 steps, 0.99 below 10 000, and 0.996 in long runs. A teacher that
        remembers 100 steps of 800 stays near its first weights: of targets on simulated EEG 6 % were told, and 15 % with 0.95.

    Returns
    -------
    float
        On a line from `first` to 1.

    Examples
    --------
    >>> momentum_at(0, 100), momentum_at(100, 100), momentum_at(0, 5000), momentum_at(0, 20_000)
    (0.95, 1.0, 0.99, 0.996)
    """
    usual = 0.95 if n_steps < SHORTEST_RUN else 0.99 if n_steps < SHORT_RUN else 0.996
    start = usual if first is None else first
    return start + (1 - start) * min(1.0, step / max(1, n_steps))

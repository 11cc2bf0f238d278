"""Noisy-embedding enhancement: the forward noise of a diffusion, put on feature vectors."""

from __future__ import annotations

import torch
from torch import Tensor

GENTLE_STEPS = 50
"""Steps of the schedule that are drawn for vectors of few dimensions: the signal's share of the power stays above 0.54."""


def signal_shares(n_steps: int = 100, *, first: float = 0.001, last: float = 0.1) -> Tensor:
    """Return how much of the power is signal after each step.

    Parameters
    ----------
    n_steps : int
        Length of the schedule.
    first, last : float
        Share of noise that the first and the last step add, in 0..1.

    Returns
    -------
    Tensor of float64, shape (n_steps,)
        ``ᾱ_t = Π_{s≤t} (1 - β_s)`` with ``β = linspace(√first, √last)²``, in 0..1, without unit (Ho et al. 2020, arXiv:2006.11239;
        the scaled-linear schedule of MER2024-SEMI, arXiv:2409.04447).
    """
    added = torch.linspace(first**0.5, last**0.5, n_steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - added, dim=0)


def add_forward_noise(
    values: Tensor, generator: torch.Generator, *, shares: Tensor | None = None, most_steps: int = GENTLE_STEPS
) -> Tensor:
    """Blend each item with noise, each by a strength of its own.

    Parameters
    ----------
    values : Tensor, shape (n, ...)
        Features of unit variance, without unit.
    generator : torch.Generator
        Source of chance.
    shares : Tensor, shape (n_steps,), optional
        The schedule; that of 100 steps when left out. Without unit.
    most_steps : int
        The step is drawn from 0 to this, exclusive.

    Returns
    -------
    Tensor, shape (n, ...)
        ``√ᾱ_t x + √(1 - ᾱ_t) ε``, without unit: of unit variance again. The original draws one step for the whole batch.
    """
    schedule = (signal_shares() if shares is None else shares).to(values.device, values.dtype)[:most_steps]
    step = torch.randint(len(schedule), (len(values),), generator=generator, device=values.device)
    share = schedule[step].reshape(-1, *[1] * (values.dim() - 1))
    noise = torch.randn(values.shape, generator=generator, device=values.device, dtype=values.dtype)
    return share.sqrt() * values + (1 - share).sqrt() * noise

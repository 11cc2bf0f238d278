"""The learning rate over a training run."""

from __future__ import annotations

import math


def warmup_cosine(step: int, n_steps: int, warmup_share: float) -> float:
    """Return the factor on the learning rate at a step.

    Parameters
    ----------
    step : int
        Number of the step, from 0.
    n_steps : int
        Steps of the whole run.
    warmup_share : float
        Share of the steps over which the factor rises from 0 to 1.

    Returns
    -------
    float
        Between 0 and 1: a line up, then half a cosine down (Loshchilov & Hutter 2017, arXiv:1608.03983).

    Examples
    --------
    >>> [round(warmup_cosine(step, 100, 0.1), 2) for step in (0, 4, 9, 10, 55, 99)]
    [0.1, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    n_warmup = round(warmup_share * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return 0.5 * (1 + math.cos(math.pi * (step - n_warmup) / max(1, n_steps - n_warmup)))

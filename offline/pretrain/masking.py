"""Which patches are hidden."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

TUBE_SHARE = 0.8
"""Tubes hide this share of the usual ratio: the same moments of all channels are much harder to fill in."""

FEWEST_VISIBLE, FEWEST_MASKED = 4, 2
"""Moments of a window that a predictor must be given, and that it must be asked for."""

_N_BLOCKS = 4
_BLOCK_SHARE = (0.175, 0.225)
_RANDOM_SHARE = (0.6, 0.7)

GridMask = Callable[[int, Tensor, int, float, torch.Generator], Tensor]
"""(n, places of the channels (n_channels, 3), n_patches, ratio, generator) -> hidden (n, n_channels, n_patches)."""


def per_channel(n: int, place: Tensor, n_patches: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide patches of each channel by itself.

    Parameters
    ----------
    n : int
        Windows.
    place : Tensor, shape (n_channels, 3)
        Places on the unit sphere, without unit; only their number counts here.
    n_patches : int
        Patches of a channel.
    ratio : float
        Share that is hidden, in 0..1; at least one patch stays.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor of bool, shape (n, n_channels, n_patches)
        True where hidden; equally many in every channel.
    """
    rank = torch.rand(n, len(place), n_patches, generator=generator, device=generator.device).argsort(-1).argsort(-1)
    return rank >= n_kept(n_patches, ratio)


def tube(n: int, place: Tensor, n_patches: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide the same moments of all channels.

    Parameters
    ----------
    n : int
        Windows.
    place : Tensor, shape (n_channels, 3)
        Places on the unit sphere, without unit; only their number counts here.
    n_patches : int
        Patches of a channel.
    ratio : float
        As in `per_channel`; `TUBE_SHARE` of it is hidden.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor of bool, shape (n, n_channels, n_patches)
        True where hidden.
    """
    one = per_channel(n, place[:1], n_patches, TUBE_SHARE * ratio, generator)
    return one.expand(-1, len(place), -1)


def block(n: int, place: Tensor, n_patches: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide regions of neighbouring channels over stretches of time.

    Parameters
    ----------
    n : int
        Windows.
    place : Tensor, shape (n_channels, 3)
        Places on the unit sphere, without unit: a region is a channel and those nearest to it.
    n_patches : int
        Patches of a channel.
    ratio : float
        Share that is hidden, in 0..1.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor of bool, shape (n, n_channels, n_patches)
        True where hidden; equally many in every window, and one patch of every channel stays where the ratio allows.

    Notes
    -----
    Blocks of a third of the channels and half the time are laid down one after the other until enough is covered (cf. S-JEPA,
    arXiv:2403.11772); what the last one covers too much of is given back by chance.
    """
    n_channels = len(place)
    n_hidden = n_channels * (n_patches - n_kept(n_patches, ratio))
    order = torch.full((n, n_channels, n_patches), float("inf"), device=place.device)
    for number in range(8 * _N_BLOCKS):
        new = _blocks(n, place, n_patches, generator)
        order = torch.where(new & order.isinf(), torch.full_like(order, float(number)), order)
    chance = torch.rand(order.shape, generator=generator, device=place.device)
    spared = per_channel(n, place, n_patches, 1 - 1 / n_patches, generator).logical_not()  # one patch a channel
    urgency = order.clamp_max(1e3) + chance + 1e4 * spared
    return _smallest(urgency.flatten(1), n_hidden).reshape(order.shape)


def _blocks(n: int, place: Tensor, n_patches: int, generator: torch.Generator) -> Tensor:
    """One block in each window, as bool (n, n_channels, n_patches)."""
    n_channels = len(place)
    near = torch.cdist(place, place).argsort(dim=1).argsort(dim=1)  # (n_channels, n_channels): rank of the distance
    seed = torch.randint(n_channels, (n,), generator=generator, device=place.device)
    channels = near[seed] < max(1, round(n_channels / 3))  # (n, n_channels)
    length = max(1, n_patches // 2)
    start = torch.randint(n_patches - length + 1, (n, 1), generator=generator, device=place.device)
    moment = torch.arange(n_patches, device=place.device)
    times = (moment >= start) & (moment < start + length)  # (n, n_patches)
    return channels[:, :, None] & times[:, None, :]


def _smallest(values: Tensor, count: int) -> Tensor:
    return values.argsort(dim=-1).argsort(dim=-1) < count


MASKS: dict[str, GridMask] = {"per_channel": per_channel, "tube": tube, "block": block}
"""The masks of masked autoencoding by name."""


def draw_mask(name: str, n: int, place: Tensor, n_patches: int, *, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide patches in one of the ways, or in one drawn for the batch.

    Parameters
    ----------
    name : {'per_channel', 'tube', 'block', 'mixed'}
        Which.
    n : int
        Windows.
    place : Tensor, shape (n_channels, 3)
        Places on the unit sphere, without unit.
    n_patches : int
        Patches of a channel.
    ratio : float
        Share that is hidden, in 0..1.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor of bool, shape (n, n_channels, n_patches)
        True where hidden; equally many in every window.
    """
    if name == "mixed":
        names = sorted(MASKS)
        name = names[int(torch.randint(len(names), (1,), generator=generator, device=generator.device))]
    return MASKS[name](n, place, n_patches, ratio, generator)


def n_kept(n_patches: int, ratio: float) -> int:
    """Return how many patches of a channel stay: at least one, and one less than all at most.

    Parameters
    ----------
    n_patches : int
        Patches of a channel.
    ratio : float
        Share that is hidden, in 0..1.

    Examples
    --------
    >>> n_kept(16, 0.75), n_kept(16, 0.99), n_kept(2, 0.1)
    (4, 1, 1)
    """
    return min(n_patches - 1, max(1, round(n_patches * (1 - ratio))))


def hidden_moments(name: str, n_patches: int, generator: torch.Generator) -> Tensor:
    """Draw the moments that a predictor must fill in, the same for all channels and windows of a batch.

    Parameters
    ----------
    name : {'block', 'random'}
        The union of four blocks of 17.5 to 22.5 % of the window, or 60 to 70 % of the moments.
    n_patches : int
        Moments of a window; at least six.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor of bool, shape (n_patches,)
        True where hidden: two at least, and four stay.

    Notes
    -----
    A block may start anywhere that it fits, the last place included; the original leaves that one out and so never asks for the last
    patch (Kim 2024, arXiv:2410.08559).
    """
    if n_patches < FEWEST_VISIBLE + FEWEST_MASKED:
        raise ValueError(f"{FEWEST_VISIBLE + FEWEST_MASKED} patches are needed to hide some of them; got {n_patches}.")
    drawn = _union(n_patches, generator) if name == "block" else _singles(n_patches, generator)
    chance = torch.rand(n_patches, generator=generator, device=generator.device)
    n_hidden = min(max(int(drawn.sum()), FEWEST_MASKED), n_patches - FEWEST_VISIBLE)
    return _smallest(chance - drawn.float(), n_hidden)  # what was drawn first, then others


def _union(n_patches: int, generator: torch.Generator) -> Tensor:
    moment = torch.arange(n_patches, device=generator.device)
    hidden = torch.zeros(n_patches, dtype=torch.bool, device=generator.device)
    for _ in range(_N_BLOCKS):
        length = max(1, int(n_patches * _uniform(_BLOCK_SHARE, generator)))
        start = int(torch.randint(n_patches - length + 1, (1,), generator=generator, device=generator.device))
        hidden |= (moment >= start) & (moment < start + length)
    return hidden


def _singles(n_patches: int, generator: torch.Generator) -> Tensor:
    count = round(n_patches * _uniform(_RANDOM_SHARE, generator))
    return _smallest(torch.rand(n_patches, generator=generator, device=generator.device), count)


def _uniform(bounds: tuple[float, float], generator: torch.Generator) -> float:
    low, high = bounds
    return low + (high - low) * float(torch.rand(1, generator=generator, device=generator.device))


def visible_numbers(hidden: Tensor) -> Tensor:
    """Return the numbers of the tokens that are seen.

    Parameters
    ----------
    hidden : Tensor of bool, shape (n, n_tokens)
        Equally many in every window.

    Returns
    -------
    Tensor of int64, shape (n, n_visible)
        Indices in rising order.
    """
    return hidden.logical_not().nonzero()[:, 1].reshape(len(hidden), -1)

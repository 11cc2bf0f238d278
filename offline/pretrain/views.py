"""Augmentations: changes that leave the state of the person as it is.

Their strengths assume normalised features, of about unit variance.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sclcm_core.errors import ConfigError, nearest

Augmentation = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""(features (n, n_bands, n_columns, n_frames), group (n,), generator) -> features of the same shape."""

FEWEST_COLUMNS_TO_MASK = 6


def mix_windows(features: Tensor, group: Tensor, generator: torch.Generator) -> Tensor:
    """Blend each window with another one of its group.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Groups; a window that is alone in its group stays as it is.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor, same shape
        ``(1 - a) x + a x'`` with ``a`` uniform in 0..0.5, one a window.
    """
    share = 0.5 * torch.rand(len(features), 1, 1, 1, generator=generator, device=features.device)
    return torch.lerp(features, features[_partners(group, generator)], share)


def add_noise(features: Tensor, group: Tensor, generator: torch.Generator, *, sd: float = 0.2) -> Tensor:
    """Add white noise to every value.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Source of chance.
    sd : float
        Standard deviation of the noise, without unit.

    Returns
    -------
    Tensor, same shape
        ``x + N(0, sd)``.
    """
    return features + sd * torch.randn(features.shape, generator=generator, device=features.device)


def mask_channels(features: Tensor, group: Tensor, generator: torch.Generator) -> Tensor:
    """Silence some columns in all bands: electrodes fall off.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit; with fewer than six columns they stay as they are.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor, same shape
        One to a fifth of the columns are 0, the average; each column is as likely as any other.
    """
    n, _, n_columns, _ = features.shape
    if n_columns < FEWEST_COLUMNS_TO_MASK:
        return features
    most = max(1, n_columns // 5)
    n_masked = torch.randint(1, most + 1, (n, 1), generator=generator, device=features.device)
    rank = torch.rand(n, n_columns, generator=generator, device=features.device).argsort(1).argsort(1)  # (n, n_columns)
    return features * (rank >= n_masked)[:, None, :, None]


def warp_magnitude(features: Tensor, group: Tensor, generator: torch.Generator, *, sd: float = 0.2) -> Tensor:
    """Scale each frame by its own factor.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Source of chance.
    sd : float
        Standard deviation of the factor, without unit.

    Returns
    -------
    Tensor, same shape
        ``x N(1, sd)``, the factor shared by bands and columns.
    """
    shape = (len(features), 1, 1, features.shape[-1])
    return features * (1 + sd * torch.randn(shape, generator=generator, device=features.device))


def shift_level(features: Tensor, group: Tensor, generator: torch.Generator, *, sd: float = 0.3) -> Tensor:
    """Shift each band and column by a constant: another cap, another impedance, another person's level.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Source of chance.
    sd : float
        Standard deviation of the shift, without unit.

    Returns
    -------
    Tensor, same shape
        ``x + N(0, sd)``, the shift shared by the frames.
    """
    shape = (*features.shape[:3], 1)
    return features + sd * torch.randn(shape, generator=generator, device=features.device)


def flip_sign(features: Tensor, group: Tensor, generator: torch.Generator) -> Tensor:
    """Negate every value. Of no meaning for log-power; there for the comparison with the original.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Not used.

    Returns
    -------
    Tensor, same shape
        ``-x``.
    """
    return -features


def roll_channels(features: Tensor, group: Tensor, generator: torch.Generator) -> Tensor:
    """Roll the columns by half their number, as the original's ``shuffle_channels`` does.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Not used.

    Returns
    -------
    Tensor, same shape
        The second half of the columns first.
    """
    return features.roll(features.shape[2] // 2, dims=2)


def roll_bands(features: Tensor, group: Tensor, generator: torch.Generator) -> Tensor:
    """Roll the bands by half their number, as the original's ``shuffle_frequences`` does.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Not looked at.
    generator : torch.Generator
        Not used.

    Returns
    -------
    Tensor, same shape
        The second half of the bands first.
    """
    return features.roll(features.shape[1] // 2, dims=1)


AUGMENTATIONS: dict[str, Augmentation] = {
    "mix_windows": mix_windows,
    "add_noise": add_noise,
    "mask_channels": mask_channels,
    "warp_magnitude": warp_magnitude,
    "shift_level": shift_level,
    "flip_sign": flip_sign,
    "roll_channels": roll_channels,
    "roll_bands": roll_bands,
}
"""All augmentations by name. The first three are SCLCM's default."""


def augmentations(names: tuple[str, ...]) -> tuple[Augmentation, ...]:
    """Look up augmentations; raise `ConfigError` for a name that is not known."""
    for name in names:
        if name not in AUGMENTATIONS:
            raise ConfigError(f"There is no augmentation '{name}'.", nearest(name, AUGMENTATIONS))
    return tuple(AUGMENTATIONS[name] for name in names)


def random_view(features: Tensor, group: Tensor, choices: tuple[Augmentation, ...], generator: torch.Generator) -> Tensor:
    """Return a view of each window, made by one augmentation drawn for it.

    Parameters
    ----------
    features : Tensor, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    group : Tensor of int64, shape (n,)
        Groups, for augmentations that mix.
    choices : tuple of Augmentation
        What may be drawn; none leaves the windows as they are.
    generator : torch.Generator
        Source of chance.

    Returns
    -------
    Tensor, same shape
        The views.
    """
    if not choices:
        return features
    drawn = torch.randint(len(choices), (len(features),), generator=generator, device=features.device)
    out = features
    for index, augment in enumerate(choices):
        out = torch.where((drawn == index)[:, None, None, None], augment(features, group, generator), out)
    return out


def _partners(group: Tensor, generator: torch.Generator) -> Tensor:
    """Draw for each item another one of its group; itself where there is none."""
    mates = group[:, None] == group[None, :]
    mates.fill_diagonal_(False)
    alone = ~mates.any(dim=1)
    odds = mates.float() + torch.diag(alone.float())
    return torch.multinomial(odds, 1, generator=generator)[:, 0]

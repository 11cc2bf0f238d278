"""Band powers of scalp regions, patch by patch: what a transformer may be given beside the signal itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sclcm_core.bands import SEED_BANDS
from sclcm_core.models.channel_code import places

REGIONS = ("left frontal", "right frontal", "left temporal", "right temporal", "central", "parieto-occipital")
"""The regions, in the order of their numbers."""

_FRONT, _BACK, _SIDE = 0.35, -0.35, 0.75
_SMALLEST_POWER = 1e-6


def region_of(place: list[float]) -> str:
    """Return the region that a place on the scalp belongs to.

    Parameters
    ----------
    place : list of float
        Right, front and up on the unit sphere, without unit.

    Examples
    --------
    >>> [region_of(place) for place in places(("F7", "C4", "T8", "Oz"))]
    ['left frontal', 'central', 'right temporal', 'parieto-occipital']
    """
    right, front, _ = place
    side = "left" if right < 0 else "right"
    if front > _FRONT:
        return f"{side} frontal"
    if front < _BACK:
        return "parieto-occipital"
    return f"{side} temporal" if abs(right) > _SIDE else "central"


def regions(ch_names: tuple[str, ...]) -> list[int]:
    """Return the number of each channel's region, in `REGIONS`."""
    return [REGIONS.index(region_of(place)) for place in places(ch_names)]


class RegionPowers(nn.Module):
    """Log-power in bands, averaged over the channels of each region.

    Parameters
    ----------
    ch_names : tuple of str
        Channels.
    n_in_patch : int
        Samples of a patch.
    sfreq : float
        Sampling rate in Hz.

    Notes
    -----
    ``ln(mean |rFFT|² / n + 1e-6)`` over the bins of each band, from the samples of the patch alone: a longer stretch would tell of a
    masked patch through its neighbours. A patch of 0.25 s resolves 4 Hz; a band without a bin is left out. `fit` takes mean and
    standard deviation from training windows; until then they are 0 and 1.
    """

    number: Tensor
    member: Tensor
    basis: Tensor
    in_band: Tensor
    mean: Tensor
    sd: Tensor

    def __init__(self, ch_names: tuple[str, ...], n_in_patch: int, sfreq: float) -> None:
        super().__init__()
        of_channel = torch.tensor(regions(ch_names))
        number = torch.tensor(sorted(set(of_channel.tolist())))
        member = (of_channel[None, :] == number[:, None]).float()
        self.register_buffer("number", number, persistent=False)
        self.register_buffer("member", member / member.sum(dim=1, keepdim=True), persistent=False)
        hz = torch.arange(n_in_patch // 2 + 1, dtype=torch.float64) * sfreq / n_in_patch
        lowest = torch.tensor([0.0, *(band.low for band in SEED_BANDS[1:]), SEED_BANDS[-1].high], dtype=torch.float64)
        band = torch.bucketize(hz, lowest, right=True) - 1
        kept = torch.tensor(sorted(set(band[band < len(SEED_BANDS)].tolist())))
        in_band = (band[:, None] == kept[None, :]).float()
        self.register_buffer("in_band", in_band / in_band.sum(dim=0), persistent=False)
        phase = 2 * math.pi * torch.arange(n_in_patch, dtype=torch.float64)[:, None] * hz / sfreq
        basis = torch.stack([phase.cos(), phase.sin()]) / math.sqrt(n_in_patch)
        self.register_buffer("basis", basis.float(), persistent=False)
        self.n_bands = len(kept)
        self.register_buffer("mean", torch.zeros(len(REGIONS), self.n_bands))
        self.register_buffer("sd", torch.ones(len(REGIONS), self.n_bands))

    @property
    def n_regions(self) -> int:
        """Number of regions that have a channel."""
        return len(self.number)

    def log_power(self, features: Tensor) -> Tensor:
        """Return the log-powers as they are.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_regions, n_patches, n_bands)
            Natural logarithm of the power, without unit.
        """
        patches = features.permute(0, 2, 3, 1)  # (n, n_channels, n_patches, n_in_patch)
        power = (patches @ self.basis[0]) ** 2 + (patches @ self.basis[1]) ** 2  # (..., n_bins)
        logs = (power @ self.in_band + _SMALLEST_POWER).log()  # (n, n_channels, n_patches, n_bands)
        n, _, n_patches, n_bands = logs.shape
        return (self.member @ logs.flatten(2)).reshape(n, -1, n_patches, n_bands)

    @torch.no_grad()
    def fit(self, features: Tensor) -> None:
        """Take mean and standard deviation from training windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        """
        logs = self.log_power(features).transpose(0, 1).flatten(1, 2)  # (n_regions, n * n_patches, n_bands)
        self.mean[self.number] = logs.mean(dim=1)
        self.sd[self.number] = logs.std(dim=1).clamp_min(1e-3)

    def forward(self, features: Tensor) -> Tensor:
        """Return the log-powers, standardised.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_regions, n_patches, n_bands)
            Without unit.
        """
        mean, sd = self.mean[self.number][:, None], self.sd[self.number][:, None]
        return (self.log_power(features) - mean) / sd

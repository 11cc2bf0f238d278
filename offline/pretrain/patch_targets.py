"""What is predicted of a hidden patch: its waveform and its spectrum."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST_VARIANCE = 1e-6
_SMALLEST_AMPLITUDE = 1e-3


def patches(features: Tensor) -> Tensor:
    """Lay raw windows out patch by patch.

    Parameters
    ----------
    features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
        Normalised samples, without unit.

    Returns
    -------
    Tensor, shape (n, n_channels, n_patches, n_in_patch)
        The same samples.
    """
    return features.permute(0, 2, 3, 1)


def norm_patch(patch: Tensor) -> Tensor:
    """Return waveforms without their level and scale.

    Parameters
    ----------
    patch : Tensor, shape (..., n_in_patch)
        Samples, of any unit.

    Returns
    -------
    Tensor, same shape
        ``(x - mean) / sqrt(var + 1e-6)`` with the unbiased variance of the patch (ST-MEM, arXiv:2402.09450); without unit.
    """
    centred = patch - patch.mean(dim=-1, keepdim=True)
    return centred / (patch.var(dim=-1, keepdim=True) + SMALLEST_VARIANCE).sqrt()


def log_spectrum(patch: Tensor) -> Tensor:
    """Return the log-amplitudes of patches, which carry their level and scale.

    Parameters
    ----------
    patch : Tensor, shape (..., n_in_patch)
        Normalised samples, without unit.

    Returns
    -------
    Tensor, shape (..., n_in_patch // 2 + 1)
        ``ln(|rFFT| / sqrt(n) + 1e-3)``, without unit.
    """
    wide = patch.to(torch.promote_types(patch.dtype, torch.float32))
    amplitude: Tensor = torch.fft.rfft(wide, norm="ortho").abs()
    return (amplitude + _SMALLEST_AMPLITUDE).log()


def masked_mse(predicted: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
    """Return the squared error at hidden patches.

    Parameters
    ----------
    predicted, target : Tensor, shape (..., n_values)
        Patch by patch, without unit.
    hidden : Tensor of bool, shape (...)
        The patches that count.

    Returns
    -------
    Tensor, shape ()
        Mean over the values of a patch, then over hidden patches; without unit. Visible patches have no part in it.
    """
    by_patch = ((predicted - target) ** 2).mean(dim=-1)
    return torch.where(hidden, by_patch, torch.zeros_like(by_patch)).sum() / hidden.sum().clamp_min(1)

"""What is done to a network before it is exported: the same answers by less work."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def fold_batchnorm(network: nn.Module) -> nn.Module:
    """Return a copy of a network, in evaluation mode, whose BatchNorms have gone into the layers before them.

    Parameters
    ----------
    network : nn.Module
        Every BatchNorm in it must directly follow a convolution or a linear layer in an ``nn.Sequential``.

    Returns
    -------
    nn.Module
        Answers as the network in evaluation mode does, up to rounding.

    Raises
    ------
    ValueError
        When a BatchNorm is left that cannot be folded.

    Notes
    -----
    ``w' = w γ / sqrt(v + ε)``, ``b' = (b - μ) γ / sqrt(v + ε) + β`` (Jacob et al. 2018, doi:10.1109/CVPR.2018.00286).
    Unfolded, it makes the int8 network about 1.5 times slower.
    """
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold_neighbours(module)
    left = [name for name, module in folded.named_modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    if left:
        raise ValueError(f"BatchNorm without a foldable layer before it: {', '.join(left)}.")
    return folded


def pool_before_relu(network: nn.Module) -> nn.Module:
    """Return a copy of a network that takes the maximum first and cuts off below zero then.

    Parameters
    ----------
    network : nn.Module
        Any network; each ReLU directly before a MaxPool in an ``nn.Sequential`` changes places with it.

    Returns
    -------
    nn.Module
        Gives the same answers, bit for bit: both only choose among values, and neither changes their order.

    Notes
    -----
    There is half as much to cut off, and the int8 network stays in whole numbers from a convolution through its pooling: on the
    original's shape, 2 x 250 frames, one window took 80 µs instead of 149.
    """
    swapped = copy.deepcopy(network)
    for module in swapped.modules():
        if isinstance(module, nn.Sequential):
            _swap_neighbours(module)
    return swapped


def _swap_neighbours(sequence: nn.Sequential) -> None:
    for index in range(1, len(sequence)):
        before, after = sequence[index - 1], sequence[index]
        if isinstance(before, nn.ReLU) and isinstance(after, nn.MaxPool2d):
            sequence[index - 1], sequence[index] = after, before


def _fold_neighbours(sequence: nn.Sequential) -> None:
    for index in range(1, len(sequence)):
        before, norm = sequence[index - 1], sequence[index]
        if isinstance(before, nn.Conv2d | nn.Linear) and isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            _fold_into(before, norm)
            sequence[index] = nn.Identity()


@torch.no_grad()
def _fold_into(layer: nn.Conv2d | nn.Linear, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    if norm.running_mean is None or norm.running_var is None or layer.bias is None:
        raise ValueError("Only BatchNorm with running statistics after a layer with a bias folds.")
    scale: Tensor = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # (n_out,)
    layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.dim() - 1)))
    layer.bias.copy_((layer.bias - norm.running_mean) * scale + norm.bias)

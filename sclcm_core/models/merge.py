"""Several networks of one shape as one wide network: the same answers by fewer, larger steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sclcm_core.models.classifier import Ensemble, SclcmClassifier
from sclcm_core.models.encoder import SclcmEncoder
from sclcm_core.models.head import ClassifierHead

Layer = nn.Conv2d | nn.Linear


class MergedEnsemble(nn.Module):
    """The members of an ensemble side by side in grouped convolutions.

    Parameters
    ----------
    members : sequence of SclcmClassifier
        Two or more of one shape, their BatchNorms folded.

    Notes
    -----
    A small network's time goes into calling its steps, not into computing them. Four members of 19 channels took 159 µs a window in
    int8 one after the other and 53 side by side, 75 and 61 in float32.
    """

    def __init__(self, members: Sequence[SclcmClassifier]) -> None:
        super().__init__()
        encoders = [member.encoder for member in members if isinstance(member.encoder, SclcmEncoder)]
        self.pooling = encoders[0].pooling
        self.blocks = nn.Sequential(*_block(encoders, 0), *_block(encoders, 1))
        self.embed = _grouped([encoder.embed[0] for encoder in encoders])
        layers = [_layers(member.head) for member in members]
        self.hidden = nn.ModuleList(_grouped([own[k] for own in layers]) for k in range(len(layers[0]) - 1))
        self.last = _averaged([own[-1] for own in layers])

    def forward(self, features: Tensor) -> Tensor:
        """Score windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        planes = self.blocks(features)  # (n, n_members * widths[1], columns, frames)
        if self.pooling == "mean":
            planes = planes.mean(dim=-1)
        wide = self.embed(planes.flatten(1)[:, :, None, None])  # (n, n_members * n_embedding, 1, 1)
        for layer in self.hidden:
            wide = torch.relu(layer(wide))
        logits: Tensor = self.last(wide.flatten(1))
        return logits


def merge_members(network: nn.Module) -> nn.Module:
    """Put the members of an ensemble side by side where they have one shape; return any other network as it is.

    Parameters
    ----------
    network : nn.Module
        BatchNorms folded, in evaluation mode.

    Returns
    -------
    nn.Module
        Gives the same answers, up to rounding.
    """
    if not isinstance(network, Ensemble) or len(network.members) == 1:
        return network
    members = [member for member in network.members if isinstance(member, SclcmClassifier)]
    shapes = {str(member) for member in members}
    plain = all(type(member.encoder) is SclcmEncoder and isinstance(member.head, ClassifierHead) for member in members)
    if len(members) < len(network.members) or len(shapes) > 1 or not plain:
        return network
    return MergedEnsemble(members).eval()


def _block(encoders: Sequence[SclcmEncoder], number: int) -> list[nn.Module]:
    blocks = [list(encoder.blocks[number].children()) for encoder in encoders]
    layers = [module for block in blocks for module in block if isinstance(module, nn.Conv2d)]
    rest = [module for module in blocks[0] if isinstance(module, nn.ReLU | nn.MaxPool2d)]
    return [_stacked(layers, 1 if number == 0 else len(encoders)), *rest]


def _layers(head: nn.Module) -> list[nn.Linear]:
    return [module for module in head.modules() if isinstance(module, nn.Linear)]


def _stacked(layers: Sequence[nn.Conv2d], n_groups: int) -> nn.Conv2d:
    """Return one convolution; with one group all members look at the same planes, with more each at its own."""
    first = layers[0]
    return _filled(
        nn.Conv2d(
            first.in_channels * n_groups,
            first.out_channels * len(layers),
            (first.kernel_size[0], first.kernel_size[1]),
            padding=first.padding,  # type: ignore[arg-type]
            groups=n_groups,
        ),
        layers,
        lambda weight: weight,
    )


def _grouped(layers: Sequence[nn.Module]) -> nn.Conv2d:
    """Return dense layers as one convolution over a single place, in which each member sees its own planes."""
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    n = len(linear)
    made = nn.Conv2d(linear[0].in_features * n, linear[0].out_features * n, 1, groups=n)
    return _filled(made, linear, lambda weight: weight[:, :, None, None])


@torch.no_grad()
def _filled(made: nn.Conv2d, layers: Sequence[Layer], shaped: Callable[[Tensor], Tensor]) -> nn.Conv2d:
    made.weight.copy_(torch.cat([shaped(layer.weight) for layer in layers]))
    if made.bias is not None:
        made.bias.copy_(torch.cat([layer.bias for layer in layers if layer.bias is not None]))
    return made


@torch.no_grad()
def _averaged(layers: Sequence[nn.Linear]) -> nn.Linear:
    """Return the last layers as one that sees all members and answers with their mean."""
    made = nn.Linear(layers[0].in_features * len(layers), layers[0].out_features)
    made.weight.copy_(torch.cat([layer.weight for layer in layers], dim=1) / len(layers))
    made.bias.copy_(torch.stack([layer.bias for layer in layers]).mean(dim=0))
    return made

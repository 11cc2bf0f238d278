"""Finetuning under rounding: the network learns to do well with the eight bits that it will be given."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, cross_entropy, linear

from offline.config import FinetuneConfig, RunConfig
from offline.finetune.classify import class_weights
from offline.finetune.fit import FitData
from offline.quantize.export import exportable
from offline.seeds import Seed
from offline.training import Trainer, Validation, pick_device
from offline.training.inputs import Inputs, joined
from offline.training.task import Indices
from sclcm_core.types import Float32Array

LR_SHARE = 0.1
"""Learning rate of this last stage over that of finetuning's encoder: the network is nearly where it shall be."""

LIMIT_LR = 1e-2
"""Learning rate of the logarithm of a range."""

_STEPS = 127
_N_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class RoundedFit:
    """What finetuning under rounding ends in.

    Parameters
    ----------
    network : nn.Module
        Float32 and plain, ready for export.
    limits : list of (float, float)
        For each layer with weights, in the order of calls: the largest absolute value of its input and of its output that int8 shall
        hold; what is larger is cut off.
    """

    network: nn.Module
    limits: list[tuple[float, float]]


def finetune_rounded(config: RunConfig, network: nn.Module, data: FitData, calibration: Float32Array, seed: Seed) -> RoundedFit:
    """Finetune a network while its weights and activations are rounded as int8 will round them.

    Parameters
    ----------
    config : RunConfig
        Its ``quantize.aware_epochs`` say how long, the rest is that of finetuning.
    network : nn.Module
        Finetuned; it is not changed.
    data : FitData
        What it may see.
    calibration : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised training windows on which the first ranges are found.
    seed : Seed
        Determines order.

    Returns
    -------
    RoundedFit
        The network and its ranges.

    Notes
    -----
    Rounding has no gradient; it is taken for the identity on the way back (straight-through, Bengio et al. 2013, arXiv:1308.3432;
    Jacob et al. 2018, doi:10.1109/CVPR.2018.00286). Ranges are learnt with the weights (Esser et al. 2020, arXiv:1902.08153), from
    `best_limit` on.
    """
    plain = exportable(network)
    rounded = with_rounding(plain, calibration)
    settings = config.finetune.model_copy(update={"epochs": config.quantize.aware_epochs, "warmup_share": 0.0})
    task = _RoundedTask(rounded, settings, joined(list(data.labelled)), data.n_classes)
    Trainer(task, settings, seed.of("aware")).fit(stop_after=config.quantize.aware_epochs)
    layers = list(_rounded_layers(rounded))
    limits = [(float(layer.log_in.detach().exp()), float(layer.log_out.detach().exp())) for layer in layers]
    return RoundedFit(_swapped(rounded, RoundedLayer, lambda layer: layer.layer).cpu().eval(), limits)


class RoundedLayer(nn.Module):
    """A layer whose input, weights and output are rounded as in int8.

    Parameters
    ----------
    layer : nn.Conv2d or nn.Linear
        The layer.
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.log_in = nn.Parameter(torch.zeros(()))
        self.log_out = nn.Parameter(torch.zeros(()))
        self.is_rounding = False
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, values: Tensor) -> Tensor:
        """Compute the layer.

        Parameters
        ----------
        values : Tensor, shape (n, n_planes, height, width) or (n, n_in)
            Activations, without unit.

        Returns
        -------
        Tensor, shape (n, n_out, height, width) or (n, n_out)
            Likewise.
        """
        if not self.is_rounding:
            out: Tensor = self.layer(values)
            self.seen.append((values.detach(), out.detach()))
            return out
        values = rounded_values(values, self.log_in.exp() / _STEPS)
        weight = self.layer.weight
        largest = weight.detach().flatten(1).abs().amax(dim=1).clamp_min(1e-12)
        weight = rounded_values(weight, (largest / _STEPS).reshape(-1, *[1] * (weight.dim() - 1)))
        return rounded_values(_apply(self.layer, values, weight), self.log_out.exp() / _STEPS)

    def settle(self) -> None:
        """Take the ranges from what was seen so far, and round from now on."""
        with torch.no_grad():
            for log_limit, parts in zip((self.log_in, self.log_out), zip(*self.seen, strict=True), strict=True):
                log_limit.fill_(best_limit(torch.cat(parts)).log())
        self.seen.clear()
        self.is_rounding = True


def best_limit(values: Tensor) -> Tensor:
    """Find the range in which rounding costs least.

    Parameters
    ----------
    values : Tensor, shape (n, ...)
        Activations of windows, in any unit.

    Returns
    -------
    Tensor, shape ()
        The largest absolute value to hold, in the same unit: that with the least mean over the windows of squared error over squared
        size. Each window counts alike, so that one with a spike cannot take the steps from all others.
    """
    flat = values.flatten(1)
    size = flat.square().sum(dim=1).clamp_min(1e-12)
    limits = flat.abs().max().clamp_min(1e-6) * 2.0 ** -torch.arange(0, _N_HALVINGS, 0.25, device=flat.device)
    errors = [((rounded_values(flat, limit / _STEPS) - flat).square().sum(dim=1) / size).mean() for limit in limits]
    return limits[int(torch.stack(errors).argmin())]


def rounded_values(values: Tensor, step: Tensor) -> Tensor:
    """Round to whole steps, at most 127 to each side; gradients pass as if it were only cut off.

    Parameters
    ----------
    values : Tensor, any shape
        What to round, in any unit.
    step : Tensor, of a shape that goes with it
        Size of a step, in the same unit; positive.

    Returns
    -------
    Tensor, same shape as values
        Multiples of `step`.
    """
    scaled = (values / step).clamp(-_STEPS, _STEPS)
    return (scaled + (scaled.round() - scaled).detach()) * step


@torch.no_grad()
def with_rounding(network: nn.Module, calibration: Float32Array) -> nn.Module:
    """Return a copy of a network in which every layer with weights rounds.

    Parameters
    ----------
    network : nn.Module
        BatchNorm folded.
    calibration : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised windows on which the first ranges are found.
    """
    copied = _swapped(copy.deepcopy(network), nn.Conv2d | nn.Linear, RoundedLayer)
    copied.eval()(torch.from_numpy(calibration))
    for layer in _rounded_layers(copied):
        layer.settle()
    return copied


def _apply(layer: nn.Conv2d | nn.Linear, values: Tensor, weight: Tensor) -> Tensor:
    if isinstance(layer, nn.Conv2d):
        return conv2d(values, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)
    return linear(values, weight, layer.bias)


def _swapped(network: nn.Module, kind: Any, make: Callable[[Any], nn.Module]) -> nn.Module:
    """Replace every part of a kind, in place."""
    for name, child in network.named_children():
        if isinstance(child, kind):
            setattr(network, name, make(child))
        else:
            _swapped(child, kind, make)
    return network


def _rounded_layers(network: nn.Module) -> Iterator[RoundedLayer]:
    return (module for module in network.modules() if isinstance(module, RoundedLayer))


class _RoundedTask:
    """Cross-entropy of a network that rounds; all of it learns, and there is nobody to validate on."""

    def __init__(self, network: nn.Module, config: FinetuneConfig, train: Inputs, n_classes: int) -> None:
        device = pick_device(config.device)
        self._network, self._config = network, config
        self._features, self._label = (torch.from_numpy(a).to(device) for a in (train.features, train.label))
        self._weights = class_weights(train.label, n_classes).to(device) if config.class_weights else None

    @property
    def network(self) -> nn.Module:
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        limits = [p for layer in _rounded_layers(self._network) for p in (layer.log_in, layer.log_out)]
        others: Sequence[nn.Parameter] = [p for p in self._network.parameters() if all(p is not limit for limit in limits)]
        return [
            {"params": others, "lr": LR_SHARE * self._config.encoder_lr},
            {"params": limits, "lr": LIMIT_LR, "weight_decay": 0.0},
        ]

    @property
    def n_batches(self) -> int:
        return max(1, len(self._label) // self._config.batch_size)

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        order = rng.permutation(len(self._label))
        for number in range(self.n_batches):
            yield order[number * self._config.batch_size : (number + 1) * self._config.batch_size]

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        chosen = torch.from_numpy(indices)
        logits = self._network(self._features[chosen]).float()
        smoothing = self._config.label_smoothing
        return cross_entropy(logits, self._label[chosen], weight=self._weights, label_smoothing=smoothing)

    def validate(self) -> Validation | None:
        return None

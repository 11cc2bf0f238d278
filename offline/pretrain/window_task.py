"""What the methods that need no ids share: shuffled windows, one loss a batch, the watch on collapse."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from offline.config import PretrainConfig
from offline.pretrain.method import Setting
from offline.training.collapse import collapse_figures
from offline.training.inputs import Inputs, joined
from offline.training.task import Indices, Validation
from offline.training.trainer import pick_device
from sclcm_core.models import DilatedTcn, PatchTransformer

Made = TypeVar("Made", bound=nn.Module)

BETAS = (0.9, 0.95)
"""How AdamW remembers in masked prediction (He et al. 2022, arXiv:2111.06377)."""


class WindowTask:
    """Self-supervision on windows by themselves.

    Parameters
    ----------
    setting : Setting
        What the method is given; no id and no label is looked at.
    parts : dict of str to nn.Module
        What is trained beside the encoder.
    batch_size : int
        Windows in a batch.
    """

    def __init__(self, setting: Setting, parts: dict[str, nn.Module], batch_size: int) -> None:
        self._setting, self._batch_size = setting, batch_size
        self._config = pretrain_config(setting)
        self._network = nn.ModuleDict({"encoder": setting.encoder, **parts})
        device = pick_device(self._config.device)
        self._train = torch.from_numpy(setting.train.features).to(device)
        judges: Inputs | None = joined(list(setting.validation)) if setting.validation else None
        self._judges = torch.from_numpy(judges.features).to(device) if judges is not None else None

    @property
    def network(self) -> nn.Module:
        """Encoder, and what is trained beside it."""
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the matrices, which decay, and the rest, which does not."""
        trained = [p for p in self._network.parameters() if p.requires_grad]
        shared = {"lr": self._config.lr, "betas": BETAS}
        return [
            {"params": [p for p in trained if p.ndim > 1], **shared},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0, **shared},
        ]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch; a rest comes into another one."""
        return max(1, len(self._train) // self._batch_size)

    @property
    def n_steps(self) -> int:
        """Batches in the longest training that the config allows."""
        return self.n_batches * self._config.epochs

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield shuffled windows."""
        order = rng.permutation(len(self._train))
        for number in range(self.n_batches):
            yield order[number * self._batch_size : (number + 1) * self._batch_size]

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the loss of a batch, shape () and without unit."""
        return self.batch_loss(self._train[torch.from_numpy(indices)], generator)

    def validate(self) -> Validation | None:
        """Return the loss on validation people, with the same masks each time, and how far the embeddings have collapsed."""
        if self._judges is None:
            return None
        losses = [float(self.batch_loss(part, generator)) for part, generator in self.judged_parts()]
        loss = float(np.mean(losses))
        return Validation(-loss, {"validation_loss": loss, **self.embedding_figures()})

    def judged_parts(self) -> Iterator[tuple[Tensor, torch.Generator]]:
        """Yield the windows that the loss is measured on, (n, ...) and without unit: the validation people's, or a batch of training."""
        windows = self._train[: self._batch_size] if self._judges is None else self._judges
        generator = self._setting.seed.of("validation").torch_generator(windows.device.type)
        for part in torch.split(windows, self._batch_size):
            yield part, generator

    @torch.no_grad()
    def embedding_figures(self) -> dict[str, float]:
        """Return the figures of collapse on the validation people."""
        encoder = self._setting.encoder
        return collapse_figures(torch.cat([encoder(part) for part, _ in self.judged_parts()]))

    @abstractmethod
    def batch_loss(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss of windows (n, n_bands, n_columns, n_frames), shape () and without unit."""


def pretrain_config(setting: Setting) -> PretrainConfig:
    """Return the section [pretrain] of a setting's config."""
    if setting.config.pretrain is None:
        raise ValueError("The config has no section [pretrain].")
    return setting.config.pretrain


def fresh(setting: Setting, purpose: str, make: Callable[[], Made]) -> Made:
    """Return what `make` makes, with first weights that the seed determines.

    Parameters
    ----------
    setting : Setting
        Whose seed.
    purpose : str
        What it is for.
    make : callable
        Makes a module.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setting.seed.of(purpose).number())
        return make()


@torch.no_grad()
def settle(encoder: DilatedTcn | PatchTransformer, represented: Tensor) -> None:
    """Let the embedding's mean and spread follow a training that never looks at the embedding itself.

    Parameters
    ----------
    encoder : DilatedTcn or PatchTransformer
        In training mode; in evaluation mode nothing changes.
    represented : Tensor, shape (n, n_tokens, n_embedding)
        What it made of tokens or steps, without unit.
    """
    if encoder.training and len(represented) > 1:
        encoder.embed(represented.detach())

"""What a method tells the trainer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Validation:
    """How a network does on the validation side.

    Parameters
    ----------
    score : float
        What is made as large as possible, without unit.
    figures : mapping of str to float
        What else is worth writing down.
    """

    score: float
    figures: Mapping[str, float] = field(default_factory=dict)


class Task(Protocol):
    """A method on its data: what is trained, on what, by which loss, and how it is judged."""

    @property
    def network(self) -> nn.Module:
        """Everything that is trained."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return groups of parameters with their learning rates, as torch's optimisers take them."""

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield the batches of one epoch: indices of windows, each of shape (n_in_batch,)."""

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the loss of a batch, a tensor of shape () without unit."""

    def validate(self) -> Validation | None:
        """Judge the network in evaluation mode; None where there is no validation side."""


class MethodTask(Task, Protocol):
    """A task of a registered method: it also knows what it would cost to learn nothing.

    In the stage 'pretrain', `validate` reports ``spread``, ``effective_rank`` and ``collapsed`` among its figures. In the stage
    'finetune', `network` is the classifier: windows (n, n_bands, n_columns, n_frames) -> logits (n, n_classes).
    """

    def trivial_loss(self) -> float:
        """Return the loss of the method's trivial solution, without unit."""

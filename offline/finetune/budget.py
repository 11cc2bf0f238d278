"""How long training with few labels lasts: as long as with all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from offline.training.task import Indices, Task, Validation


class Repeated:
    """A task whose epochs are several of another task's.

    Parameters
    ----------
    task : Task
        What is trained.
    n_passes : int
        How many of its epochs make one.
    """

    def __init__(self, task: Task, n_passes: int) -> None:
        self._task, self._n_passes = task, n_passes

    @property
    def network(self) -> nn.Module:
        """What the task trains."""
        return self._task.network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the task's."""
        return self._task.parameter_groups()

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._n_passes * self._task.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield the batches of all passes, each in another order."""
        for _ in range(self._n_passes):
            yield from self._task.batches(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the task's loss of a batch, shape () and without unit."""
        return self._task.loss(indices, generator)

    def validate(self) -> Validation | None:
        """Return what the task's validation says."""
        return self._task.validate()


def lasting(task: Task, n_windows: int) -> Task:
    """Let an epoch of a task draw as many windows as training has, however few of them are labelled.

    Parameters
    ----------
    task : Task
        One whose epochs may be short: with a tenth of the labels, an epoch of cross-entropy is a single batch, and what was meant as
        thirty epochs would be thirty steps.
    n_windows : int
        Windows of the training people, labelled or not.

    Returns
    -------
    Task
        With whole passes over what the task draws, as many as fit; the task itself where its epochs are long enough.

    Notes
    -----
    So the number of steps does not hang on the share of labels, nor on whether a method draws labelled windows alone (cross-entropy) or
    all of them (joint training, distillation): with thirty steps the network without pretraining reached 0.54 on simulated people with a
    tenth of the labels, and 0.57 with as many as all labels give.
    """
    n_drawn = sum(len(batch) for batch in task.batches(np.random.default_rng(0)))
    n_passes = n_windows // max(1, n_drawn)
    return Repeated(task, n_passes) if n_passes > 1 else task

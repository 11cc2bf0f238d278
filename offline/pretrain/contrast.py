"""Contrastive pretraining as a task for the trainer: views, encoder, projector, loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from offline.config import PretrainConfig
from offline.finetune.trial_sampler import TrialSampler
from offline.pretrain.adjacent import adjacent_windows
from offline.pretrain.group_sampler import GroupSampler
from offline.pretrain.pairs import Ids, PairClasses, pair_classes, without_overlaps
from offline.pretrain.views import augmentations, random_view
from offline.seeds import Seed
from offline.training.collapse import collapse_figures
from offline.training.distributed import gather, my_share, n_processes
from offline.training.inputs import Inputs
from offline.training.task import Indices, Validation
from offline.training.trainer import pick_device
from sclcm_core.models import Encoder, Projector

ViewLoss = Callable[[Tensor, Ids, PairClasses, PretrainConfig], Tensor]
"""(projections of all views (n_views * n, d), their ids, their pairs, config) -> loss."""


class Contrast:
    """Contrastive pretraining of an encoder.

    Parameters
    ----------
    encoder : Encoder
        What is trained.
    config : PretrainConfig
        Sampler, views, projector and loss.
    view_loss : callable
        The method.
    train, validation : Inputs
        Windows of training people, and of other people by whom training is stopped; None trains to the end.
    span_s : float
        Length of a window in s: closer windows of a recording share samples and are no pair.
    seed : Seed
        Determines the projector's first weights and the views that validation looks at.
    adjacent : bool
        Whether a window's further views are of the segment next to it, and batches hold one window of a recording, as CLOCS has it. Usually
        they are of the window itself, and batches hold several windows of each group.
    """

    def __init__(
        self,
        encoder: Encoder,
        config: PretrainConfig,
        view_loss: ViewLoss,
        train: Inputs,
        validation: Inputs | None,
        *,
        span_s: float,
        seed: Seed,
        adjacent: bool = False,
    ) -> None:
        self._config, self._view_loss, self._span_s, self._seed = config, view_loss, span_s, seed
        self._network = nn.ModuleDict({"encoder": encoder, "projector": _projector(encoder, config, seed)})
        self._choices = augmentations(config.augmentations)
        make = partial(_Windows, config=config, adjacent_s=span_s if adjacent else None)
        self._train = make(train)
        self._validation = make(validation) if validation is not None else None

    @property
    def network(self) -> nn.Module:
        """Encoder and projector."""
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return one group."""
        return [{"params": list(self._network.parameters()), "lr": self._config.lr}]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._train.sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches of several windows from each of several groups."""
        return self._train.sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the loss of the views of a batch, shape () and without unit; of the whole batch, whoever computes its parts."""
        projections, _, ids = self._project(self._train, my_share(indices), generator)
        return self._loss_of(*self._gathered(projections, ids))

    def validate(self) -> Validation | None:
        """Return the loss on validation people, with the same batches and views each time, and how far it has collapsed."""
        if self._validation is None:
            return None
        seed = self._seed.of("validation")
        generator = seed.torch_generator(self._validation.features.device.type)
        losses, embeddings = [], []
        for indices in self._validation.sampler.epoch(seed.rng()):
            projections, embedded, ids = self._project(self._validation, indices, generator)
            losses.append(float(self._loss_of(projections, ids).detach()))
            embeddings.append(embedded)
        loss = float(np.mean(losses))
        return Validation(-loss, {"validation_loss": loss, **collapse_figures(torch.cat(embeddings))})

    def trivial_loss(self) -> float:
        """Return the loss that orthogonal embeddings would have on the validation people (on the training people without)."""
        windows = self._validation or self._train
        indices = next(windows.sampler.epoch(self._seed.of("validation").rng()))
        ids = windows.ids(indices).repeat(self._config.n_views)
        n = len(ids.window)
        return float(self._loss_of(torch.eye(n, device=ids.window.device), ids))

    def _project(self, windows: _Windows, indices: Indices, generator: torch.Generator) -> tuple[Tensor, Tensor, Ids]:
        ids = windows.ids(indices)
        again = windows.features[windows.again[torch.from_numpy(indices)]]
        views = [
            windows.features[torch.from_numpy(indices)],
            *(random_view(again, ids.group, self._choices, generator) for _ in range(self._config.n_views - 1)),
        ]
        embeddings = self._network["encoder"](torch.cat(views))  # (n_views * n, n_embedding)
        return self._network["projector"](embeddings), embeddings, ids.repeat(self._config.n_views)

    def _gathered(self, projections: Tensor, ids: Ids) -> tuple[Tensor, Ids]:
        if n_processes() == 1:
            return projections, ids
        by_view = [gather(view) for view in projections.chunk(self._config.n_views)]  # each (n, n_projection)
        one_view = Ids(*(gather(values.chunk(self._config.n_views)[0]) for values in ids))
        return torch.cat(by_view), one_view.repeat(self._config.n_views)

    def _loss_of(self, projections: Tensor, ids: Ids) -> Tensor:
        usable = without_overlaps(ids, self._span_s)
        classes = pair_classes(ids.group, ids.subject, ids.stimulus, usable)
        return self._view_loss(projections, ids, classes, self._config)


class _Windows:
    """Inputs as tensors on the device, with their sampler, and of which window the further views of each are."""

    def __init__(self, inputs: Inputs, config: PretrainConfig, adjacent_s: float | None) -> None:
        device = pick_device(config.device)
        group = inputs.trial if config.groups_by == "trial" else _numbered(inputs.subject, inputs.stimulus)
        self.features = torch.from_numpy(inputs.features).to(device)
        arrays = (group, inputs.subject, inputs.stimulus, inputs.window, inputs.recording, inputs.t0)
        self._ids = Ids(*(torch.from_numpy(array).to(device) for array in arrays))
        again = np.arange(len(inputs)) if adjacent_s is None else adjacent_windows(inputs.recording, inputs.t0, adjacent_s)
        self.again = torch.from_numpy(again).to(device)
        self.sampler: GroupSampler | TrialSampler = (
            GroupSampler(group, n_groups=config.n_groups, n_items=config.n_items)
            if adjacent_s is None
            else TrialSampler(inputs.recording, batch_size=config.n_groups * config.n_items, n_per_trial=1)
        )

    def ids(self, indices: Indices) -> Ids:
        """Return the ids of some windows."""
        chosen = torch.from_numpy(indices)
        return Ids(*(ids[chosen] for ids in self._ids))


def _numbered(subject: Indices, stimulus: Indices) -> Indices:
    """Number the pairs of subject and stimulus: SCLCM's own groups, which merge the sessions of a person."""
    return subject * (int(stimulus.max()) + 1) + stimulus


def _projector(encoder: Encoder, config: PretrainConfig, seed: Seed) -> nn.Module:
    if not config.n_projection:
        return nn.Identity()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed.of("projector").number())
        return Projector(encoder.n_embedding, config.n_projection)

"""Finetuning by triplets: a small space in which windows of one class lie together, whoever they are from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from offline.config import FinetuneConfig
from offline.finetune.classify import Classify, network_outputs
from offline.finetune.kin_sampler import KinSampler
from offline.finetune.options import TripletOptions
from offline.finetune.triplet_loss import Kin, triplet_loss
from offline.training.inputs import Inputs
from offline.training.task import Indices, Validation
from sclcm_core.models import SclcmClassifier
from sclcm_core.models.space_head import SpaceHead

MOST_FOR_ANCHORS = 4096
"""Training windows whose places make the anchors."""


class Triplet(Classify):
    """The triplet loss on a `SpaceHead`; classes are then told by the nearest anchor.

    Parameters
    ----------
    network : SclcmClassifier
        With a `SpaceHead`.
    config : FinetuneConfig
        How; in the mode ``'probe'`` the head alone is trained.
    options : TripletOptions
        Mining and margin.
    train : Inputs
        Labelled windows of training people.
    validation : tuple of Inputs
        Windows of other people, one entry a line of normalisation.
    """

    def __init__(
        self,
        network: SclcmClassifier,
        config: FinetuneConfig,
        options: TripletOptions,
        train: Inputs,
        validation: tuple[Inputs, ...],
    ) -> None:
        super().__init__(network, config, train, validation)
        self._options, self._train = options, train
        self._head = cast(SpaceHead, network.head)
        self._subject = torch.from_numpy(train.subject).to(self._label.device)
        self._sampler = KinSampler(train.label, train.subject, train.trial, n_windows=options.n_windows)
        self._active: list[float] = []

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the head's parameters without its scale, which the loss does not know, and the encoder's unless it is frozen."""
        head, *rest = super().parameter_groups()
        return [{**head, "params": list(self._head.into_space.parameters())}, *rest]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches with as many windows of each class."""
        return self._sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the mean cost of the triplets that cost something, shape () and without unit."""
        embedding = self._network.encoder(self.drawn(indices, generator))
        chosen = torch.from_numpy(indices)
        kin = Kin(self._label[chosen], self._subject[chosen], self._trial[chosen])
        options = self._options
        found = triplet_loss(
            self._head.place(embedding),
            kin,
            mining=options.mining,
            margin=options.margin,
            soft=options.soft,
            generator=generator,
        )
        self._active.append(found.active)
        return found.loss

    def validate(self) -> Validation | None:
        """Settle the anchors, then score the validation people; tells the share of triplets that still cost something."""
        self.settle()
        found = super().validate()
        active = float(np.mean(self._active)) if self._active else 0.0
        self._active.clear()
        return Validation(found.score, {**found.figures, "active": active}) if found else None

    def settle(self) -> None:
        """Put the anchors at the means of the training windows' places."""
        n = len(self._train)
        some = np.arange(n) if n <= MOST_FOR_ANCHORS else np.linspace(0, n - 1, MOST_FOR_ANCHORS).astype(np.int64)
        embeddings = torch.from_numpy(network_outputs(self._network.encoder, self._train.features[some]))
        places = self._head.place(embeddings.to(self._label.device))
        self._head.settle(places, self._label[torch.from_numpy(some)])

    def trivial_loss(self) -> float:
        """Return the cost of triplets whose distances are all equal: the margin."""
        return float(np.log(2)) if self._options.soft else self._options.margin

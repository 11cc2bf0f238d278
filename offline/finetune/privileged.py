"""Finetuning with a second modality that is there in training and missing live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softmax

from offline.evaluate.scores import confusion, macro_f1
from offline.finetune.classify import Classify
from offline.finetune.soft_vote import best_weights, soft_vote
from offline.pretrain.method import Setting
from offline.pretrain.modalities import SecondModality, modality_losses, noisy_twin
from offline.pretrain.mrccl_options import MrcclFinetuneOptions
from offline.pretrain.ntxent import ntxent_loss
from offline.training.inputs import Inputs
from offline.training.networks import build_classifier
from offline.training.task import Indices, Validation
from sclcm_core.models import ClassifierHead, Projector, SclcmClassifier
from sclcm_core.models.modality import VectorEncoder
from sclcm_core.types import Float32Array


class Privileged(Classify):
    """Cross-entropy of EEG, second modality and both together, and the contrasts between them; what is kept is the EEG's classifier.

    Parameters
    ----------
    setting : Setting
        What every method is given.
    options : MrcclFinetuneOptions
        The second modality, and how often it is missing.

    Notes
    -----
    ``L = CE_both + (CE_EEG + CE_second) / 2 + 0.1 (across + against noise)``. The parts beside the EEG's classifier are not
    kept: a run that is taken up again after an interruption begins them anew.
    """

    def __init__(self, setting: Setting, options: MrcclFinetuneOptions) -> None:
        if setting.labelled is None:
            raise ValueError("Finetuning needs labelled windows.")
        network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
        super().__init__(network, setting.config.finetune, setting.labelled, setting.validation)
        self._options, self._labels = options, setting.labelled.label
        self._trials = setting.labelled.trial
        second = SecondModality(setting.config, options, setting.train)
        device = self._label.device
        self._vectors = second.of(setting.labelled).to(device)
        self._judged = tuple(second.of(inputs).to(device) for inputs in setting.validation)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.seed.of("privileged").number())
            self._beside = _beside(network, second.n_values).to(device)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return those of the EEG's classifier, and those of the parts beside it."""
        return [*super().parameter_groups(), {"params": list(self._beside.parameters()), "lr": self._config.head_lr}]

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield windows; those of rare classes' trials more often."""
        if not self._options.oversample:
            yield from super().batches(rng)
            return
        weight = oversampling(self._labels, self._trials)
        for _ in range(self.n_batches):
            yield rng.choice(len(weight), min(self._config.batch_size, len(weight)), p=weight)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the sum of cross-entropies and contrasts, shape () and without unit."""
        self._beside.train(self._network.training)
        chosen = torch.from_numpy(indices)
        features, vectors, label = self.drawn(indices, generator), self._vectors[chosen], self._label[chosen]
        embedding, other = self._embeddings(features, vectors)
        missing = torch.rand(len(indices), 1, generator=generator, device=label.device) < self._options.drop
        logits = (
            self._beside["both"](torch.cat([embedding, other.masked_fill(missing, 0.0)], dim=1)),
            self._network.head(embedding),
            self._beside["second_head"](other),
        )
        costs = [cross_entropy(answer.float(), label, label_smoothing=self._config.label_smoothing) for answer in logits]
        noisy = self._embeddings(noisy_twin(features, generator, self._options), noisy_twin(vectors, generator, self._options))
        project = self._beside["projector"]
        clean_places, noisy_places = (tuple(project(e) for e in pair) for pair in ((embedding, other), noisy))
        across, against = modality_losses(
            (clean_places[0], clean_places[1]),
            (noisy_places[0], noisy_places[1]),
            self._trial[chosen],
            tau=self._options.tau,
        )
        contrast = across + self._options.noise_weight * against
        return costs[0] + (costs[1] + costs[2]) / 2 + self._options.contrast_weight * contrast

    def trivial_loss(self) -> float:
        """Return the loss of three answers with the classes' shares from places that are all alike, without unit."""
        first = next(self.batches(np.random.default_rng(0)))
        alike = torch.ones(len(first), 2)
        contrast = ntxent_loss(alike, alike, tau=self._options.tau, group=self._trial.cpu()[torch.from_numpy(first)])
        both = (1 + self._options.noise_weight) * float(contrast)
        return 2 * super().trivial_loss() + self._options.contrast_weight * both

    def _embeddings(self, features: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        return self._network.encoder(features).float(), self._beside["second"](vectors).float()

    def validate(self) -> Validation | None:
        """Score the EEG alone, which is what is kept; tells what both modalities and the weighted vote of all three would reach."""
        found = super().validate()
        if found is None:
            return None
        self._beside.eval()
        inputs, vectors = self._validation[0], self._judged[0]
        answers = self._answers(inputs, vectors)
        n_classes = self._network.head.n_classes
        weights = best_weights(list(answers.values()), inputs.label)
        voted = soft_vote(list(answers.values()), weights).argmax(axis=1)
        figures = {name: macro_f1(confusion(inputs.label, p.argmax(axis=1), n_classes)) for name, p in answers.items()}
        figures["vote"] = macro_f1(confusion(inputs.label, voted, n_classes))
        return Validation(found.score, {**found.figures, **figures})

    @torch.no_grad()
    def _answers(self, inputs: Inputs, vectors: Tensor) -> dict[str, Float32Array]:
        embedding, other = self._embeddings(torch.from_numpy(inputs.features).to(vectors.device), vectors)
        logits = {
            "both": self._beside["both"](torch.cat([embedding, other], dim=1)),
            "both_without_second": self._beside["both"](torch.cat([embedding, torch.zeros_like(other)], dim=1)),
            "second": self._beside["second_head"](other),
            "eeg": self._network.head(embedding),
        }
        return {name: softmax(answer.float(), dim=1).cpu().numpy() for name, answer in logits.items()}


def _beside(network: SclcmClassifier, n_values: int) -> nn.ModuleDict:
    n, n_classes = network.encoder.n_embedding, network.head.n_classes
    return nn.ModuleDict(
        {
            "second": VectorEncoder(n_values, n),
            "second_head": ClassifierHead(n, n_classes, n_hidden=0),
            "both": ClassifierHead(2 * n, n_classes, n_hidden=n),
            "projector": Projector(n),
        }
    )


def oversampling(label: Indices, trial: Indices) -> Any:
    """Return how likely each window is to be drawn.

    Parameters
    ----------
    label, trial : ndarray of int64, shape (n,)
        Classes and trials.

    Returns
    -------
    ndarray of float64, shape (n,)
        Probabilities: classes are equally likely, trials within a class, and windows within a trial.
    """
    _, first, number, counts = np.unique(trial, return_index=True, return_inverse=True, return_counts=True)
    n_trials = np.bincount(label[first], minlength=int(label.max()) + 1)
    weight = 1.0 / (n_trials[label] * counts[number])
    return weight / weight.sum()

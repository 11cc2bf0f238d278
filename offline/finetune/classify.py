"""Supervised training of encoder and head as a task for the trainer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from offline.config import FinetuneConfig
from offline.evaluate.scores import balanced_accuracy, confusion, macro_f1
from offline.pretrain.views import augmentations, random_view
from offline.training.inputs import Inputs
from offline.training.task import Indices, Validation
from offline.training.trainer import pick_device
from sclcm_core.models import SclcmClassifier
from sclcm_core.types import Float32Array


class Classify:
    """Cross-entropy with label smoothing; encoder and head learn at their own rates.

    Parameters
    ----------
    network : SclcmClassifier
        What is trained.
    config : FinetuneConfig
        How.
    train : Inputs
        Windows of training people.
    validation : tuple of Inputs
        Windows of other people, one entry a line of normalisation: the score is the mean over the lines of macro-F1, or of the
        negative cross-entropy in nats where the config stops by the loss. Empty where training does not stop by itself.
    """

    def __init__(self, network: SclcmClassifier, config: FinetuneConfig, train: Inputs, validation: tuple[Inputs, ...]) -> None:
        device = pick_device(config.device)
        self._network, self._config, self._validation = network, config, validation
        self._features = torch.from_numpy(train.features).to(device)
        self._label = torch.from_numpy(train.label).to(device)
        self._trial = torch.from_numpy(train.trial).to(device)
        self._choices = augmentations(config.augmentations)
        self._class_weights = class_weights(train.label, network.head.n_classes).to(device) if config.class_weights else None

    @property
    def network(self) -> nn.Module:
        """Encoder and head."""
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the head's parameters, and the encoder's unless it is frozen."""
        head = {"params": list(self._network.head.parameters()), "lr": self._config.head_lr}
        if self._config.mode == "probe":
            self._network.encoder.requires_grad_(False)
            return [head]
        return [head, {"params": list(self._network.encoder.parameters()), "lr": self._config.encoder_lr}]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch; a rest too small for BatchNorm waits for the next one."""
        return max(1, len(self._label) // self._config.batch_size)

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield shuffled windows."""
        order = rng.permutation(len(self._label))
        for number in range(self.n_batches):
            yield order[number * self._config.batch_size : (number + 1) * self._config.batch_size]

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the cross-entropy of a batch in nats, shape ()."""
        logits = self._network(self.drawn(indices, generator)).float()
        label = self._label[torch.from_numpy(indices)]
        smoothing = self._config.label_smoothing
        return cross_entropy(logits, label, weight=self._class_weights, label_smoothing=smoothing)

    def drawn(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return training windows, augmented where the config says so.

        Parameters
        ----------
        indices : ndarray of int64, shape (n,)
            Which windows.
        generator : torch.Generator
            Source of chance for the augmentations.

        Returns
        -------
        Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.
        """
        if self._config.mode == "probe":
            self._network.encoder.eval()  # a frozen encoder's BatchNorm and dropout stay as they are
        chosen = torch.from_numpy(indices)
        features = self._features[chosen]
        if self._choices:
            features = random_view(features, self._trial[chosen], self._choices, generator)
        return features

    def validate(self) -> Validation | None:
        """Score the validation people along every line."""
        if not self._validation:
            return None
        judged = [self._figures_of(inputs) for inputs in self._validation]
        figures = {name: float(np.mean([figure[name] for figure in judged])) for name in judged[0]}
        score = -figures["validation_loss"] if self._config.stop_by == "loss" else figures["macro_f1"]
        return Validation(score, figures)

    def _figures_of(self, inputs: Inputs) -> dict[str, float]:
        logits = network_outputs(self._network, inputs.features)
        table = confusion(inputs.label, logits.argmax(axis=1), self._network.head.n_classes)
        loss = float(cross_entropy(torch.from_numpy(logits), torch.from_numpy(inputs.label)))
        return {"balanced_accuracy": balanced_accuracy(table), "macro_f1": macro_f1(table), "validation_loss": loss}

    def trivial_loss(self) -> float:
        """Return the cross-entropy in nats of answering with the classes' shares, whatever the window."""
        counts = np.bincount(self._label.cpu().numpy(), minlength=self._network.head.n_classes)
        logits = torch.from_numpy(np.log(np.maximum(counts, 1) / counts.sum())).float().to(self._label.device)
        smoothing = self._config.label_smoothing
        repeated = logits.expand(len(self._label), -1)
        return float(cross_entropy(repeated, self._label, weight=self._class_weights, label_smoothing=smoothing))


def class_weights(label: Indices, n_classes: int) -> Tensor:
    """Weigh classes by the inverse of their frequency.

    Parameters
    ----------
    label : ndarray of int64, shape (n,)
        Classes of the training windows.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor, shape (n_classes,)
        Without unit; 1 for each where all are equally frequent.
    """
    counts = np.bincount(label, minlength=n_classes)
    return torch.tensor(len(label) / (n_classes * np.maximum(counts, 1)), dtype=torch.float32)


@torch.no_grad()
def network_outputs(network: nn.Module, features: Float32Array, *, batch: int = 512) -> Float32Array:
    """Send windows through a network in evaluation mode.

    Parameters
    ----------
    network : nn.Module
        A classifier or an encoder.
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    batch : int
        Windows at a time.

    Returns
    -------
    ndarray of float32, shape (n, n_out)
        Logits or embeddings, without unit.
    """
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    parts = [
        network(torch.from_numpy(features[i : i + batch]).to(device)).float().cpu() for i in range(0, len(features), batch)
    ]
    network.train(was_training)
    out: Float32Array = torch.cat(parts).numpy()
    return out

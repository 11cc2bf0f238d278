"""Self-training: a network labels what it is sure of, and is trained again with it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from offline.config import FinetuneConfig
from offline.evaluate.calibration import fit_temperature
from offline.evaluate.scores import confusion
from offline.finetune.budget import lasting
from offline.finetune.classify import Classify, network_outputs
from offline.finetune.options import SelftrainOptions
from offline.finetune.pseudo_labels import PseudoLabels, accept, class_thresholds
from offline.pretrain.method import Setting
from offline.seeds import Seed
from offline.training.inputs import Inputs, joined
from offline.training.task import Indices, Validation
from offline.training.trainer import Trainer
from sclcm_core.inference.predictor import softmax
from sclcm_core.models import SclcmClassifier
from sclcm_core.types import Float32Array, Float64Array

logger = logging.getLogger(__name__)

NetworkMaker = Callable[[], SclcmClassifier]
"""Returns the classifier as it is before finetuning: pretrained encoder, new head; a new copy each time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round of labelling.

    Parameters
    ----------
    n_trials, n_windows : int
        Accepted trials and their windows.
    n_pool : int
        Windows without labels.
    precision : float
        Share of the pseudo-labels that are right, 0..1; known only in experiments, where labels were hidden. NaN without any.
    score : float
        Macro-F1 on validation people of the network that gave the labels; NaN where there are none.
    """

    n_trials: int
    n_windows: int
    n_pool: int
    precision: float
    score: float


class SelfTrain(Classify):
    """Cross-entropy on labelled windows, and with less weight on pseudo-labelled ones.

    Parameters
    ----------
    network : SclcmClassifier
        What is trained.
    config : FinetuneConfig
        How.
    train : Inputs
        Labelled and pseudo-labelled windows, with the labels that are to be learnt.
    weight : ndarray of float32, shape (n,)
        Weight of each window, in 0..1.
    validation : tuple of Inputs
        Windows of other people, with true labels only.
    rounds : tuple of Round
        How the pseudo-labels came about.
    """

    def __init__(
        self,
        network: SclcmClassifier,
        config: FinetuneConfig,
        train: Inputs,
        *,
        weight: Float32Array,
        validation: tuple[Inputs, ...],
        rounds: tuple[Round, ...] = (),
    ) -> None:
        super().__init__(network, config, train, validation)
        self.rounds = rounds
        self._weight = torch.from_numpy(weight).to(self._label.device)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the weighted cross-entropy of a batch in nats, shape ()."""
        logits = self._network(self.drawn(indices, generator)).float()
        chosen = torch.from_numpy(indices)
        label, weight = self._label[chosen], self._weight[chosen]
        if self._class_weights is not None:
            weight = weight * self._class_weights[label]
        costs = cross_entropy(logits, label, label_smoothing=self._config.label_smoothing, reduction="none")
        return (weight * costs).sum() / weight.sum().clamp_min(1e-8)

    def validate(self) -> Validation | None:
        """Score the validation people; tells how many pseudo-labels there are and how many are right."""
        found = super().validate()
        if found is None or not self.rounds:
            return found
        last = self.rounds[-1]
        return Validation(
            found.score, {**found.figures, "pseudo_windows": float(last.n_windows), "pseudo_precision": last.precision}
        )


@dataclass(frozen=True, slots=True)
class Rounds:
    """Self-training from labelled windows and a pool of others.

    Parameters
    ----------
    make : callable
        Returns the network before finetuning.
    config : FinetuneConfig
        How each round trains.
    options : SelftrainOptions
        What is accepted.
    labelled, pool : Inputs
        Windows with labels and windows without. Labels of the pool are looked at for one purpose: to say how many pseudo-labels are right.
    validation : tuple of Inputs
        Windows of other people, one entry a line; they calibrate, and end the rounds when they do not gain. They never enter the pool.
    """

    make: NetworkMaker
    config: FinetuneConfig
    options: SelftrainOptions
    labelled: Inputs
    pool: Inputs
    validation: tuple[Inputs, ...]

    def last(self, seed: Seed) -> SelfTrain:
        """Run the rounds and return the last training, not begun yet.

        Every student begins anew from the pretrained encoder, not from its teacher. Without a pool, or where nothing is sure, what is
        returned is plain cross-entropy.
        """
        best = teacher = SelfTrain(
            self.make(), self.config, self.labelled, weight=np.ones(len(self.labelled), np.float32), validation=self.validation
        )
        rounds: tuple[Round, ...] = ()
        best_score = -np.inf
        for number in range(self.n_rounds):
            trained = lasting(teacher, len(self.labelled) + len(self.pool))
            score = Trainer(trained, self.config, seed.of("round", number)).fit().best_score
            if number and not score > best_score:
                return self._afresh(best)
            best, best_score = teacher, score
            found = self._label_pool(teacher)
            rounds = (*rounds, _round(found, self.pool, score))
            logger.info("Self-training, round %d: %s", number + 1, rounds[-1])
            if not found.n_trials:
                return self._afresh(best)
            teacher = self._student(found, rounds)
        return teacher

    @property
    def n_rounds(self) -> int:
        """How often the pool may be labelled: not at all when it is empty, once where nobody validates."""
        if not len(self.pool):
            return 0
        return self.options.n_rounds if self.validation else 1

    def _afresh(self, task: SelfTrain) -> SelfTrain:
        """Undo a task's training: it is the caller who trains."""
        task.network.load_state_dict(self.make().state_dict())
        return task

    def _student(self, found: PseudoLabels, rounds: tuple[Round, ...]) -> SelfTrain:
        taken = replace(self.pool.select(found.index), label=found.label)
        weight = np.concatenate([np.ones(len(self.labelled)), np.full(len(taken), self.options.weight)]).astype(np.float32)
        train = joined([self.labelled, taken])
        return SelfTrain(self.make(), self.config, train, weight=weight, validation=self.validation, rounds=rounds)

    def _label_pool(self, teacher: SelfTrain) -> PseudoLabels:
        n_classes = cast(SclcmClassifier, teacher.network).head.n_classes
        share = _trial_shares(self.labelled, n_classes)
        temperature, recall = 1.0, None
        if self.validation:
            judged = joined(list(self.validation))
            logits = network_outputs(teacher.network, judged.features)
            temperature = fit_temperature(logits, judged.label)
            table = confusion(judged.label, logits.argmax(axis=1), n_classes)
            recall = np.diag(table) / np.maximum(table.sum(axis=1), 1)
        probabilities = softmax(network_outputs(teacher.network, self.pool.features), temperature)
        thresholds = class_thresholds(recall, share, self.options)
        return accept(probabilities, self.pool.trial, thresholds, share=share, options=self.options)


def self_training(network: SclcmClassifier, setting: Setting, options: SelftrainOptions) -> SelfTrain:
    """Run the rounds of self-training of a run and return the last training.

    Parameters
    ----------
    network : SclcmClassifier
        Pretrained encoder and new head.
    setting : Setting
        What every method is given; what is in `train` and not `labelled` is the pool.
    options : SelftrainOptions
        What is accepted.

    Returns
    -------
    SelfTrain
        Not trained yet.
    """
    labelled = setting.known
    pool = setting.train.select(np.flatnonzero(~np.isin(setting.train.window, labelled.window)))
    first = copy.deepcopy(network)
    config = setting.config.finetune
    rounds = Rounds(lambda: copy.deepcopy(first), config, options, labelled, pool, setting.validation)
    return rounds.last(setting.seed.of("selftrain"))


def _trial_shares(inputs: Inputs, n_classes: int) -> Float64Array:
    _, first = np.unique(inputs.trial, return_index=True)
    counts = np.bincount(inputs.label[first], minlength=n_classes)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _round(found: PseudoLabels, pool: Inputs, score: float) -> Round:
    right = pool.label[found.index] == found.label
    precision = float(right.mean()) if len(right) else float("nan")
    return Round(found.n_trials, len(found.index), len(pool), precision, score)

"""Finetuning with modalities that are there in training and missing live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softmax

from offline.evaluate.scores import confusion, macro_f1
from offline.finetune.classify import Classify
from offline.finetune.linear_probe import new_classifier
from offline.finetune.soft_vote import best_weights, soft_vote
from offline.pretrain.method import Setting
from offline.pretrain.modalities import ModalityNetwork, OtherModalities, noisy_twin
from offline.pretrain.mrccl_options import MrcclFinetuneOptions
from offline.pretrain.ntxent import ntxent_loss
from offline.training.inputs import Inputs
from offline.training.task import Indices, Validation
from sclcm_core.models import ClassifierHead, SclcmClassifier
from sclcm_core.types import Float32Array


class Privileged(Classify):
    """Cross-entropy of EEG, other modalities and all together, and the contrasts between them; what is kept is the EEG's classifier.

    Parameters
    ----------
    setting : Setting
        What every method is given.
    options : MrcclFinetuneOptions
        The other modalities, and how often they are missing.

    Notes
    -----
    ``L = CE_fused + mean over modalities of CE + 0.1 (across + against noise)``. The parts beside the EEG's classifier are not kept: a
    run that is taken up again after an interruption begins them anew.
    """

    def __init__(self, setting: Setting, options: MrcclFinetuneOptions) -> None:
        network = new_classifier(setting)
        super().__init__(network, setting.config.finetune, setting.known, setting.validation)
        self._options, self._labels = options, setting.known.label
        self._trials = setting.known.trial
        others = OtherModalities(setting.config, options, setting.train)
        device = self._label.device
        self._vectors = [values.to(device) for values in others.of(setting.known)]
        self._judged = [[values.to(device) for values in others.of(inputs)] for inputs in setting.validation]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.seed.of("privileged").number())
            self._beside = _Beside(network, others.n_values).to(device)

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
        windows = [self.drawn(indices, generator), *(values[chosen] for values in self._vectors)]
        clean = self._embeddings(windows)
        missing = torch.rand(len(indices), 1, generator=generator, device=self._label.device) < self._options.drop
        fused, *single = (self._cost(answer, self._label[chosen]) for answer in self._logits(clean, missing))
        noisy = self._embeddings([noisy_twin(values, generator, self._options) for values in windows])
        across, against = self._beside.modalities.losses(clean, noisy, self._trial[chosen], tau=self._options.tau)
        contrast = across + self._options.noise_weight * against
        return fused + torch.stack(single).mean() + self._options.contrast_weight * contrast

    def _cost(self, logits: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(logits.float(), label, label_smoothing=self._config.label_smoothing)

    def _logits(self, embeddings: list[Tensor], missing: Tensor) -> list[Tensor]:
        """What all modalities say together, the others missing where `missing` (n, 1) says so; then what each says alone."""
        eeg, *others = embeddings
        fused = self._beside.fused(torch.cat([eeg, *(other.masked_fill(missing, 0.0) for other in others)], dim=1))
        alone = [head(other) for head, other in zip(self._beside.heads, others, strict=True)]
        return [fused, self._network.head(eeg), *alone]

    def trivial_loss(self) -> float:
        """Return the loss of three answers with the classes' shares from places that are all alike, without unit."""
        first = next(self.batches(np.random.default_rng(0)))
        alike = torch.ones(len(first), 2)
        contrast = ntxent_loss(alike, alike, tau=self._options.tau, group=self._trial.cpu()[torch.from_numpy(first)])
        both = (1 + self._options.noise_weight) * float(contrast)
        return 2 * super().trivial_loss() + self._options.contrast_weight * both

    def _embeddings(self, windows: list[Tensor]) -> list[Tensor]:
        return [self._network.encoder(windows[0]).float(), *self._beside.modalities.embed(windows[1:])]

    def validate(self) -> Validation | None:
        """Score the EEG alone, which is what is kept; tells what all modalities together and the weighted vote would reach."""
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
    def _answers(self, inputs: Inputs, vectors: list[Tensor]) -> dict[str, Float32Array]:
        device = self._label.device
        embeddings = self._embeddings([torch.from_numpy(inputs.features).to(device), *vectors])
        here = torch.zeros(len(inputs), 1, dtype=torch.bool, device=device)
        fused, eeg, *others = self._logits(embeddings, here)
        logits = {"fused": fused, "fused_without_others": self._logits(embeddings, ~here)[0], "eeg": eeg}
        logits |= {f"other_{number}": answer for number, answer in enumerate(others, start=1)}
        return {name: softmax(answer.float(), dim=1).cpu().numpy() for name, answer in logits.items()}


class _Beside(nn.Module):
    """What is trained beside the EEG's classifier: the other modalities, a head for each, and one for all together."""

    def __init__(self, network: SclcmClassifier, n_values: Sequence[int]) -> None:
        super().__init__()
        n, n_classes = network.encoder.n_embedding, network.head.n_classes
        self.modalities = ModalityNetwork(n_values, n)
        self.heads = nn.ModuleList(ClassifierHead(n, n_classes, n_hidden=0) for _ in n_values)
        self.fused = ClassifierHead((1 + len(n_values)) * n, n_classes, n_hidden=n)


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

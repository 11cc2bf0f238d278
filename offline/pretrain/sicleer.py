"""SI-CLEER: contrast of windows and of moments on dilated convolutions, alone or together with classification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from offline.finetune.classify import Classify, class_weights
from offline.pretrain.crops import Crops, draw_crops, whole
from offline.pretrain.method import Setting
from offline.pretrain.methods import options_of
from offline.pretrain.one_per_trial import OnePerTrial
from offline.pretrain.raw_options import SicleerJointOptions, SicleerOptions
from offline.pretrain.raw_setting import dilated_encoder
from offline.pretrain.temporal_contrast import hierarchical_loss
from offline.pretrain.window_task import pretrain_config, settle
from offline.training.collapse import collapse_figures
from offline.training.inputs import Inputs, joined
from offline.training.networks import build_classifier
from offline.training.task import Indices, Validation
from offline.training.trainer import pick_device
from sclcm_core.models import DilatedTcn, SclcmClassifier, StepClassifier


class TwoViews:
    """Two views of windows as dilated convolutions represent them.

    Parameters
    ----------
    encoder : DilatedTcn
        What represents.
    options : SicleerOptions
        How the views are made and compared.
    """

    def __init__(self, encoder: DilatedTcn, options: SicleerOptions) -> None:
        self._encoder, self._options = encoder, options

    def represent(self, features: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, int]:
        """Represent two overlapping pieces of each window, each with steps hidden by chance.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.
        generator : torch.Generator
            Source of chance.

        Returns
        -------
        first, second : Tensor, shape (n, n_steps_of_piece, n_embedding)
            Representations, without unit: the first piece ends with the overlap, the second begins with it.
        n_shared : int
            Steps of the overlap.
        """
        sequence = self._encoder.sequence(features)
        crops = self._crops(sequence, generator)
        views = [self._view(piece, generator) for piece in (crops.first(sequence), crops.second(sequence))]
        return views[0], views[1], crops.n_shared // self._encoder.pool

    def _crops(self, sequence: Tensor, generator: torch.Generator) -> Crops:
        n, n_steps, _ = sequence.shape
        if not self._options.crops:
            return whole(n, n_steps)
        number = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
        fewest = 2 ** (self._options.temporal_unit + 1)
        return draw_crops(n, n_steps, np.random.default_rng(number), grid=self._encoder.pool, fewest=fewest)

    def _view(self, piece: Tensor, generator: torch.Generator) -> Tensor:
        keep = torch.rand(piece.shape[:2], generator=generator, device=piece.device) < self._options.keep
        return self._encoder.represent(piece, keep if self._options.keep < 1 else None)

    def contrast(self, first: Tensor, second: Tensor, n_shared: int) -> Tensor:
        """Return the hierarchical contrast of the overlap.

        Parameters
        ----------
        first, second : Tensor, shape (n, n_steps_of_piece, n_embedding)
            As `represent` returns them, without unit.
        n_shared : int
            Steps of the overlap.

        Returns
        -------
        Tensor, shape ()
            Without unit.
        """
        o = self._options
        return hierarchical_loss(
            first[:, -n_shared:],
            second[:, :n_shared],
            alpha=o.alpha,
            temporal_unit=o.temporal_unit,
            similarity=o.similarity,
            tau=o.tau,
        )

    def trivial(self, n: int) -> float:
        """Return the contrast of `n` whole windows of which all steps look alike, without unit."""
        alike = torch.zeros(n, self._encoder.n_steps // self._encoder.pool, 1)
        o = self._options
        return float(hierarchical_loss(alike, alike, alpha=o.alpha, temporal_unit=o.temporal_unit))


class Sicleer:
    """SI-CLEER's contrast without labels.

    Parameters
    ----------
    setting : Setting
        What the method is given; the encoder is the dilated convolutions.
    """

    def __init__(self, setting: Setting) -> None:
        self._config = pretrain_config(setting)
        self._options = cast(SicleerOptions, options_of(self._config, "pretrain"))
        self._encoder = dilated_encoder(setting)
        self._views = TwoViews(self._encoder, self._options)
        self._seed = setting.seed
        self._train = _Windows(setting.train, self._options.batch_size, self._config.device)
        judges = joined(list(setting.validation)) if setting.validation else None
        self._judges = _Windows(judges, self._options.batch_size, self._config.device) if judges is not None else None

    @property
    def network(self) -> nn.Module:
        """The encoder."""
        return self._encoder

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return one group."""
        return [{"params": list(self._encoder.parameters()), "lr": self._config.lr}]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._train.sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches of windows of different trials."""
        return self._train.sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the contrast of a batch, shape () and without unit."""
        features = self._train.features[torch.from_numpy(indices)]
        first, second, n_shared = self._views.represent(features, generator)
        settle(self._encoder, first)
        return self._views.contrast(first, second, n_shared)

    def validate(self) -> Validation | None:
        """Return the contrast on validation people, with the same batches and pieces each time, and how far it has collapsed."""
        if self._judges is None:
            return None
        seed = self._seed.of("validation")
        generator = seed.torch_generator(self._judges.features.device.type)
        losses, embeddings = [], []
        for indices in self._judges.sampler.epoch(seed.rng()):
            features = self._judges.features[torch.from_numpy(indices)]
            losses.append(float(self._views.contrast(*self._views.represent(features, generator))))
            embeddings.append(self._encoder(features))
        loss = float(np.mean(losses))
        return Validation(-loss, {"validation_loss": loss, **collapse_figures(torch.cat(embeddings))})

    def trivial_loss(self) -> float:
        """Return the contrast of windows that all look alike, without unit."""
        windows = self._judges or self._train
        return self._views.trivial(len(next(windows.sampler.epoch(np.random.default_rng(0)))))


class _Windows:
    """Windows on the device, with their sampler."""

    def __init__(self, inputs: Inputs, batch_size: int, device: str) -> None:
        self.features = torch.from_numpy(inputs.features).to(pick_device(device))
        self.sampler = OnePerTrial(inputs.trial, batch_size)


class SicleerJoint:
    """SI-CLEER's joint training: contrast and cross-entropy at once.

    Parameters
    ----------
    setting : Setting
        What the method is given; windows without a label that may be used take part in the contrast alone.

    Notes
    -----
    ``L = L_contrast + λ L_class`` (arXiv:2405.07260, eq. 5); the classifier sees both pieces while training and whole windows after.
    """

    def __init__(self, setting: Setting) -> None:
        config, labelled = setting.config.finetune, setting.known
        self._options = cast(SicleerJointOptions, options_of(config, "finetune"))
        self._views = TwoViews(dilated_encoder(setting), self._options)
        self._network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
        self._judge = Classify(self._network, config, labelled, setting.validation)
        self._train = _Windows(setting.train, self._options.batch_size, config.device)
        device = self._train.features.device
        known = np.isin(setting.train.window, labelled.window)
        self._label = torch.from_numpy(np.where(known, setting.train.label, -1)).to(device)
        weights = class_weights(labelled.label, setting.n_classes).to(device) if config.class_weights else None
        self._class_weights, self._smoothing = weights, config.label_smoothing

    @property
    def network(self) -> nn.Module:
        """Encoder and head."""
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return head and encoder, each with its rate."""
        return self._judge.parameter_groups()

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._train.sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches of windows of different trials."""
        return self._train.sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return contrast and cross-entropy of a batch, weighted, shape () and without unit."""
        chosen = torch.from_numpy(indices)
        first, second, n_shared = self._views.represent(self._train.features[chosen], generator)
        label = self._label[chosen]
        loss = self._options.class_weight * (self._class_loss(first, label) + self._class_loss(second, label)) / 2
        if self._options.contrast_weight:
            loss = loss + self._options.contrast_weight * self._views.contrast(first, second, n_shared)
        return loss

    def _class_loss(self, steps: Tensor, label: Tensor) -> Tensor:
        known = label >= 0
        logits = step_logits(self._network, steps).float()
        if not known.any():
            return logits.sum() * 0.0
        return cross_entropy(logits[known], label[known], weight=self._class_weights, label_smoothing=self._smoothing)

    def validate(self) -> Validation | None:
        """Score the validation people along every line, on whole windows."""
        return self._judge.validate()

    def trivial_loss(self) -> float:
        """Return the loss of answering with the classes' shares from steps that all look alike, without unit."""
        contrast = self._views.trivial(min(self._options.batch_size, len(self._label)))
        return self._options.contrast_weight * contrast + self._options.class_weight * self._judge.trivial_loss()


def step_logits(network: SclcmClassifier, steps: Tensor) -> Tensor:
    """Score represented pieces of windows.

    Parameters
    ----------
    network : SclcmClassifier
        With either head.
    steps : Tensor, shape (n, n_steps, n_embedding)
        Representations, without unit.

    Returns
    -------
    Tensor, shape (n, n_classes)
        Logits, without unit.
    """
    encoder = cast(DilatedTcn, network.encoder)
    logits: Tensor = network.head(steps if isinstance(network, StepClassifier) else encoder.embed(steps))
    return logits

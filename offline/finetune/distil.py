"""Distillation: a small network learns what a large one answers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div

from offline.config import FinetuneConfig, RunConfig, load_config, parse_config
from offline.datasets.loading import load_windows
from offline.datasets.raw_windows import same_moment
from offline.datasets.window_set import Int64Array, WindowSet
from offline.finetune.classify import Classify, network_outputs
from offline.finetune.fit import FitData, fit_ensemble
from offline.finetune.linear_probe import new_classifier
from offline.finetune.options import DistilOptions
from offline.pretrain.method import Setting
from offline.roots import data_root
from offline.training.inputs import Inputs, joined, normalised, population_normaliser
from offline.training.task import Indices
from sclcm_core.errors import ConfigError
from sclcm_core.models import SclcmClassifier
from sclcm_core.types import Float32Array

LARGEST = 64
"""Different data sets and features that are held at a time."""


def distillation_loss(
    student: Tensor, teacher: Tensor, label: Tensor, *, temperature: float = 2.0, share: float = 0.5
) -> Tensor:
    """Return how far a student is from its teacher and from the labels.

    Parameters
    ----------
    student, teacher : Tensor, shape (n, n_classes)
        Logits, without unit; those of the teacher are constants. Rows of NaN have no teacher and are learnt from the label alone.
    label : Tensor of int64, shape (n,)
        True classes; -1 where the label is not known: the teacher alone is followed there.
    temperature : float
        Softens both.
    share : float
        Weight of the teacher, 0..1.

    Returns
    -------
    Tensor, shape ()
        In nats.

    Notes
    -----
    ``(1 - a) CE + a T² KL(softmax(t / T) ‖ softmax(s / T))``; the factor ``T²`` keeps the gradient as large as at ``T = 1`` (Hinton et al.
    2015, arXiv:1503.02531).
    """
    taught = torch.isfinite(teacher).all(dim=1)
    soft = torch.where(taught[:, None], teacher, torch.zeros_like(teacher)) / temperature
    gaps = kl_div((student / temperature).log_softmax(dim=1), soft.softmax(dim=1), reduction="none").sum(dim=1)
    known = label >= 0
    weight = (1 - (1 - share) * known.to(student.dtype)) * taught.to(student.dtype)
    hard = cross_entropy(student, label.clamp_min(0), reduction="none") * known
    return ((1 - weight) * hard + weight * temperature**2 * gaps).mean()


class Distil(Classify):
    """Training of a student on its teacher's answers and the labels.

    Parameters
    ----------
    network : SclcmClassifier
        The student.
    config : FinetuneConfig
        How.
    options : DistilOptions
        Temperature and share of the teacher.
    train : Inputs
        The student's labelled windows.
    validation : tuple of Inputs
        Windows of other people, one entry a line.
    unlabelled : Inputs
        Windows of the training people whose labels may not be used; they may be none.
    teacher : ndarray of float32, shape (n, n_classes)
        Logits of the teacher on the labelled windows, then on the others; NaN where it has none.
    """

    def __init__(
        self,
        network: SclcmClassifier,
        config: FinetuneConfig,
        options: DistilOptions,
        train: Inputs,
        validation: tuple[Inputs, ...],
        *,
        unlabelled: Inputs,
        teacher: Float32Array,
    ) -> None:
        super().__init__(network, config, train, validation)
        shares = np.bincount(train.label, minlength=network.head.n_classes) / len(train)
        self._shares = torch.from_numpy(np.log(np.maximum(shares, 1 / len(train)))).float()
        device = self._label.device
        self._features = torch.cat([self._features, torch.from_numpy(unlabelled.features).to(device)])
        self._label = torch.cat([self._label, torch.full((len(unlabelled),), -1, device=device)])
        self._trial = torch.cat([self._trial, torch.from_numpy(unlabelled.trial).to(device)])
        self._options = options
        self._teacher = torch.from_numpy(teacher).to(self._label.device)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the distillation loss of a batch in nats, shape ()."""
        chosen = torch.from_numpy(indices)
        logits = self._network(self.drawn(indices, generator)).float()
        options = self._options
        return distillation_loss(
            logits, self._teacher[chosen], self._label[chosen], temperature=options.temperature, share=options.share
        )

    def trivial_loss(self) -> float:
        """Return the distillation loss in nats of answering with the classes' shares, whatever the window."""
        logits = self._shares.to(self._label.device).expand(len(self._label), -1)
        options = self._options
        return float(
            distillation_loss(logits, self._teacher, self._label, temperature=options.temperature, share=options.share)
        )


def build_distil(setting: Setting) -> Distil:
    """Train the teacher on the people whom the student may see, and return the student's training.

    Parameters
    ----------
    setting : Setting
        What every method is given: the student's.

    Returns
    -------
    Distil
        Not trained yet.
    """
    labelled = setting.known
    options = DistilOptions.model_validate(setting.config.finetune.options)
    teacher = _teacher_config(options.teacher, setting.config)
    network = new_classifier(setting)
    rest = setting.train.select(np.flatnonzero(~np.isin(setting.train.window, labelled.window)))
    logits = teacher_logits(teacher, setting, joined([labelled, rest]))
    sides = labelled, setting.validation
    return Distil(network, setting.config.finetune, options, *sides, unlabelled=rest, teacher=logits)


def _teacher_config(path: Path | None, student: RunConfig) -> RunConfig:
    if path is None:
        raise ConfigError("The method 'distil' needs a teacher.", "Set finetune.options.teacher to the teacher's run config.")
    teacher = load_config(path)
    if teacher.dataset.name != student.dataset.name:
        raise ConfigError(
            f"The teacher learns from '{teacher.dataset.name}', the student from '{student.dataset.name}'.",
            "Give both the same data set.",
        )
    return teacher


def teacher_logits(teacher: RunConfig, setting: Setting, wanted: Inputs) -> Float32Array:
    """Train a teacher on the student's training people, with the student's labels, and let it answer.

    Parameters
    ----------
    teacher : RunConfig
        Any encoder, any method, other features than the student's if need be.
    setting : Setting
        The student's.
    wanted : Inputs
        Windows of the student's training people.

    Returns
    -------
    ndarray of float32, shape (n, n_classes)
        Logits on the wanted windows; NaN where no window of the teacher ends at the same moment. The teacher sees nobody whom
        the student is tested on.
    """
    if teacher.features == setting.config.features:
        data = FitData((setting.train,), (setting.known,), setting.validation[:1], setting.n_classes)
        return network_outputs(fit_ensemble(teacher, data, setting.seed.of("teacher")).ensemble, wanted.features)
    mine, theirs = _windows(setting.config), _windows(teacher)
    in_mine, in_theirs = same_moment(mine, theirs)
    data = _teacher_data(theirs, mine, setting)
    ensemble = fit_ensemble(teacher, data, setting.seed.of("teacher")).ensemble
    partner = np.full(len(mine), -1, np.int64)
    partner[in_mine] = in_theirs
    return _answers(network_outputs(ensemble, data.train[0].features), data.train[0].window, partner[wanted.window])


def _answers(logits: Float32Array, window: Int64Array, wanted: Int64Array) -> Float32Array:
    """Return the rows of logits of wanted windows; NaN where there are none."""
    row_of = {int(number): row for row, number in enumerate(window)}
    rows = np.array([row_of.get(int(number), -1) for number in wanted], np.int64)
    return np.where((rows >= 0)[:, None], logits[rows], np.nan).astype(np.float32)


def _teacher_data(theirs: WindowSet, mine: WindowSet, setting: Setting) -> FitData:
    """Return the teacher's windows of the trials that the student trains, and is validated, on."""
    parts = [_of_trials(theirs, mine, inputs.trial) for inputs in (setting.train, setting.known)]
    judges = [_of_trials(theirs, mine, inputs.trial) for inputs in setting.validation[:1]]
    population = population_normaliser(theirs, parts[0])
    train, labelled = (normalised(theirs, part, "population", population) for part in parts)
    validation = tuple(normalised(theirs, part, "population", population) for part in judges)
    return FitData((train,), (labelled,), validation, setting.n_classes)


def _of_trials(theirs: WindowSet, mine: WindowSet, trial: Int64Array) -> Int64Array:
    names = {mine.trial_names[number] for number in np.unique(trial)}
    numbers = [number for number, name in enumerate(theirs.trial_names) if name in names]
    return np.flatnonzero(theirs.usable & np.isin(theirs.trial, numbers))


def _windows(config: RunConfig) -> WindowSet:
    """Return a config's windows, read once in this process however many folds there are."""
    return _read(config.model_dump_json(include={"name", "title", "dataset", "features"}))


@lru_cache(maxsize=LARGEST)
def _read(text: str) -> WindowSet:
    import json

    config = parse_config(json.loads(text), "the student's or the teacher's config")
    windows = load_windows(
        config.dataset.name,
        data_root(config.dataset),
        config.features,
        options=config.dataset.options,
        window_hop_frames=config.dataset.window_hop_frames,
    )
    left = [windows.subject_names.index(name) for name in config.dataset.without_subjects if name in windows.subject_names]
    return windows.select(~np.isin(windows.subject, left)) if left else windows

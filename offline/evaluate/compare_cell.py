"""One arm of a comparison on one fold: pretrained once, then asked and finetuned with fewer and more labels."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import numpy as np
import torch

from offline.config import RunConfig, TrainerConfig
from offline.datasets.fold import Fold
from offline.datasets.window_set import Int64Array, WindowSet
from offline.evaluate.baselines import BASELINES
from offline.evaluate.compare_arms import Arm
from offline.evaluate.probes import fit_linear_probe
from offline.evaluate.scores import confusion
from offline.evaluate.sealed import Answer, Reading, open_and_sealed
from offline.finetune.budget import lasting
from offline.finetune.classify import network_outputs
from offline.finetune.fit import FitData
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.pretrain.raw_setting import settle_powers
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.collapse import collapse_figures
from offline.training.inputs import Inputs, share_of_trials
from offline.training.networks import build_encoder
from offline.training.task import MethodTask
from sclcm_core.inference.predictor import softmax
from sclcm_core.models import Encoder, SclcmClassifier

PROBE, FINETUNED = "probe", "finetuned"
"""What of an arm is tested: its frozen encoder under a linear probe, or the network trained further."""

Confusions = dict[str, dict[str, list[list[int]]]]
"""By what was tested (see `tested_name`) and by person: windows, rows: truth, columns: answer."""


@dataclass(frozen=True, slots=True)
class StageFigures:
    """How a stage of training went.

    Parameters
    ----------
    loss : float or None
        At its best, on the validation people where the method judges itself by its loss, on the training people otherwise; without
        unit. None where training made nothing better of the probe that it started from.
    trivial_loss : float
        What learning nothing costs, without unit.
    epochs : int
        Epochs after which it was best.
    cpu_s : float
        Processor time of the whole stage in s.
    """

    loss: float | None
    trivial_loss: float
    epochs: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What came out of an arm on a fold.

    Parameters
    ----------
    confusions : dict
        By what was tested and by person; see `Confusions`. Draws of the labels are added up.
    pretraining : StageFigures or None
        None without pretraining.
    finetuning : dict of str to StageFigures
        By share of labels; the first draw.
    embedding : dict of str to float
        ``spread`` and ``effective_rank`` of the embeddings of the validation people; after pretraining, or, for a method of
        finetuning, after training with most labels.
    n_parameters : int
        Of encoder and head; 0 for a simple method.
    """

    confusions: Confusions
    pretraining: StageFigures | None = None
    finetuning: dict[str, StageFigures] = field(default_factory=dict)
    embedding: dict[str, float] = field(default_factory=dict)
    n_parameters: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return asdict(self)


def cell_of(content: Mapping[str, Any]) -> Cell:
    """Return a cell from what `Cell.as_dict` gave."""
    before = content["pretraining"]
    stages = {share: StageFigures(**figures) for share, figures in content["finetuning"].items()}
    rest = {key: content[key] for key in ("confusions", "embedding", "n_parameters")}
    return Cell(pretraining=StageFigures(**before) if before else None, finetuning=stages, **rest)


def tested_name(what: str, share: float) -> str:
    """Return the name of what was tested with a share of the labels."""
    return f"{what} {share:g}"


def run_cell(arm: Arm, windows: WindowSet, fold: Fold, shares: Sequence[float], n_draws: int) -> Cell:
    """Fit an arm on a fold with each share of labels, and test everything at once.

    Parameters
    ----------
    arm : Arm
        What to fit.
    windows : WindowSet
        All windows, of the arm's kind.
    fold : Fold
        Who and what is trained, validated and tested on.
    shares : sequence of float
        Shares of the training trials whose labels are used, 0..1.
    n_draws : int
        How often labelled trials are drawn, where not all are labelled.

    Returns
    -------
    Cell
        The test side is read once, when everything is fitted.
    """
    seed = Seed(arm.config.seed).of("fold", fold.name)
    data, sealed, _ = open_and_sealed(windows, fold, arm.config.lines)
    chosen = {share: _drawn(windows, fold, share, n_draws, seed) for share in shares}
    labelled = {share: [_known(data.train[0], draw) for draw in draws] for share, draws in chosen.items()}
    fit = _fit_baseline if arm.baseline else _fit_network
    answers, cell = fit(arm, data, labelled, seed)
    line = arm.config.lines[0]
    reading = sealed.open({(name, line): answer for name, answer in answers.items()})
    cell.confusions.update(_confusions(reading, windows))
    return cell


Labelled = Mapping[float, Sequence[Inputs]]
"""Training windows whose labels may be used: by share, one entry a draw."""


def _drawn(windows: WindowSet, fold: Fold, share: float, n_draws: int, seed: Seed) -> list[Int64Array]:
    """Draw labelled trials: the same for every arm, for all have the same windows and folds."""
    n = 1 if share == 1 else n_draws
    return [share_of_trials(windows, fold.train, share, seed.of("labels", draw).rng()) for draw in range(n)]


def _known(train: Inputs, indices: Int64Array) -> Inputs:
    return train.select(np.flatnonzero(np.isin(train.window, indices)))


def _named(what: str, share: float, draw: int) -> str:
    return f"{tested_name(what, share)} {draw}"


def _fit_baseline(arm: Arm, data: FitData, labelled: Labelled, seed: Seed) -> tuple[dict[str, Answer], Cell]:
    method, (judges,) = BASELINES[arm.baseline], data.validation
    answers = {
        _named(FINETUNED, share, draw): method(known, judges, data.n_classes)
        for share, draws in labelled.items()
        for draw, known in enumerate(draws)
    }
    return answers, Cell({})


def _fit_network(arm: Arm, data: FitData, labelled: Labelled, seed: Seed) -> tuple[dict[str, Answer], Cell]:
    encoder, pretraining = _pretrained(arm.config, data, seed)
    answers: dict[str, Answer] = {}
    finetuning: dict[str, StageFigures] = {}
    network: SclcmClassifier | None = None
    for share, draws in labelled.items():
        for draw, known in enumerate(draws):
            if arm.is_probed:
                answers[_named(PROBE, share, draw)] = fit_linear_probe(encoder, known, data.validation[0], data.n_classes)
            of_draw = seed.of("draw", draw)
            network, figures = _finetuned(arm.config, data, known, copy.deepcopy(encoder), of_draw)
            answers[_named(FINETUNED, share, draw)] = _answer(network)
            finetuning.setdefault(f"{share:g}", figures)
    if network is None:
        raise ValueError("A comparison needs at least one share of labels.")
    judged = encoder if arm.is_probed else network.encoder.eval()
    embedding = collapse_figures(torch.from_numpy(network_outputs(judged, data.validation[0].features)))
    n_parameters = sum(p.numel() for p in network.parameters())
    return answers, Cell({}, pretraining, finetuning, embedding, n_parameters)


def _pretrained(config: RunConfig, data: FitData, seed: Seed) -> tuple[Encoder, StageFigures | None]:
    encoder = build_encoder(config, seed)
    settle_powers(encoder, data.train[0])
    if config.pretrain is None:
        return encoder.eval(), None
    setting = Setting(config, encoder, data.train[0], None, data.validation, 0, seed)
    _, figures = _trained(config.pretrain, "pretrain", setting, seed)
    return encoder.eval(), figures


def _finetuned(
    config: RunConfig, data: FitData, labelled: Inputs, encoder: Encoder, seed: Seed
) -> tuple[SclcmClassifier, StageFigures]:
    setting = Setting(config, encoder, data.train[0], labelled, data.validation, data.n_classes, seed)
    task, figures = _trained(config.finetune, "finetune", setting, seed)
    return cast(SclcmClassifier, task.network).eval(), figures


def _trained(section: TrainerConfig, stage: Any, setting: Setting, seed: Seed) -> tuple[MethodTask, StageFigures]:
    start = time.process_time()
    name: str = getattr(section, "method")  # noqa: B009  both kinds of section have it, their parent has not
    task = find_method(name, stage).build()(setting)
    trained = lasting(task, len(setting.train)) if stage == "finetune" else task
    history = Trainer(trained, section, seed.of(stage)).fit()
    best = history.best
    trivial = best.get("trivial_loss", float("nan"))
    if np.isnan(trivial):
        trivial = task.trivial_loss()
    spent_s = time.process_time() - start
    loss = best.get("loss")
    if stage == "pretrain":  # what finetuning is judged by is cross-entropy, whatever it learns
        loss = best.get("validation_loss", loss)
    return task, StageFigures(loss, trivial, history.best_epoch, spent_s)


def _answer(network: SclcmClassifier) -> Answer:
    return lambda inputs: softmax(network_outputs(network, inputs.features))


def _confusions(reading: Reading, windows: WindowSet) -> Confusions:
    out: Confusions = {}
    for (name, _), probabilities in reading.probabilities.items():
        tested = name.rpartition(" ")[0]
        answer = probabilities.argmax(axis=1)
        people = out.setdefault(tested, {})
        for person in np.unique(reading.subject):
            mine = reading.subject == person
            table = confusion(reading.label[mine], answer[mine], windows.n_classes)
            known = people.get(windows.subject_names[person])
            people[windows.subject_names[person]] = (table + np.array(known) if known else table).tolist()
    return out

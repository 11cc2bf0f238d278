"""Training of the classifier, from config to an ensemble of networks."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from offline.config import RunConfig
from offline.finetune.budget import lasting
from offline.pretrain.fit import pretrain
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.seeds import Seed
from offline.training import History, Trainer
from offline.training.encoder_store import encoder_path, load_encoder, save_encoder
from offline.training.inputs import Inputs, joined
from offline.training.logs import stage_log
from offline.training.trainer import EpochCallback
from sclcm_core.models import Encoder, Ensemble, SclcmClassifier


@dataclass(frozen=True, slots=True)
class FitData:
    """What a fit may see.

    Parameters
    ----------
    train : tuple of Inputs
        Windows of training people, one entry a line of normalisation.
    labelled : tuple of Inputs
        Those of them whose labels may be used, likewise.
    validation : tuple of Inputs
        Windows of other people, likewise; empty where nobody is left to validate on.
    n_classes : int
        Number of classes.
    """

    train: tuple[Inputs, ...]
    labelled: tuple[Inputs, ...]
    validation: tuple[Inputs, ...]
    n_classes: int


@dataclass(frozen=True, slots=True)
class Epochs:
    """How long each stage was, or shall be.

    Parameters
    ----------
    pretrain, finetune : int
        Number of epochs; 0 for a stage that is left out.
    """

    pretrain: int
    finetune: int


def fit_encoder(
    config: RunConfig,
    data: FitData,
    seed: Seed,
    *,
    stop_after: int | None = None,
    state_path: Path | None = None,
    on_epoch: EpochCallback | None = None,
    encoder_dir: Path | None = None,
) -> tuple[Encoder, History]:
    """Pretrain an encoder on the windows of all lines, or take it from `encoder_dir` if it is there; see `pretrain`."""
    train = joined(list(data.train))
    validation = joined(list(data.validation)) if data.validation else None
    path = encoder_path(encoder_dir, config, (train, validation), seed) if encoder_dir and config.pretrain else None
    if path and path.is_file():
        return load_encoder(path, config, seed)
    found = pretrain(config, train, validation, seed, stop_after=stop_after, state_path=state_path, on_epoch=on_epoch)
    if path:
        save_encoder(path, *found)
    return found


def fit_member(
    config: RunConfig,
    data: FitData,
    encoder: Encoder,
    seed: Seed,
    *,
    stop_after: int | None = None,
    state_path: Path | None = None,
    on_epoch: EpochCallback | None = None,
) -> tuple[SclcmClassifier, History]:
    """Finetune one classifier.

    Parameters
    ----------
    config : RunConfig
        Head and training.
    data : FitData
        What it may see.
    encoder : Encoder
        New or pretrained; trained further unless it is only probed.
    seed : Seed
        Determines everything drawn.
    stop_after : int, optional
        Number of epochs, where there is no validation side.
    state_path : Path, optional
        Where to keep what is needed to take the training up again.
    on_epoch : callable, optional
        Told of each epoch.

    Returns
    -------
    network : SclcmClassifier
        With its best weights, in evaluation mode.
    history : History
        What happened.
    """
    train, labelled = joined(list(data.train)), joined(list(data.labelled))
    setting = Setting(config, encoder, train, labelled, data.validation, data.n_classes, seed)
    task = find_method(config.finetune.method, "finetune").build()(setting)
    trainer = Trainer(lasting(task, len(train)), config.finetune, seed.of("finetune"), state_path=state_path, on_epoch=on_epoch)
    history = trainer.fit(stop_after=stop_after)
    return cast(SclcmClassifier, task.network), history


@dataclass(frozen=True, slots=True)
class EnsembleFit:
    """A trained ensemble, and how it came about.

    Parameters
    ----------
    ensemble : Ensemble
        In evaluation mode.
    epochs : tuple of Epochs
        How long each stage of each member was at its best.
    histories : tuple of History
        Of the members' finetuning.
    pretrained : Encoder or None
        The first member's encoder as pretraining left it; None without pretraining.
    """

    ensemble: Ensemble
    epochs: tuple[Epochs, ...]
    histories: tuple[History, ...]
    pretrained: Encoder | None


def fit_ensemble(
    config: RunConfig, data: FitData, seed: Seed, *, log_dir: Path | None = None, encoder_dir: Path | None = None
) -> EnsembleFit:
    """Pretrain and finetune every member of the ensemble.

    Parameters
    ----------
    config : RunConfig
        Everything.
    data : FitData
        What it may see.
    seed : Seed
        Determines everything drawn.
    log_dir : Path, optional
        Where to keep TensorBoard's files, a folder for each stage of each member; none are written when left out.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for.

    Returns
    -------
    EnsembleFit
        The ensemble.
    """
    members, lengths, histories, encoders = [], [], [], []
    for number in range(config.finetune.n_members):
        of_member = seed.of("member", number)
        with stage_log(log_dir / f"pretrain-{number}" if log_dir and config.pretrain else None) as on_epoch:
            encoder, before = fit_encoder(config, data, of_member, on_epoch=on_epoch, encoder_dir=encoder_dir)
        encoders.append(copy.deepcopy(encoder).eval())
        with stage_log(log_dir / f"finetune-{number}" if log_dir else None) as on_epoch:
            network, history = fit_member(config, data, encoder, of_member, on_epoch=on_epoch)
        members.append(network)
        lengths.append(Epochs(before.best_epoch, history.best_epoch))
        histories.append(history)
    pretrained = encoders[0] if config.pretrain is not None else None
    return EnsembleFit(Ensemble(members).eval(), tuple(lengths), tuple(histories), pretrained)

"""Pretraining of an encoder, from config to weights."""

from __future__ import annotations

import logging
from pathlib import Path

from offline.config import RunConfig
from offline.pretrain.method import Setting
from offline.pretrain.methods import find_method
from offline.pretrain.raw_setting import settle_powers
from offline.seeds import Seed
from offline.training import History, Trainer
from offline.training.inputs import Inputs
from offline.training.networks import build_encoder
from offline.training.trainer import EpochCallback
from sclcm_core.models import Encoder

logger = logging.getLogger(__name__)


def pretrain(
    config: RunConfig,
    train: Inputs,
    validation: Inputs | None,
    seed: Seed,
    *,
    stop_after: int | None = None,
    state_path: Path | None = None,
    on_epoch: EpochCallback | None = None,
) -> tuple[Encoder, History]:
    """Pretrain a new encoder; without a method in the config, return it as it was born.

    Parameters
    ----------
    config : RunConfig
        Encoder and method.
    train, validation : Inputs
        Windows of training people, and of the people by whom training is stopped. Labels are not looked at.
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
    encoder : Encoder
        With its best weights.
    history : History
        Empty without a method.
    """
    encoder = build_encoder(config, seed)
    settle_powers(encoder, train)
    if config.pretrain is None:
        return encoder, History()
    judges = () if validation is None else (validation,)
    task = find_method(config.pretrain.method).build()(Setting(config, encoder, train, None, judges, 0, seed))
    trainer = Trainer(task, config.pretrain, seed.of("pretrain"), state_path=state_path, on_epoch=on_epoch)
    history = trainer.fit(stop_after=stop_after)
    last = history.best
    logger.info("Pretrained %d epochs: %s; having learnt nothing: %.4f", history.best_epoch, last, task.trivial_loss())
    return encoder, history

"""The final network: trained by the recipe on all people, for as long as the folds found best."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from offline.code_origin import CodeOrigin, code_origin, warn_of_other_code
from offline.finetune.fit import Epochs, FitData, fit_encoder, fit_member
from offline.progress import Report, progress_bar
from offline.seeds import Seed
from offline.stages import Run
from offline.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from offline.training.distributed import is_first
from offline.training.inputs import normalised, population_normaliser
from offline.training.logs import LogKind, epoch_log
from offline.training.networks import build_classifier, build_encoder
from offline.training.trainer import EpochCallback
from sclcm_core.models import Encoder, Ensemble


def final_data(run: Run) -> FitData:
    """Return all usable windows as training data: nobody is left to validate or test on."""
    usable = np.flatnonzero(run.windows.usable)
    population = population_normaliser(run.windows, usable)
    train = tuple(normalised(run.windows, usable, line, population) for line in run.config.lines)
    return FitData(train, train, (), run.windows.n_classes)


def chosen_epochs(run: Run) -> Epochs:
    """Return how long the final fit's stages shall be: the median of what the folds' validation people found best."""
    folds = run.folder.read_json("metrics.json")["folds"]
    medians = {stage: round(float(np.median([fold["epochs"][stage] for fold in folds]))) for stage in ("pretrain", "finetune")}
    least = {"pretrain": 1, "finetune": 0 if run.config.finetune.keeps_start else 1}
    return Epochs(**{stage: max(least[stage], value) for stage, value in medians.items()})


def pretrain_final(run: Run, epochs: int | None = None, *, log: LogKind = "csv") -> None:
    """Pretrain the encoders of the final network on all people; without a method in the config, there is nothing to do.

    Parameters
    ----------
    run : Run
        The run.
    epochs : int, optional
        How long; what the folds found best when left out.
    log : {'csv', 'tensorboard'}
        Whether event files are written as well.
    """
    if run.config.pretrain is None:
        return
    data, length = final_data(run), epochs or chosen_epochs(run).pretrain
    with progress_bar("pretraining") as report:
        for number in range(run.config.finetune.n_members):
            if not _is_done(run, "pretrain", number):
                with _told(report, log, run.folder.path / "tensorboard" / f"pretrain-{number}") as on_epoch:
                    _pretrain_member(run, data, number, length, on_epoch)


def _pretrain_member(run: Run, data: FitData, number: int, epochs: int, on_epoch: EpochCallback) -> None:
    state_path = run.folder.state_path("pretrain", number)
    encoder, history = fit_encoder(
        run.config,
        data,
        _member_seed(run, number),
        stop_after=epochs,
        state_path=state_path,
        on_epoch=on_epoch,
    )
    if not is_first():
        return
    facts = {"stage": "pretrain", "epochs": epochs, **_facts(run)}
    save_checkpoint(run.folder.checkpoint_path("pretrain", number), Checkpoint(encoder.state_dict(), facts))
    run.folder.write_table(f"checkpoints/pretrain-{number}.csv", history.rows)
    state_path.unlink(missing_ok=True)


def finetune_final(run: Run, epochs: int | None = None, *, log: LogKind = "csv") -> None:
    """Finetune the members of the final network on all people.

    Parameters
    ----------
    run : Run
        The run; pretrained first when its config says so.
    epochs : int, optional
        How long; what the folds found best when left out.
    log : {'csv', 'tensorboard'}
        Whether event files are written as well.
    """
    data, length = final_data(run), chosen_epochs(run).finetune if epochs is None else epochs
    with progress_bar("finetuning") as report:
        for number in range(run.config.finetune.n_members):
            if not _is_done(run, "finetune", number):
                with _told(report, log, run.folder.path / "tensorboard" / f"finetune-{number}") as on_epoch:
                    _finetune_member(run, data, number, length, on_epoch)


def _finetune_member(run: Run, data: FitData, number: int, epochs: int, on_epoch: EpochCallback) -> None:
    state_path = run.folder.state_path("finetune", number)
    network, history = fit_member(
        run.config,
        data,
        _pretrained_encoder(run, number),
        _member_seed(run, number),
        stop_after=epochs,
        state_path=state_path,
        on_epoch=on_epoch,
    )
    facts = {"stage": "finetune", "epochs": epochs, **_facts(run)}
    save_checkpoint(run.folder.checkpoint_path("finetune", number), Checkpoint(network.state_dict(), facts))
    run.folder.write_table(f"checkpoints/finetune-{number}.csv", history.rows)
    state_path.unlink(missing_ok=True)


def _is_done(run: Run, stage: str, number: int) -> bool:
    """Return whether a member is trained already, and say so when other code trained it."""
    path = run.folder.checkpoint_path(stage, number)
    if not path.is_file():
        return False
    found = load_checkpoint(path).facts.get("code", {})
    warn_of_other_code("networks", [CodeOrigin(**found)], path)
    return True


@contextmanager
def _told(report: Report, log: LogKind, folder: Path) -> Iterator[EpochCallback]:
    """Tell both the progress bar and the log of each epoch."""
    with epoch_log(log, folder) as write:

        def on_epoch(done: int, total: int, row: dict[str, float]) -> None:
            report(done, total, f"loss {row['loss']:.4f}")
            if is_first():
                write(done, row)

        yield on_epoch


def _pretrained_encoder(run: Run, number: int) -> Encoder:
    encoder = build_encoder(run.config, _member_seed(run, number))
    if run.config.pretrain is not None:
        encoder.load_state_dict(load_checkpoint(run.folder.checkpoint_path("pretrain", number)).weights)
    return encoder


def final_ensemble(run: Run) -> Ensemble:
    """Return the final network from its checkpoints, in evaluation mode."""
    members = []
    for number in range(run.config.finetune.n_members):
        seed = _member_seed(run, number)
        network = build_classifier(run.config, build_encoder(run.config, seed), run.windows.n_classes, seed)
        network.load_state_dict(load_checkpoint(run.folder.checkpoint_path("finetune", number)).weights)
        members.append(network)
    return Ensemble(members).eval()


def _member_seed(run: Run, number: int) -> Seed:
    return Seed(run.config.seed).of("final", "member", number)


def _facts(run: Run) -> dict[str, Any]:
    config = run.config
    return {
        "config": config.name,
        "seed": config.seed,
        "class_names": list(run.windows.class_names),
        "features": config.features.model_dump(mode="json"),
        "encoder": config.encoder.model_dump(),
        "head": config.head.model_dump(),
        "origin": run.folder.read_json("origin.json"),
        "code": asdict(code_origin()),
    }

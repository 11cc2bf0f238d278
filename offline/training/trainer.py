"""The loop: one for every method.

It is plain torch in the shape of Lightning Fabric (device, precision, processes, clipping, checkpoints), and not Fabric itself. Measured
on one thread with batches of 32 and 256 of the 2 x 10 network, Fabric's steps cost nothing (1.02 and 1.03 of plain torch's rate), but
its import took 3.4 s on top of torch's 3.6 s, in every worker of a cross-validation; and what it would take over is less than what
stays here: the loss of a contrast over several processes is taken over gathered embeddings, whose gradients are not those of its DDP
(see `distributed`), and a run that is taken up again must end in the same bits.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from offline.config import TrainerConfig
from offline.seeds import Seed
from offline.training.checkpoint import (
    Checkpoint,
    Weights,
    load_checkpoint,
    optimiser_tensors,
    restore_optimiser,
    save_checkpoint,
    under_prefix,
    with_prefix,
)
from offline.training.distributed import agree_on_buffers, average_gradients, is_first, my_number
from offline.training.schedule import warmup_cosine
from offline.training.task import Task, Validation

logger = logging.getLogger(__name__)

EpochCallback = Callable[[int, int, dict[str, float]], None]
"""Called with the number of epochs done, the most there can be, and the figures of the last."""

MIN_DELTA = 1e-6
"""A validation score must grow by more than this to count as better."""


@dataclass
class History:
    """What happened, epoch by epoch.

    Parameters
    ----------
    rows : list of dict of str to float
        Figures of each epoch: ``loss``, ``score`` and what the task adds.
    best_epoch : int
        Number of epochs after which the weights were best; 0 where training made nothing better of a network that started well.
    best_score : float
        The validation score then; NaN without a validation side.
    start : dict of str to float
        Figures of the network before the first epoch, without ``loss``; empty where it was no candidate.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("-inf")
    start: dict[str, float] = field(default_factory=dict)

    @property
    def best(self) -> dict[str, float]:
        """Figures of what was kept."""
        return self.rows[self.best_epoch - 1] if self.best_epoch else self.start


def pick_device(wish: str) -> torch.device:
    """Return the device to compute on; ``"auto"`` takes a GPU where there is one."""
    if wish == "auto":
        wish = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wish)


class Trainer:
    """Trains the network of a task and leaves it with its best weights.

    Parameters
    ----------
    task : Task
        What to train.
    config : TrainerConfig
        How.
    seed : Seed
        Determines order, augmentation and dropout. Each epoch has generators of its own, so that a run that is taken up again
        after an interruption ends in the same weights as one that was not interrupted.
    state_path : Path, optional
        Where to keep what is needed to take the run up again.
    on_epoch : callable, optional
        Told of each epoch.
    """

    def __init__(
        self,
        task: Task,
        config: TrainerConfig,
        seed: Seed,
        *,
        state_path: Path | None = None,
        on_epoch: EpochCallback | None = None,
    ) -> None:
        self._task, self._config, self._seed = task, config, seed
        self._state_path, self._on_epoch = state_path, on_epoch
        self._device = pick_device(config.device)
        self._network = task.network.to(self._device)
        self._optimiser = torch.optim.AdamW(task.parameter_groups(), weight_decay=config.weight_decay)
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._history = History()
        self._best: Weights = {}

    def fit(self, *, stop_after: int | None = None) -> History:
        """Train until the validation score stops growing.

        Parameters
        ----------
        stop_after : int, optional
            End after this many epochs and keep the last weights, with the learning rates of the whole run: the final fit on all
            people, who leave nobody to validate on, repeats what the folds found best. 0 keeps the network as it is.

        Returns
        -------
        History
            The task's network then has its best weights and is in evaluation mode.
        """
        self._lay_out(self._fast_layout)
        self._resume()
        if not self._best and (self._config.keeps_start or stop_after == 0):
            self._judge(self._history.start, keep_always=True)
        last = self._config.epochs if stop_after is None else min(self._config.epochs, stop_after)
        while len(self._history.rows) < last and not (stop_after is None and self._is_stale()):
            figures = self._epoch(len(self._history.rows))
            self._history.rows.append(figures)
            self._judge(figures, keep_always=stop_after is not None)
            self._save()
            if self._on_epoch:
                self._on_epoch(len(self._history.rows), last, figures)
        self._network.load_state_dict(self._best)
        self._lay_out(torch.contiguous_format)
        self._network.eval()
        return self._history

    @property
    def _fast_layout(self) -> torch.memory_format:
        """Channels last on a processor: an epoch of the 2 x 250 network then takes 0.7 of the time; pooling gains most."""
        return torch.channels_last if self._device.type == "cpu" else torch.contiguous_format

    def _lay_out(self, layout: torch.memory_format) -> None:
        self._network.to(memory_format=layout)  # type: ignore[call-overload]

    def _is_stale(self) -> bool:
        return len(self._history.rows) - self._history.best_epoch >= self._config.patience

    def _epoch(self, number: int) -> dict[str, float]:
        seed = self._seed.of("epoch", number)
        generator = seed.of("views", *_place()).torch_generator(self._device.type)
        total = torch.zeros((), dtype=torch.float64, device=self._device)  # read once an epoch: to read makes a GPU wait
        n_batches = 0
        self._network.train()
        with torch.random.fork_rng(devices=[]):  # dropout draws from torch's own generator
            torch.manual_seed(seed.of("dropout", *_place()).number())
            for count, indices in enumerate(self._task.batches(seed.of("order").rng())):
                self._set_rates(number * self._task.n_batches + count)
                total += self._step(indices, generator)
                n_batches += 1
        agree_on_buffers(self._network)
        return {"loss": float(total) / max(1, n_batches)}

    def _set_rates(self, step: int) -> None:
        factor = warmup_cosine(step, self._config.epochs * self._task.n_batches, self._config.warmup_share)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def _step(self, indices: Any, generator: torch.Generator) -> Tensor:
        narrow = self._config.precision == "bfloat16"
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=narrow):
            loss = self._task.loss(indices, generator)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(self._network)
        nn.utils.clip_grad_norm_(self._network.parameters(), self._config.clip_norm)
        self._optimiser.step()
        return loss.detach()

    def _judge(self, figures: dict[str, float], *, keep_always: bool) -> None:
        self._network.eval()
        with torch.no_grad():
            validation = self._task.validate()
        if validation is not None:
            figures.update(score=validation.score, **validation.figures)
        if keep_always or validation is None or validation.score > self._history.best_score + MIN_DELTA:
            self._keep(validation)

    def _keep(self, validation: Validation | None) -> None:
        self._history.best_epoch = len(self._history.rows)
        self._history.best_score = validation.score if validation else float("nan")
        self._best = {name: tensor.detach().clone() for name, tensor in self._network.state_dict().items()}

    def _save(self) -> None:
        if self._state_path is None or not is_first():
            return
        weights = with_prefix("network", self._network.state_dict()) | with_prefix("best", self._best)
        weights |= with_prefix("optimiser", optimiser_tensors(self._optimiser))
        save_checkpoint(self._state_path, Checkpoint(weights, {"history": dataclasses.asdict(self._history)}))

    def _resume(self) -> None:
        if self._state_path is None or not self._state_path.is_file():
            return
        state = load_checkpoint(self._state_path)
        self._history = History(**state.facts["history"])
        self._best = under_prefix("best", state.weights)
        self._network.load_state_dict(under_prefix("network", state.weights))
        restore_optimiser(self._optimiser, under_prefix("optimiser", state.weights))
        logger.info("Taken up again after %d epochs from %s", len(self._history.rows), self._state_path)


def _place() -> tuple[int, ...]:
    """Return what makes chance differ between processes; nothing where there is one."""
    return (my_number(),) if my_number() else ()

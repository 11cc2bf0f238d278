"""What is written down of a training run while it goes on, for those who want to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sclcm_core.errors import ConfigError

LogKind = Literal["csv", "tensorboard"]
"""A table at the end, which is written in any case; or event files as well, as it goes on."""

WriteEpoch = Callable[[int, Mapping[str, float]], None]
"""Called with the number of epochs done and the figures of the last."""

TellEpoch = Callable[[int, int, dict[str, float]], None]
"""What a trainer tells: the number of epochs done, the most there can be, and the figures of the last."""


@contextmanager
def epoch_log(kind: LogKind, folder: Path) -> Iterator[WriteEpoch]:
    """Keep a log of epochs while the context lasts.

    Parameters
    ----------
    kind : {'csv', 'tensorboard'}
        With ``'csv'`` nothing is written here: the run folder has a table of every stage in any case.
    folder : Path
        Where TensorBoard's event files are written.

    Yields
    ------
    callable
        To be told of each epoch.

    Raises
    ------
    ConfigError
        When TensorBoard is wanted and is not installed.
    """
    if kind == "csv":
        yield lambda number, figures: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            f"The log 'tensorboard' cannot be written ({error}).", "Install it: pip install tensorboard; or leave out --log."
        ) from error
    with SummaryWriter(str(folder)) as writer:

        def write(number: int, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, number)
            writer.flush()

        yield write


@contextmanager
def stage_log(folder: Path | None) -> Iterator[TellEpoch | None]:
    """Keep TensorBoard's files of one stage of one network while the context lasts, where they are wanted.

    Parameters
    ----------
    folder : Path or None
        Where they are written; None writes nothing.

    Yields
    ------
    callable or None
        For the trainer.
    """
    if folder is None:
        yield None
        return
    with epoch_log("tensorboard", folder) as write:
        yield lambda done, total, figures: write(done, figures)

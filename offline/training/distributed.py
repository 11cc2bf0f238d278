"""Several processes that train one network: who takes which part, and how the parts come together.

Start them with torchrun; without it there is one process, and everything here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from offline.training.task import Indices


@contextmanager
def process_group() -> Iterator[None]:
    """Join the other processes where torchrun started several; leave them at the end."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    if backend == "nccl":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group(backend)
    try:
        yield
    finally:
        dist.destroy_process_group()


def n_processes() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def my_number() -> int:
    """Return the number of this process among them, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_first() -> bool:
    """Tell whether this process is the one that writes files and talks to the user."""
    return my_number() == 0


def my_share(batch: Indices) -> Indices:
    """Return the part of a batch that this process computes.

    Parameters
    ----------
    batch : ndarray of int64, shape (n,)
        The whole batch, the same in every process: its law (a positive and a negative for each) holds for the whole, over which the
        loss is taken.

    Returns
    -------
    ndarray of int64, shape (about n / n_processes,)
        Consecutive windows, so that those of a group mostly stay together.
    """
    return np.array_split(batch, n_processes())[my_number()]


def gather(values: Tensor) -> Tensor:
    """Put the parts of all processes one after the other.

    Parameters
    ----------
    values : Tensor, shape (n_mine, ...)
        The part of this process; the numbers of rows may differ.

    Returns
    -------
    Tensor, shape (n, ...)
        All parts, in the order of the processes. Gradients flow back to where the rows came from, added up over the processes.
    """
    if n_processes() == 1:
        return values
    sizes = _sizes(values)
    padded = torch.cat([values, values.new_zeros(max(sizes) - len(values), *values.shape[1:])])
    parts: Tensor = _Gather.apply(padded)  # type: ignore[no-untyped-call]
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


class _Gather(torch.autograd.Function):
    """Gathers equal parts; backward adds up what every process found for a part and hands it to its owner."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        parts = [torch.empty_like(part) for _ in range(n_processes())]
        dist.all_gather(parts, part.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        summed = gradient.contiguous()
        dist.all_reduce(summed)
        return summed[my_number()]


def _sizes(values: Tensor) -> list[int]:
    sizes = [torch.zeros(1, dtype=torch.int64, device=values.device) for _ in range(n_processes())]
    dist.all_gather(sizes, torch.tensor([len(values)], device=values.device))
    return [int(size) for size in sizes]


def average_gradients(network: nn.Module) -> None:
    """Replace each gradient by its mean over the processes.

    Parameters
    ----------
    network : nn.Module
        After the backward pass.

    Notes
    -----
    Where every process takes the same loss over gathered rows, `gather` has added each row's gradient up once for every process,
    and this mean takes that out again: what is left is the gradient that one process would have found on the whole batch. Statistics
    of BatchNorm are the exception: each process normalises by those of its own part.
    """
    if n_processes() == 1:
        return
    for parameter in network.parameters():
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= n_processes()


def agree_on_buffers(network: nn.Module) -> None:
    """Give every process the first one's running statistics, so that all judge and keep the same network.

    Parameters
    ----------
    network : nn.Module
        After an epoch.
    """
    if n_processes() > 1:
        for buffer in network.buffers():
            dist.broadcast(buffer, src=0)

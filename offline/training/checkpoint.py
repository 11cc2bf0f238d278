"""Checkpoints: tensors in safetensors, the rest as JSON in the file's header. Nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sclcm_core.errors import SclcmError

Weights = dict[str, Tensor]

_FACTS = "facts"
_FORMAT = 1


class CheckpointError(SclcmError):
    """A checkpoint that cannot be used."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Named tensors, and facts about them.

    Parameters
    ----------
    weights : dict of str to Tensor
        The tensors, of any shape.
    facts : mapping
        What can be written as JSON: method, shapes, channel names, seed, epoch, ...
    """

    weights: Weights
    facts: Mapping[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; an older one at the same place is replaced in one step.

    Parameters
    ----------
    path : Path
        The ``.safetensors`` file.
    checkpoint : Checkpoint
        What to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"format": _FORMAT, **checkpoint.facts})
    temporary = path.with_suffix(".tmp")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.weights.items()}
    save_file(tensors, temporary, metadata={_FACTS: facts})
    temporary.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    path : Path
        The ``.safetensors`` file.

    Returns
    -------
    Checkpoint
        Tensors on the CPU, and facts.

    Raises
    ------
    CheckpointError
        When it is missing, damaged or none of ours.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint at '{path}'.", "Run the stage that makes it first.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' is not a checkpoint of this program ({error}).", "Train again.") from error
    if facts.get("format") != _FORMAT:
        raise CheckpointError(f"'{path}' has checkpoint format {facts.get('format')!r}, not {_FORMAT}.", "Train again.")
    return Checkpoint(weights, facts)


def with_prefix(prefix: str, weights: Mapping[str, Tensor]) -> Weights:
    """Put a prefix before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in weights.items()}


def under_prefix(prefix: str, weights: Mapping[str, Tensor]) -> Weights:
    """Return the tensors whose names have a prefix, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in weights.items() if name.startswith(start)}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Weights:
    """Return an optimiser's memory as named tensors.

    Parameters
    ----------
    optimiser : torch Optimizer
        Whose memory; its groups and learning rates are not part of it.

    Returns
    -------
    dict of str to Tensor
        Named ``{parameter number}.{what}``.
    """
    state = optimiser.state_dict()["state"]
    return {f"{number}.{key}": torch.as_tensor(value) for number, entry in state.items() for key, value in entry.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser back its memory.

    Parameters
    ----------
    optimiser : torch Optimizer
        A new one for the same parameters.
    tensors : mapping of str to Tensor
        As `optimiser_tensors` returned them.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})

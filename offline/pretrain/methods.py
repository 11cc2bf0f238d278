"""The methods by stage and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline.pretrain import declared_alignment, declared_contrast, declared_finetune, declared_raw
from offline.pretrain.method import Method, MethodOptions
from offline.pretrain.names import Stage
from sclcm_core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from offline.config import FinetuneConfig, PretrainConfig

ALL: tuple[Method, ...] = (
    *declared_contrast.DECLARED,
    *declared_raw.DECLARED,
    *declared_alignment.DECLARED,
    *declared_finetune.DECLARED,
)
"""Every method, in the order in which they are listed."""

METHODS: dict[str, Method] = {method.name: method for method in ALL if method.stage == "pretrain"}
"""The methods of the stage 'pretrain' by name."""

FINETUNING: dict[str, Method] = {method.name: method for method in ALL if method.stage == "finetune"}
"""The methods of the stage 'finetune' by name."""


def find_method(name: str, stage: Stage = "pretrain") -> Method:
    """Look a method up; raise `ConfigError` with the nearest name when it is not known."""
    known = METHODS if stage == "pretrain" else FINETUNING
    if name not in known:
        what = "pretraining" if stage == "pretrain" else "finetuning"
        raise ConfigError(f"There is no {what} method '{name}'.", nearest(name, known))
    return known[name]


def options_of(config: PretrainConfig | FinetuneConfig, stage: Stage) -> MethodOptions:
    """Return the validated options of a section's method."""
    return find_method(config.method, stage).read_options(config.options)

"""What a comparison of methods says beyond its run config: shares of labels, sizes of networks, settings of single methods."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offline.config import RunConfig, load_config, parse_config
from offline.pretrain.names import EncoderKind
from sclcm_core.errors import ConfigError, nearest

Content = dict[str, Any]

SECTION = "compare"
"""Name of the section in the TOML file."""


class CompareConfig(BaseModel):
    """The section ``[compare]``; every key may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    shares: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...],
        Field(min_length=1, description="shares of the training trials whose labels are used, 0..1"),
    ] = (0.05, 1.0)
    n_draws: Annotated[
        int, Field(ge=1, description="how often the labelled trials are drawn anew, where not all are labelled")
    ] = 3
    encoders: Annotated[
        dict[EncoderKind, Content], Field(description="what differs from the section [encoder], by kind of encoder")
    ] = {}
    pretrain: Annotated[
        dict[EncoderKind, Content], Field(description="what differs from the section [pretrain], by kind of encoder")
    ] = {}
    finetune: Annotated[
        dict[EncoderKind, Content], Field(description="what differs from the section [finetune], by kind of encoder")
    ] = {}
    methods: Annotated[
        dict[str, Content], Field(description="what differs from the section of the method's own stage, by method")
    ] = {}


def load_comparison(path: Path) -> tuple[RunConfig, CompareConfig]:
    """Read the config of a comparison: a run config, which may have a section ``[compare]``.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    config : RunConfig
        Data, features, split, seed and budget, the same for every method.
    comparison : CompareConfig
        The rest.

    Raises
    ------
    ConfigError
        When the file is missing, is not TOML, or has an unknown key or a value that cannot be.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return load_config(path), CompareConfig()  # which says what is the matter
    section = content.pop(SECTION, {})
    return parse_config(content, str(path)), parse_comparison(section, str(path))


def parse_comparison(section: Content, where: str) -> CompareConfig:
    """Validate the content of the section; raise `ConfigError` when a key is unknown or a value cannot be.

    Parameters
    ----------
    section : dict
        What the section says.
    where : str
        What to call its place in errors.
    """
    try:
        return CompareConfig.model_validate(section)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        unknown = problem["type"] == "extra_forbidden"
        remedy = nearest(key, CompareConfig.model_fields) if unknown else "Correct it."
        raise ConfigError(f"In '{where}': {SECTION}.{key}: {problem['msg']} (got {problem['input']!r}).", remedy) from error

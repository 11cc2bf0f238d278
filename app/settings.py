"""The user's settings file: what need not be said at every start."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.acquisition.lsl_network import NetworkSettings
from app.paths import user_dir
from sclcm_core.errors import ConfigError, nearest

FILE_NAME = "settings.toml"


class Settings(BaseModel):
    """What the settings file may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings = Field(default_factory=NetworkSettings, description="how LSL looks for streams")


def settings_path() -> Path:
    """Return where the settings file lies, or would lie."""
    return user_dir() / FILE_NAME


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file.

    Parameters
    ----------
    path : Path, optional
        The file; the user's own when left out.

    Returns
    -------
    Settings
        The defaults when there is no file.

    Raises
    ------
    ConfigError
        When it is not TOML, or holds an unknown key or a wrong value.
    """
    file = path or settings_path()
    if not file.is_file():
        return Settings()
    try:
        return Settings.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file '{file}' is not TOML ({error}).", "Mend or delete it.") from error
    except ValidationError as error:
        raise ConfigError(f"The settings file '{file}' is wrong: {_first_problem(error)}.", "Mend or delete it.") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        known = NetworkSettings.model_fields if path[:-1] == ["network"] else Settings.model_fields
        return f"unknown key '{'.'.join(path)}'. {nearest(path[-1], known)}"[:-1]
    return f"{'.'.join(path)}: {problem['msg']}"

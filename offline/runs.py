"""Run folders: everything that a run was made from and came to."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from offline.config import RunConfig, parse_config
from sclcm_core.errors import ConfigError

_PACKAGES = ("sclcm-live", "torch", "numpy", "scipy", "scikit-learn", "onnx", "onnxruntime", "mne")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of a run.

    Parameters
    ----------
    path : Path
        ``config.json`` (validated), ``origin.json`` (versions, commit), ``folds/``, ``checkpoints/``, ``metrics.json``,
        ``report.html``, ``plots/``, and the networks as ``.onnx``.
    """

    path: Path

    @property
    def report_path(self) -> Path:
        """Everything measured, for people."""
        return self.path / "report.html"

    @property
    def float_path(self) -> Path:
        """The final network in float32."""
        return self.path / "network-float.onnx"

    @property
    def int8_path(self) -> Path:
        """The final network in int8."""
        return self.path / "network-int8.onnx"

    def checkpoint_path(self, stage: str, member: int) -> Path:
        """Weights of one member of the final fit after a stage."""
        return self.path / "checkpoints" / f"{stage}-{member}.safetensors"

    def state_path(self, stage: str, member: int) -> Path:
        """What is needed to take the training of a member up again."""
        return self.path / "checkpoints" / f"{stage}-{member}-state.safetensors"

    def fold_path(self, number: int) -> Path:
        """Result of one fold."""
        return self.path / "folds" / f"{number:03d}.npz"

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Write a JSON file into the folder, in one step."""
        path = self.path / name
        temporary = path.with_suffix(f".{os.getpid()}.tmp")  # processes that train together write the same facts
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(path)
        return path

    def write_table(self, name: str, rows: Sequence[Mapping[str, float]]) -> Path:
        """Write rows as a CSV file into the folder: one line an epoch, one column a figure."""
        path = self.path / name
        columns = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["epoch", *columns])
            writer.writeheader()
            writer.writerows({"epoch": number, **row} for number, row in enumerate(rows, start=1))
        return path

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the folder; raise `ConfigError` when the stage that writes it has not run."""
        path = self.path / name
        if not path.is_file():
            raise ConfigError(f"'{path}' does not exist yet.", "Run the stages in order, or 'sclcm-offline run' for all.")
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


def open_run(config: RunConfig, path: Path | None = None) -> RunFolder:
    """Open the folder of a run, making it when it is new.

    Parameters
    ----------
    config : RunConfig
        What the run does.
    path : Path, optional
        The folder; ``runs/NAME`` when left out.

    Returns
    -------
    RunFolder
        Stages that are done already are found there.

    Raises
    ------
    ConfigError
        When the folder belongs to another config: results of two configs must not mix.
    """
    folder = RunFolder(path or Path("runs") / config.name)
    folder.path.mkdir(parents=True, exist_ok=True)
    content = config.model_dump(mode="json")
    if (folder.path / "config.json").is_file():
        _refuse_another(folder, content)
    else:
        folder.write_json("config.json", content)
        folder.write_json("origin.json", {"commit": git_commit(), "versions": versions(), "fingerprint": fingerprint(config)})
    return folder


def _refuse_another(folder: RunFolder, content: dict[str, Any]) -> None:
    found = _with_new_keys(folder.read_json("config.json"))
    if found != content:
        differing = sorted(key for key in content if found.get(key) != content[key])
        raise ConfigError(
            f"The folder '{folder.path}' holds a run of another config (it differs in: {', '.join(differing)}).",
            "Name another folder with --run-dir, or delete this one.",
        )


def _with_new_keys(content: dict[str, Any]) -> dict[str, Any]:
    """Give a config of an older version of this program the keys that were not there yet, as they usually are."""
    try:
        return parse_config(content, "the run folder").model_dump(mode="json")
    except ConfigError:
        return content


def fingerprint(config: RunConfig) -> str:
    """Return a hash of what a config asks to be computed; which code computes it is noted beside each result (`CodeOrigin`)."""
    content = config.model_dump(mode="json", exclude={"title", "bundle"})
    content["dataset"].pop("root")
    for key in ("seeds", "design_subjects", "n_permutations"):
        content["evaluate"].pop(key)
    if config.finetune.stop_by == "macro_f1":
        content["finetune"].pop("stop_by")  # what was computed before there was a choice stays valid
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def git_commit() -> str:
    """Return the commit of the checkout that this code runs from, with ``+`` when files were changed since; empty outside one."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", ".", "../sclcm_core")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

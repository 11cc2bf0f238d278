"""One recipe over several seeds and settings."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from offline.config import RunConfig, parse_config
from offline.engines import Engine
from offline.evaluate.intervals import bootstrap_mean
from offline.evaluate.summary import MethodSummary, Summary
from offline.fold_jobs import compute_folds
from offline.progress import progress_bar
from offline.runs import open_run
from offline.seeds import Seed
from offline.stages import measure, prepare
from offline.training.logs import LogKind
from sclcm_core.errors import ConfigError

STUDY_TABLE = (
    "Setting",
    "Method",
    "Normalised by",
    "Seeds",
    "Balanced accuracy [95 % over people]",
    "SD over seeds",
    "Least, most",
    "Validation macro-F1",
)

Settings = Mapping[str, Any]
"""Values by the dotted name of a config's key."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe with one setting and one seed.

    Parameters
    ----------
    setting : str
        What differs from the config, in words; empty where nothing does.
    seed : int
        Determines everything that is drawn.
    config : RunConfig
        The whole.
    """

    setting: str
    seed: int
    config: RunConfig

    @property
    def folder(self) -> Path:
        """Where its results are kept, inside the study's folder."""
        return Path(self.setting.replace(" ", "").replace("/", "_") or ".") / f"seed-{self.seed}"


def plan_study(config: RunConfig, seeds: Sequence[int] = (), sweeps: Sequence[str] = ()) -> list[Trial]:
    """Lay out every setting with every seed.

    Parameters
    ----------
    config : RunConfig
        The recipe.
    seeds : sequence of int
        Seeds; those of the config when there is none, and its one seed where it names no others.
    sweeps : sequence of str
        ``KEY=VALUE,VALUE,...`` with the dotted name of a key, such as ``finetune.encoder_lr=1e-3,2e-3``; of several, every combination.

    Returns
    -------
    list of Trial
        Settings in their order, and in each the seeds.

    Raises
    ------
    ConfigError
        When a key is unknown or a value cannot be.
    """
    keys, values = zip(*map(_parse_sweep, sweeps), strict=True) if sweeps else ((), ())
    trials = []
    for chosen in product(*values):
        settings = dict(zip(keys, chosen, strict=True))
        text = ", ".join(f"{key}={value}" for key, value in settings.items())
        trials += [
            Trial(text, seed, with_settings(config, settings | {"seed": seed, "evaluate.seeds": []}))
            for seed in seeds or config.evaluate.seeds or (config.seed,)
        ]
    return trials


def with_settings(config: RunConfig, settings: Settings) -> RunConfig:
    """Return a config of which some keys have other values, and which ships nothing.

    Parameters
    ----------
    config : RunConfig
        The whole.
    settings : mapping of str to object
        Values by dotted name.

    Raises
    ------
    ConfigError
        When a key is unknown or a value cannot be.
    """
    content = config.model_dump(mode="json") | {"bundle": None}
    for key, value in settings.items():
        section, (*path, last) = content, key.split(".")
        for part in path:
            section = section.setdefault(part, {}) if isinstance(section.get(part, {}), dict) else {}
        section[last] = value
    return parse_config(content, f"{config.name} with {', '.join(f'{k}={v}' for k, v in settings.items())}")


def _parse_sweep(text: str) -> tuple[str, list[Any]]:
    key, sign, values = text.partition("=")
    if not (sign and key and values):
        raise ConfigError(f"'{text}' is not of the form KEY=VALUE,VALUE,...", "Example: --sweep finetune.encoder_lr=1e-3,2e-3")
    try:
        found: list[Any] = tomllib.loads(f"values = [{values}]")["values"]
    except tomllib.TOMLDecodeError:
        found = values.split(",")  # words need no quotation marks
    return key, found


def run_study(
    trials: Sequence[Trial], folder: Path, root: Path | None, engine: Engine, *, log: LogKind = "csv"
) -> list[Summary]:
    """Evaluate every trial in a run folder of its own; what is there already is not computed again.

    Parameters
    ----------
    trials : sequence of Trial
        What to evaluate.
    folder : Path
        Where the run folders, and ``study.json``, are kept.
    root : Path, optional
        Folder of the data set.
    engine : Engine
        Who computes; the folds of all trials are one queue.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files of every fold are written as well.

    Returns
    -------
    list of Summary
        In the order of the trials.
    """
    runs = [prepare(trial.config, open_run(trial.config, folder / trial.folder), root) for trial in trials]
    with progress_bar("folds") as report:
        compute_folds(runs, engine, report, log=log)
    summaries = [measure(run) for run in runs]
    rows = [dict(zip(STUDY_TABLE, row, strict=True)) for row in study_rows(trials, summaries)]
    single = [
        {
            "setting": trial.setting,
            "seed": trial.seed,
            "folder": str(trial.folder),
            "validation_score": validation_score(summary),
        }
        for trial, summary in zip(trials, summaries, strict=True)
    ]
    (folder / "study.json").write_text(json.dumps({"table": rows, "runs": single}, indent=1) + "\n", encoding="utf-8")
    return summaries


def study_rows(trials: Sequence[Trial], summaries: Sequence[Summary]) -> list[tuple[str, ...]]:
    """Return a row for each setting and method, for `STUDY_TABLE`.

    Parameters
    ----------
    trials : sequence of Trial
        What was evaluated.
    summaries : sequence of Summary
        What it came to, in the same order.

    Returns
    -------
    list of tuple of str
        Settings are to be chosen by the last column: the others are of the test people.
    """
    settings = list(dict.fromkeys(trial.setting for trial in trials))
    rows: list[tuple[str, ...]] = []
    for setting in settings:
        mine = [summary for trial, summary in zip(trials, summaries, strict=True) if trial.setting == setting]
        score = float(np.mean([validation_score(summary) for summary in mine]))
        for first in mine[0].methods:
            if first.method != "majority":
                found = [method for summary in mine if (method := summary.find(first.method, first.line))]
                rows.append((setting or "as it is", first.name, first.line, *_over_seeds(found), f"{score:.3f}"))
    return rows


def _over_seeds(found: Sequence[MethodSummary]) -> tuple[str, str, str, str]:
    values = np.array([method.balanced_accuracy.value for method in found])
    people = np.array([[row.balanced_accuracy for row in method.subjects] for method in found])  # (n_seeds, n_people)
    mean = bootstrap_mean(people.mean(axis=0), Seed(0).of("study").rng())
    spread = f"{values.std(ddof=1):.3f}" if len(values) > 1 else ""
    return str(len(found)), str(mean), spread, f"{values.min():.3f}, {values.max():.3f}"


def validation_score(summary: Summary) -> float:
    """Return the macro-F1 on the validation people, mean over the folds."""
    return float(np.mean([fold["validation_score"] for fold in summary.folds]))

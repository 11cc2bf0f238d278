"""Every arm on every fold: each a job of its own, kept as soon as it is done, and never computed twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from offline import runs
from offline.code_origin import CodeOrigin, code_origin, warn_of_other_code
from offline.config import RunConfig, parse_config
from offline.datasets.fold import Fold
from offline.datasets.raw_windows import same_moment
from offline.datasets.splits import make_folds
from offline.datasets.window_set import WindowSet
from offline.engines import Engine, launch
from offline.evaluate.compare_arms import Arm, raw_twin
from offline.evaluate.compare_cell import Cell, cell_of, run_cell
from offline.evaluate.compare_config import CompareConfig
from offline.evaluate.cross_validate import fold_fingerprint
from offline.progress import Report, silent
from offline.runs import RunFolder
from offline.stages import read_run
from sclcm_core.errors import ConfigError, DatasetError, SclcmError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared with what.

    Parameters
    ----------
    config : RunConfig
        Data, band features, split and budget.
    comparison : CompareConfig
        Shares of labels.
    arms : tuple of Arm
        The rows.
    seeds : tuple of int
        Each arm is fitted with each.
    folder : Path
        Where everything is kept.
    root : Path or None
        Folder of the data set.
    n_folds : int or None
        How many of the folds are run; all when left out.
    """

    config: RunConfig
    comparison: CompareConfig
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    folder: Path
    root: Path | None = None
    n_folds: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an arm came to: a cell for each seed and fold, or why there is none."""

    arm: Arm
    cells: tuple[Cell, ...]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Views:
    """The same moments of the same recordings, as band features and as raw signals, row by row.

    Parameters
    ----------
    features, raw : WindowSet
        Not normalised, in nats or dB and in µV.
    """

    features: WindowSet
    raw: WindowSet

    def of(self, arm: Arm) -> WindowSet:
        """Return the windows that an arm looks at."""
        return self.raw if arm.signal == "raw" else self.features

    def folds(self, config: RunConfig) -> list[Fold]:
        """Return the folds: indices that hold for both."""
        return make_folds(config.evaluate.split, self.features, seed=config.seed, options=config.evaluate.options)


@dataclass(frozen=True, slots=True)
class CellJob:
    """One arm with one seed on one fold."""

    plan: Plan
    arm: Arm
    seed: int
    fold: int

    @property
    def path(self) -> Path:
        """Where the result is kept."""
        name = "".join(c if c.isalnum() else "-" for c in self.arm.name).strip("-")
        return self.plan.folder / "cells" / f"{name}-seed{self.seed}-fold{self.fold}.json"


def compare(plan: Plan, engine: Engine, report: Report = silent) -> list[Outcome]:
    """Compute what is missing, and return what every arm came to.

    Parameters
    ----------
    plan : Plan
        What is compared with what.
    engine : Engine
        Who computes.
    report : callable
        Told of each job.

    Returns
    -------
    list of Outcome
        In the order of the arms. An arm that refuses the data, or that collapses, says so and has no cells.
    """
    n_folds = len(read_views(plan).folds(plan.config))
    wanted = range(n_folds if plan.n_folds is None else min(n_folds, plan.n_folds))
    jobs = [CellJob(plan, arm, seed, fold) for arm in plan.arms for seed in plan.seeds for fold in wanted]
    (plan.folder / "cells").mkdir(parents=True, exist_ok=True)
    report(0, len(jobs), "")
    for done, name in enumerate(launch(run_cell_job, jobs, engine), start=1):
        report(done, len(jobs), f"{name} done")
    found = {job.path: json.loads(job.path.read_text(encoding="utf-8")) for job in jobs}
    warn_of_other_code("cells", [CodeOrigin(**content.get("code", {})) for content in found.values()], plan.folder / "cells")
    return [_outcome(arm, [found[job.path] for job in jobs if job.arm is arm]) for arm in plan.arms]


def _outcome(arm: Arm, found: Sequence[Mapping[str, Any]]) -> Outcome:
    refusal = next((content["refusal"] for content in found if content.get("refusal")), "")
    return Outcome(arm, () if refusal else tuple(cell_of(content["cell"]) for content in found), refusal)


def run_cell_job(job: CellJob) -> str:
    """Compute a cell, unless its result is there already; return its name.

    Parameters
    ----------
    job : CellJob
        Which.
    """
    views = read_views(job.plan)
    fold = views.folds(job.plan.config)[job.fold]
    arm = replace(job.arm, config=job.arm.config.model_copy(update={"seed": job.seed}))
    key = _fingerprint(arm, views, fold, job.plan.comparison)
    if not _is_done(job.path, key):
        with _one_thread():
            content = _computed(arm, views, fold, job.plan.comparison)
        _write(job.path, json.dumps({"key": key, "code": asdict(code_origin()), **content}))
    return job.path.stem


def _computed(arm: Arm, views: Views, fold: Fold, comparison: CompareConfig) -> dict[str, object]:
    try:
        return {"cell": run_cell(arm, views.of(arm), fold, comparison.shares, comparison.n_draws).as_dict()}
    except SclcmError as error:
        return {"refusal": str(error)}


def _fingerprint(arm: Arm, views: Views, fold: Fold, comparison: CompareConfig) -> str:
    of_fold = fold_fingerprint(arm.config, views.of(arm), fold)
    return hashlib.sha256(f"{of_fold} {arm.baseline} {comparison.shares} {comparison.n_draws}".encode()).hexdigest()[:16]


def _is_done(path: Path, key: str) -> bool:
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["key"] == key


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")  # a half-written cell would not be JSON
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # more threads would change the order of sums, and what processor time means
    try:
        yield
    finally:
        torch.set_num_threads(before)


_LAST: dict[str, Views] = {}
"""What this process read last: the jobs of a comparison all look at the same."""


def read_views(plan: Plan) -> Views:
    """Read the data set once as band features and once as raw signals, and keep the moments that both have.

    Parameters
    ----------
    plan : Plan
        Which data.

    Returns
    -------
    Views
        Row for row the same moments.

    Raises
    ------
    DatasetError
        When there is no moment that both have.
    """
    config = plan.config
    key = repr((config.dataset, config.features, plan.root, plan.folder))
    if key not in _LAST:
        _LAST.clear()
        _LAST[key] = _read(plan)
    return _LAST[key]


def _read(plan: Plan) -> Views:
    content = plan.arms[0].config.model_dump(mode="json") | raw_twin(plan.config)
    content["encoder"]["kind"], content["pretrain"] = "patches", None
    raw_config = parse_config(content, f"the raw twin of {plan.config.name}")
    folder = RunFolder(plan.folder / "cells")  # frames are kept beside it
    bands, raw = (read_run(each, folder, plan.root).windows for each in (plan.config, raw_config))
    in_bands, in_raw = same_moment(bands, raw)
    if not len(in_bands):
        raise DatasetError(
            f"No window of features of {bands.dataset.title} ends with a raw one.",
            "Let features.hop_s be a multiple of 0.25 s.",
        )
    return Views(bands.select(in_bands), raw.select(in_raw))


def plan_key(plan: Plan) -> dict[str, object]:
    """Return what must be said of a comparison beside its figures, for JSON."""
    return {
        "name": plan.config.name,
        "fingerprint": runs.fingerprint(plan.config),
        "versions": runs.versions(),
        "commit": runs.git_commit(),
        "seeds": list(plan.seeds),
        "shares": list(plan.comparison.shares),
        "n_draws": plan.comparison.n_draws,
    }


def require_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return distinct seeds; raise `ConfigError` when there are none, or one twice."""
    if not seeds or len(set(seeds)) != len(seeds):
        raise ConfigError(f"Seeds must be distinct and not empty; got {list(seeds)}.", "Example: --seeds 1,2,3")
    return tuple(seeds)

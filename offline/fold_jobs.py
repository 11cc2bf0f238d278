"""Folds as pure functions: (config, fold) -> JSON, wherever they are computed, and never twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.config import RunConfig
from offline.datasets.splits import make_folds
from offline.engines import Engine, launch
from offline.evaluate.covariances import Covariances
from offline.evaluate.cross_validate import cross_validate, fold_fingerprint
from offline.evaluate.fold_result import FoldResult
from offline.evaluate.fold_store import load_fold
from offline.progress import Report, silent
from offline.runs import RunFolder
from offline.stages import Run, read_run, run_covariances
from offline.training.logs import LogKind


@dataclass(frozen=True, slots=True)
class FoldJob:
    """One fold of one run.

    Parameters
    ----------
    config : RunConfig
        Everything, the seed included.
    folder : Path
        The run folder; every machine must see it.
    fold : int
        Number of the fold, from 0.
    root : Path or None
        Folder of the data set, which every machine must see too.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files are written as well.
    """

    config: RunConfig
    folder: Path
    fold: int
    root: Path | None
    log: LogKind = "csv"


def run_fold_job(job: FoldJob) -> dict[str, Any]:
    """Compute a fold, unless its result is in the run folder already.

    Parameters
    ----------
    job : FoldJob
        Which.

    Returns
    -------
    dict
        What can be written as JSON: the fold's number and name, the validation score, and the balanced accuracy of each method. The
        answers are in the run folder.
    """
    run, covariances = _prepared(job)
    folder = RunFolder(job.folder)
    (result,) = cross_validate(job.config, run.windows, folder, covariances=covariances, only=job.fold, log=job.log)
    return {"folder": str(job.folder), "fold": job.fold, **_figures(result)}


def compute_folds(runs: Sequence[Run], engine: Engine, report: Report = silent, *, log: LogKind = "csv") -> None:
    """Have an engine compute every fold of several runs that has no result yet.

    Parameters
    ----------
    runs : sequence of Run
        The runs.
    engine : Engine
        Who computes.
    report : callable
        Told of each fold.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files of every fold are written as well.
    """
    jobs = [dataclasses.replace(job, log=log) for run in runs for job in missing_jobs(run)]
    report(0, len(jobs), "")
    for done, figures in enumerate(launch(run_fold_job, jobs, engine), start=1):
        report(done, len(jobs), f"{Path(figures['folder']).name}: {figures['name']} done")


def missing_jobs(run: Run) -> list[FoldJob]:
    """Return the folds of a run that have no result, or one of something else.

    Parameters
    ----------
    run : Run
        The run.
    """
    evaluate = run.config.evaluate
    folds = make_folds(evaluate.split, run.windows, seed=run.config.seed, options=evaluate.options)
    keys = [fold_fingerprint(run.config, run.windows, fold) for fold in folds]
    missing = [k for k, key in enumerate(keys) if load_fold(run.folder.fold_path(k), key) is None]
    folder, root = run.folder.path.resolve(), run.root.resolve() if run.root else None
    return [FoldJob(run.config, folder, k, root) for k in missing]


_LAST: dict[str, tuple[Run, Covariances | None]] = {}
"""What this process read last: the folds of a run follow each other, and to read takes longer than many a fold."""


def _prepared(job: FoldJob) -> tuple[Run, Covariances | None]:
    config = job.config
    parts = (config.dataset, config.features, config.evaluate.baselines, job.root, job.folder.parent)
    key = repr(parts)
    if key not in _LAST:
        run = read_run(config, RunFolder(job.folder), job.root)
        _LAST.clear()
        _LAST[key] = run, run_covariances(run)
    return _LAST[key]


def _figures(result: FoldResult) -> dict[str, Any]:
    reading = result.reading
    scores = {
        f"{method}, {line}": float(
            np.mean([np.mean(answer.argmax(axis=1)[reading.label == k] == k) for k in np.unique(reading.label)])
        )
        for (method, line), answer in reading.probabilities.items()
    }
    return {"name": result.name, "validation_score": result.validation_score, "balanced_accuracy": scores}

"""All folds of a run, several at a time, each kept as soon as it is done."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from offline import runs
from offline.code_origin import CodeOrigin, warn_of_other_code
from offline.config import RunConfig
from offline.datasets.fold import Fold
from offline.datasets.splits import make_folds
from offline.datasets.window_set import WindowSet
from offline.evaluate.covariances import Covariances
from offline.evaluate.fold_result import FoldResult
from offline.evaluate.fold_store import load_fold, save_fold
from offline.evaluate.run_fold import run_fold
from offline.progress import Report, silent
from offline.runs import RunFolder
from offline.training.logs import LogKind
from sclcm_core.errors import ConfigError

logger = logging.getLogger(__name__)


def cross_validate(
    config: RunConfig,
    windows: WindowSet,
    folder: RunFolder,
    *,
    covariances: Covariances | None = None,
    n_jobs: int = 1,
    only: int | None = None,
    log: LogKind = "csv",
    encoder_dir: Path | None = None,
    report: Report = silent,
) -> list[FoldResult]:
    """Run every fold that has no result yet.

    Parameters
    ----------
    config : RunConfig
        Everything.
    windows : WindowSet
        All windows.
    folder : RunFolder
        Where results are kept.
    covariances : Covariances, optional
        Of the windows' signals, for the Riemannian baseline.
    n_jobs : int
        Folds at a time, each in a process with one thread; the results do not depend on it.
    only : int, optional
        Number of the one fold to run, from 0: for the array jobs of a cluster, which share the folder.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files are written as well, under ``tensorboard/fold-000`` and so on.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for.
    report : callable
        Told of each fold.

    Returns
    -------
    list of FoldResult
        In the order of the folds; the one alone when `only` is given.

    Raises
    ------
    ConfigError
        When there is no fold of this number.
    """
    folds = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)
    wanted = _wanted(len(folds), only)
    keys = [fold_fingerprint(config, windows, fold) for fold in folds]
    done = {k: found for k in wanted if (found := load_fold(folder.fold_path(k), keys[k]))}
    missing = [k for k in wanted if k not in done]
    _warn_of_what_is_kept(folder, done, missing)
    report(len(done), len(wanted), "")
    logs = folder.path / "tensorboard" if log == "tensorboard" else None
    jobs = [_Job(config, windows, folds[k], k, covariances, logs, encoder_dir) for k in missing]
    for k, result in _run(jobs, n_jobs):
        save_fold(folder.fold_path(k), result, keys[k])
        done[k] = result
        report(len(done), len(wanted), f"{result.name} done")
    return [done[k] for k in wanted]


def _wanted(n_folds: int, only: int | None) -> list[int]:
    if only is not None and not 0 <= only < n_folds:
        raise ConfigError(f"There is no fold {only}; the split has {n_folds}.", f"Say 0 to {n_folds - 1}.")
    return list(range(n_folds)) if only is None else [only]


def _warn_of_what_is_kept(folder: RunFolder, done: Mapping[int, FoldResult], missing: Sequence[int]) -> None:
    if done:
        opened = CodeOrigin(folder.read_json("origin.json")["commit"])  # older folds note no code: this, or what came later
        warn_of_other_code("folds", [r.code if r.code.source else opened for r in done.values()], folder.path)
    unfit = sum(folder.fold_path(k).is_file() for k in missing)
    if unfit:
        logger.warning("%d folds kept in '%s' are of other data, or damaged, and are computed again.", unfit, folder.path)


class _Job(NamedTuple):
    """A fold, with everything that a process needs to know of it."""

    config: RunConfig
    windows: WindowSet
    fold: Fold
    number: int
    covariances: Covariances | None
    logs: Path | None
    encoder_dir: Path | None


def _run(jobs: list[_Job], n_jobs: int) -> Iterator[tuple[int, FoldResult]]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    if n_jobs == 1:
        yield from map(_numbered, jobs)
        return
    try:
        yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(delayed(_numbered)(job) for job in jobs)
    finally:
        get_reusable_executor().shutdown(wait=True)  # joblib would keep idle workers and two threads for minutes


def _numbered(job: _Job) -> tuple[int, FoldResult]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # more threads would change the order of sums, and with it the result
    try:
        log_dir = job.logs and job.logs / f"fold-{job.number:03d}"
        places = {"log_dir": log_dir, "encoder_dir": job.encoder_dir}
        return job.number, run_fold(job.config, job.windows, job.fold, job.covariances, **places)
    finally:
        torch.set_num_threads(before)


def fold_fingerprint(config: RunConfig, windows: WindowSet, fold: Fold) -> str:
    """Return a hash of everything that the result of a fold depends on: config, features, labels, ids, rests and the division.

    Parameters
    ----------
    config : RunConfig
        Everything.
    windows : WindowSet
        All windows.
    fold : Fold
        Who and what is trained, validated and tested on.
    """
    digest = hashlib.sha256(runs.fingerprint(config).encode())
    digest.update(np.ascontiguousarray(windows.features).tobytes())
    for ids in (
        windows.label,
        windows.subject,
        windows.session,
        windows.trial,
        windows.stimulus,
        windows.recording,
        windows.t0,
    ):
        digest.update(ids.tobytes())
    if "personal" in config.lines:
        for subject, frames in sorted(windows.baseline_frames.items()):
            digest.update(f"{subject}".encode() + np.ascontiguousarray(frames).tobytes())
        for subject, visits in sorted(windows.baseline_session.items()):
            digest.update(f"{subject}".encode() + visits.tobytes())
    for field in dataclasses.fields(fold):
        value = getattr(fold, field.name)
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else str(value).encode())
    return digest.hexdigest()[:16]


def default_jobs() -> int:
    """Return how many folds to run at a time: one a core."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)

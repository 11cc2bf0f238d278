"""Who computes: processes of this machine (joblib), a Dask cluster, or SLURM (submitit). Nothing here schedules anything itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from offline.datasets.engine import engine as joblib_engine
from sclcm_core.errors import ConfigError

EngineName = Literal["joblib", "dask", "submitit"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

Job = TypeVar("Job")
Result = TypeVar("Result")

TIMEOUT_MIN = 12 * 60
"""Time that SLURM gives a job unless told otherwise, in min."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Who computes.

    Parameters
    ----------
    name : {'joblib', 'dask', 'submitit'}
        Processes of this machine; a Dask cluster; SLURM, or, on a machine without it, processes that submitit starts.
    n_jobs : int
        Jobs at a time.
    scheduler : str, optional
        Address of the Dask scheduler; workers are started here when left out.
    log_dir : Path
        Where submitit keeps its scripts and what the jobs print; every machine must see it.
    options : mapping of str to str
        What submitit is told, such as ``slurm_partition`` or ``timeout_min``.
    """

    name: EngineName = "joblib"
    n_jobs: int = 1
    scheduler: str | None = None
    log_dir: Path = Path("runs") / "jobs"
    options: Mapping[str, Any] = field(default_factory=dict)


def launch(function: Callable[[Job], Result], jobs: Sequence[Job], engine: Engine) -> Iterator[Result]:
    """Compute every job.

    Parameters
    ----------
    function : callable
        A function of a module, which takes a job; both are pickled.
    jobs : sequence
        What to compute, each independent of the others.
    engine : Engine
        Who computes.

    Yields
    ------
    object
        Results, as they come.

    Raises
    ------
    ConfigError
        When the engine is not installed, or options are given that it does not have.
    """
    if engine.options and engine.name != "submitit":
        raise ConfigError(f"--slurm belongs to the engine 'submitit'; the engine is '{engine.name}'.", "Say --engine submitit.")
    return _LAUNCHERS[engine.name](function, jobs, engine)


def _joblib(function: Callable[[Job], Result], jobs: Sequence[Job], engine: Engine) -> Iterator[Result]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    if engine.n_jobs == 1:
        yield from map(function, jobs)
        return
    try:
        yield from Parallel(n_jobs=engine.n_jobs, return_as="generator_unordered")(delayed(function)(job) for job in jobs)
    finally:
        get_reusable_executor().shutdown(wait=True)  # joblib would keep idle workers and two threads for minutes


def _dask(function: Callable[[Job], Result], jobs: Sequence[Job], engine: Engine) -> Iterator[Result]:
    with joblib_engine("dask", engine.scheduler, engine.n_jobs):
        from distributed import as_completed, get_client

        futures = get_client().map(function, jobs, pure=False)
        for done in as_completed(futures):  # type: ignore[no-untyped-call]
            yield done.result()


def _submitit(function: Callable[[Job], Result], jobs: Sequence[Job], engine: Engine) -> Iterator[Result]:
    try:
        import submitit
    except ImportError as error:
        raise ConfigError(
            f"The engine 'submitit' cannot be used ({error}).", "Install it: pip install submitit (in the extra 'cluster')."
        ) from error
    executor = submitit.AutoExecutor(folder=engine.log_dir)
    settings = {"timeout_min": TIMEOUT_MIN, "cpus_per_task": 1, "name": "sclcm", **engine.options}
    if executor.cluster != "slurm":
        settings = {key: value for key, value in settings.items() if not key.startswith("slurm_")}
        executor.update_parameters(**settings)
        waiting = iter(jobs)
        while some := list(islice(waiting, engine.n_jobs)):  # its local executor starts everything at once
            yield from (started.result() for started in executor.map_array(function, some))
        return
    executor.update_parameters(slurm_array_parallelism=engine.n_jobs, **settings)
    yield from (done.result() for done in submitit.helpers.as_completed(executor.map_array(function, jobs)))


_LAUNCHERS: dict[EngineName, Callable[..., Iterator[Any]]] = {"joblib": _joblib, "dask": _dask, "submitit": _submitit}

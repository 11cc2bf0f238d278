"""Who does the work: workers of this machine, or those of a cluster."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib

from sclcm_core.errors import DatasetError

DASK = "dask"
"""The engine that sends work to a Dask cluster."""


@contextmanager
def engine(name: str | None, scheduler: str | None = None, n_jobs: int = 1) -> Iterator[None]:
    """Have joblib's work done by an engine while the context lasts.

    Parameters
    ----------
    name : str or None
        Joblib's name of it, such as ``"dask"`` or ``"threading"``; None for joblib's own workers.
    scheduler : str, optional
        Address of the Dask scheduler, such as ``"tcp://10.1.0.2:8786"``. Without one, the Dask client in use does the work, or,
        where there is none, workers that are started here.
    n_jobs : int
        How many Dask workers are started here; -1 for one a core. A cluster has as many as it has.

    Raises
    ------
    DatasetError
        When there is no such engine, or the scheduler does not answer.
    """
    if scheduler is not None and name != DASK:
        raise DatasetError(
            f"A scheduler ({scheduler}) belongs to the engine 'dask'; the engine is '{name}'.", "Say --engine dask."
        )
    if name == DASK:
        with _dask(scheduler, n_jobs), joblib.parallel_config(backend=DASK):
            yield
        return
    with _joblib(name):
        yield


def _joblib(name: str | None) -> Any:
    try:
        return joblib.parallel_config(backend=name) if name else joblib.parallel_config()
    except (ValueError, ImportError) as error:
        raise DatasetError(
            f"The engine '{name}' cannot be used ({error}).", "Choose 'dask', or leave the engine out."
        ) from error


@contextmanager
def _dask(scheduler: str | None, n_jobs: int) -> Iterator[None]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise DatasetError(
            f"The engine 'dask' cannot be used ({error}).", "Install it: pip install 'dask[distributed]'"
        ) from error
    if scheduler is None:
        try:
            distributed.get_client()
        except ValueError:
            cluster = distributed.LocalCluster(
                n_workers=None if n_jobs < 0 else n_jobs, threads_per_worker=1, dashboard_address=None, protocol="tcp://"
            )
            with cluster, distributed.Client(cluster):
                yield
            return
        yield
        return
    with _client(distributed, scheduler):
        yield


def _client(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"The Dask scheduler '{scheduler}' does not answer ({error}).", "Start it (dask scheduler), or correct the address."
        ) from error

"""Fill the cache: every source of a data set, several at a time, here or on a cluster."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor

from offline.datasets.cache import FrameCache
from offline.datasets.dataset import Dataset, Progress, RecordingFrames, Source
from offline.datasets.engine import engine
from offline.datasets.matching import check_bands, chosen_sources
from offline.datasets.registry import find_dataset
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data set whose frames are in the cache.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    sources : tuple of Source
        Its sources, in order.
    spec : FeatureSpec
        What was computed.
    cache : FrameCache
        Where the frames are.
    n_computed : int
        How many sources were computed now; the others were there before.
    """

    dataset: Dataset
    sources: tuple[Source, ...]
    spec: FeatureSpec
    cache: FrameCache
    n_computed: int

    def recordings(self) -> Iterator[RecordingFrames]:
        """Return the frames of all recordings, mapped from disk."""
        for source in self.sources:
            frames = self.cache.load(self.dataset, source, self.spec)
            if frames is None:
                raise DatasetError(
                    f"The frames of '{source.key}' have vanished from '{self.cache.folder}'.", "Prepare the data set again."
                )
            yield from frames


def prepare(
    name: str,
    root: Path | None,
    spec: FeatureSpec,
    *,
    cache_dir: Path,
    options: Mapping[str, Any] | None = None,
    subjects: Collection[str] | None = None,
    n_jobs: int = 1,
    backend: str | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Compute the frames of every source that is not in the cache yet.

    Parameters
    ----------
    name : str
        Name of the data set in the registry.
    root : Path or None
        Its folder; the data set's usual one when None.
    spec : FeatureSpec
        What to compute.
    cache_dir : Path
        Folder of the cache; several processes may share it.
    options : mapping of str to anything, optional
        Options of the data set that differ from the usual ones.
    subjects : collection of str, optional
        Names of the subjects to prepare; all when left out.
    n_jobs : int
        How many sources are computed at a time; each worker holds one recording in memory. -1 takes every core.
    backend, scheduler : str, optional
        Who does the work; see :func:`~offline.datasets.engine.engine`. The workers of a cluster must see the folders of the data
        set and of the cache under the same names.
    progress : callable, optional
        Called with (number of sources done, number of sources, name of the source).

    Returns
    -------
    Prepared
        What is needed to read the frames.
    """
    dataset = find_dataset(name, options).resolve(root)
    check_bands(dataset, spec)
    sources = chosen_sources(dataset, root, subjects)
    cache = FrameCache(cache_dir)
    cache.remove_unfinished()
    missing = [source for source in sources if cache.load(dataset, source, spec) is None]
    done = len(sources) - len(missing)
    for key in _compute(dataset, missing, spec, cache, n_jobs=n_jobs, backend=backend, scheduler=scheduler):
        done += 1
        if progress:
            progress(done, len(sources), key)
    return Prepared(dataset, tuple(sources), spec, cache, len(missing))


def _compute(
    dataset: Dataset,
    sources: Sequence[Source],
    spec: FeatureSpec,
    cache: FrameCache,
    *,
    n_jobs: int,
    backend: str | None,
    scheduler: str | None,
) -> Iterator[str]:
    if not sources:
        return
    if n_jobs == 1 and backend is None and scheduler is None:
        yield from (_prepare_source(dataset, source, spec, cache) for source in sources)
        return
    try:
        with engine(backend, scheduler, n_jobs):
            work = joblib.Parallel(n_jobs=-1 if scheduler else n_jobs, return_as="generator_unordered")
            yield from work(joblib.delayed(_prepare_source)(dataset, source, spec, cache) for source in sources)
    finally:
        get_reusable_executor().shutdown(wait=True)  # joblib would keep idle workers and two threads for minutes


def _prepare_source(dataset: Dataset, source: Source, spec: FeatureSpec, cache: FrameCache) -> str:
    """Compute one source, a recording at a time; only the frames, a thousandth of the signal, are kept."""
    cache.store(dataset, source, spec, list(dataset.frames(source, spec)))
    return source.key

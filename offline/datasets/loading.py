"""From the name of a data set to its windows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from offline.datasets.dataset import Dataset, Progress, RecordingFrames
from offline.datasets.matching import check_bands, chosen_sources
from offline.datasets.prepare import prepare
from offline.datasets.registry import find_dataset
from offline.datasets.window_set import WindowSet, build_window_set
from sclcm_core.features.spec import FeatureSpec


def load_windows(
    name: str,
    root: Path | None,
    spec: FeatureSpec,
    *,
    options: Mapping[str, Any] | None = None,
    window_hop_frames: int | None = None,
    last_only: bool = False,
    subjects: Collection[str] | None = None,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    **workers: Any,
) -> WindowSet:
    """Read a data set and cut it into windows.

    Parameters
    ----------
    name : str
        Name of the data set in the registry.
    root : Path or None
        Its folder; the data set's usual one when None.
    spec : FeatureSpec
        What to compute.
    options : mapping of str to anything, optional
        Options of the data set that differ from the usual ones.
    window_hop_frames : int, optional
        Distance between windows in frames; half a window when left out.
    last_only : bool
        Whether each recording gives one window alone, the one that ends with it.
    subjects : collection of str, optional
        Names of the subjects to read; all when left out.
    cache_dir : Path, optional
        Where frames are kept for the next time; without it nothing is kept.
    progress : callable, optional
        Called with (number of sources done, number of sources, name of the source).
    **workers
        Who computes the frames when they are kept: ``n_jobs``, ``backend``, ``scheduler`` of :func:`~offline.datasets.prepare.prepare`.

    Returns
    -------
    WindowSet
        Windows of shape (n, n_bands, n_columns, n_frames), not normalised, in nats or dB.
    """
    dataset = find_dataset(name, options).resolve(root)
    if cache_dir is None:
        frames = _frames(dataset, root, spec, subjects, progress)
    else:
        chosen = {"options": options, "subjects": subjects, "progress": progress, **workers}
        prepared = prepare(name, root, spec, cache_dir=cache_dir, **chosen)
        frames = (found for found in prepared.recordings() if subjects is None or found.subject in subjects)
    return build_window_set(
        frames,
        spec,
        class_names=dataset.class_names,
        card=dataset.card(),
        window_hop_frames=window_hop_frames,
        last_only=last_only,
    )


def _frames(
    dataset: Dataset, root: Path | None, spec: FeatureSpec, subjects: Collection[str] | None, progress: Progress | None
) -> Iterator[RecordingFrames]:
    check_bands(dataset, spec)
    sources = chosen_sources(dataset, root, subjects)
    for number, source in enumerate(sources, start=1):
        for frames in dataset.frames(source, spec):
            if subjects is None or frames.subject in subjects:
                yield frames
        if progress:
            progress(number, len(sources), source.key)

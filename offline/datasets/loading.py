"""From the name of a data set to its windows."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from offline.datasets.dataset import Dataset, Progress, Source
from offline.datasets.frames import RecordingFrames, compute_frames
from offline.datasets.registry import find_dataset
from offline.datasets.window_set import WindowSet, build_window_set
from sclcm_core.bands import Band
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.features.spec import FeatureSpec

logger = logging.getLogger(__name__)

_EMPTY_SHARE, _FULL_SHARE = 0.1, 0.9


def load_windows(
    name: str,
    root: Path | None,
    spec: FeatureSpec,
    *,
    options: Mapping[str, Any] | None = None,
    window_hop_frames: int | None = None,
    subjects: Collection[str] | None = None,
    progress: Progress | None = None,
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
    subjects : collection of str, optional
        Names of the subjects to read; all when left out.
    progress : callable, optional
        Called with (number of sources done, number of sources, name of the source).

    Returns
    -------
    WindowSet
        Windows of shape (n, n_bands, n_columns, n_frames), not normalised, in nats or dB.
    """
    dataset = find_dataset(name, options).resolve(root)
    check_bands(dataset, spec)
    sources = chosen_sources(dataset, root, subjects)
    frames = _frames(dataset, sources, spec, subjects, progress)
    return build_window_set(
        frames, spec, class_names=dataset.class_names, card=dataset.card(), window_hop_frames=window_hop_frames
    )


def _frames(
    dataset: Dataset,
    sources: Sequence[Source],
    spec: FeatureSpec,
    subjects: Collection[str] | None,
    progress: Progress | None,
) -> Iterator[RecordingFrames]:
    for number, source in enumerate(sources, start=1):
        for labelled in dataset.read(source):
            if subjects is None or labelled.subject in subjects:
                yield compute_frames(labelled, spec)
        if progress:
            progress(number, len(sources), source.key)


def chosen_sources(dataset: Dataset, root: Path | None, subjects: Collection[str] | None) -> list[Source]:
    """Return the sources that hold the chosen subjects.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    root : Path or None
        Its folder.
    subjects : collection of str or None
        Names of the subjects; None for all.

    Returns
    -------
    list of Source
        In the order of the data set.

    Raises
    ------
    DatasetError
        When a subject is not in the data set.
    """
    sources = list(dataset.sources(root))
    if subjects is None:
        return sources
    known = {source.subject for source in sources if source.subject is not None}
    several = any(source.subject is None for source in sources)
    for subject in subjects:
        if subject not in known and not several:
            raise DatasetError(f"{dataset.title} has no subject '{subject}'.", nearest(subject, known))
    return [source for source in sources if source.subject is None or source.subject in subjects]


def check_bands(dataset: Dataset, spec: FeatureSpec) -> None:
    """Refuse bands that the data set's own filters removed, and warn of those they cut into.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    spec : FeatureSpec
        What is to be computed.

    Raises
    ------
    DatasetError
        When next to nothing of a band is in the files. DEAP's preprocessed files start at 4 Hz: what is left of 1-4 Hz is the
        slope of the filter (1.4 % of the power), and features of it describe the filter.
    """
    if dataset.passband is None:
        return
    for band in spec.bands:
        share = _share_inside(band, dataset.passband)
        low, high = dataset.passband
        if share < _EMPTY_SHARE:
            raise DatasetError(
                f"The band {band.name} ({band.low:g}-{band.high:g} Hz) is empty in {dataset.title}: its files were filtered "
                f"to {low:g}-{high:g} Hz.",
                "Leave the band out of the features.",
            )
        if share < _FULL_SHARE:
            text = "%s: only %.0f %% of the band %s lies in the %g-%g Hz that its filters left"
            logger.warning(text, dataset.title, 100 * share, band.name, low, high)


def _share_inside(band: Band, passband: tuple[float, float]) -> float:
    inside = min(band.high, passband[1]) - max(band.low, passband[0])
    return max(0.0, inside) / (band.high - band.low)

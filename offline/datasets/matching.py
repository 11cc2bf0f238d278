"""Whether a data set has what is asked of it: the subjects, and the bands."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from offline.datasets.dataset import Dataset, Source
from sclcm_core.bands import Band
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.features.spec import FeatureSpec

logger = logging.getLogger(__name__)

_EMPTY_SHARE, _FULL_SHARE = 0.1, 0.9


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
    if dataset.passband is None or spec.is_raw:  # raw windows hold no bands
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

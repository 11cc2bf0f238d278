"""The data sets by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from offline.datasets.bids import BidsFolder
from offline.datasets.dataset import Dataset
from offline.datasets.deap import Deap
from offline.datasets.deap_original import DeapOriginal
from offline.datasets.dreamer import Dreamer
from offline.datasets.eegmat import Eegmat
from offline.datasets.faced import Faced
from offline.datasets.folder import RecordingFolder
from offline.datasets.seed import Seed
from offline.datasets.seed_features import SeedFeatures, SeedIVFeatures
from offline.datasets.seed_iv import SeedIV
from offline.datasets.seed_v import SeedV
from offline.datasets.seed_v_features import SeedVFeatures
from offline.datasets.sessions import SessionFolder
from offline.datasets.simulated import SimulatedEmotion
from sclcm_core.errors import DatasetError, nearest

_ALL: tuple[Dataset, ...] = (
    SimulatedEmotion(),
    Eegmat(),
    Seed(),
    SeedFeatures(),
    SeedIV(),
    SeedIVFeatures(),
    SeedV(),
    SeedVFeatures(),
    Deap(),
    DeapOriginal(),
    Dreamer(),
    Faced(),
    BidsFolder(),
    RecordingFolder(),
    SessionFolder(),
)

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
"""Every data set that is known, with its usual options."""


def find_dataset(name: str, options: Mapping[str, Any] | None = None) -> Dataset:
    """Return a data set by name.

    Parameters
    ----------
    name : str
        Name in the registry.
    options : mapping of str to anything, optional
        Options that differ from the usual ones.

    Returns
    -------
    Dataset
        The data set with these options.

    Raises
    ------
    DatasetError
        When the name, an option or its value is not known.
    """
    if name not in DATASETS:
        raise DatasetError(f"There is no data set '{name}'.", nearest(name, DATASETS))
    dataset = DATASETS[name]
    return _with_options(dataset, options) if options else dataset


def _with_options(dataset: Dataset, options: Mapping[str, Any]) -> Dataset:
    known = option_names(dataset)
    for option in options:
        if option not in known:
            remedy = nearest(option, known) if known else "Remove it: this data set has no options."
            raise DatasetError(f"The data set '{dataset.name}' has no option '{option}'.", remedy)
    try:
        return dataclasses.replace(dataset, **dict(options))  # type: ignore[type-var]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"The options {dict(options)} do not fit '{dataset.name}': {error}", "Correct them.") from error


def option_names(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of a data set's options.

    Parameters
    ----------
    dataset : Dataset
        A data set.

    Returns
    -------
    tuple of str
        Names of the options; empty when there are none.
    """
    if not dataclasses.is_dataclass(dataset):
        return ()
    return tuple(field.name for field in dataclasses.fields(dataset))

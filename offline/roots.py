"""Where the folder of a data set is."""

from __future__ import annotations

import os
from pathlib import Path

from offline.config import DatasetConfig

ENVIRONMENT = "SCLCM_TEST_DATA"
"""Names the folder that holds the folders of the data sets."""


def data_root(config: DatasetConfig, option: Path | None = None) -> Path | None:
    """Return the folder of a data set.

    Parameters
    ----------
    config : DatasetConfig
        Which data set, and where the config says it is.
    option : Path, optional
        Where the command line says it is; wins.

    Returns
    -------
    Path or None
        The command line's folder; the config's where it exists; the folder of the data set's name under ``SCLCM_TEST_DATA`` where
        that exists; otherwise what the config says, which may be None: the data set's usual place.
    """
    if option is not None:
        return option
    if config.root is not None and config.root.is_dir():
        return config.root
    base = os.environ.get(ENVIRONMENT)
    if base and (Path(base) / config.name).is_dir():
        return Path(base) / config.name
    return config.root

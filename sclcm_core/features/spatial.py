"""Features laid out on the 9x9 grid of the scalp."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.montage import GRID_9X9, canonical_name
from sclcm_core.types import Float32Array, FloatArray


def to_grid(values: FloatArray, ch_names: Sequence[str]) -> Float32Array:
    """Place channels on the 9x9 grid.

    Parameters
    ----------
    values : ndarray, shape (..., n_channels)
        One value a channel, any unit.
    ch_names : sequence of str
        Names of the channels; those without a place on the grid are left out.

    Returns
    -------
    ndarray of float32, shape (..., 9, 9)
        The values, same unit, front row first; 0 where there is no electrode.

    Examples
    --------
    >>> to_grid(np.array([1.0, 2.0]), ["T7", "T8"])[4]
    array([1., 0., 0., 0., 0., 0., 0., 0., 2.], dtype=float32)
    """
    grid = np.zeros((*values.shape[:-1], 9, 9), dtype=np.float32)
    cells = {name: (row, column) for row, names in enumerate(GRID_9X9) for column, name in enumerate(names) if name}
    for index, label in enumerate(ch_names):
        cell = cells.get(canonical_name(label) or "")
        if cell is not None:
            grid[..., cell[0], cell[1]] = values[..., index]
    return grid

"""The signal itself as frames, for networks that find their own features."""

from __future__ import annotations

import numpy as np

from sclcm_core.types import Float64Array, FloatArray


def patch(windows: FloatArray) -> Float64Array:
    """Lay the samples of windows out as rows.

    Parameters
    ----------
    windows : ndarray, shape (..., n_channels, n_times)
        Potentials in µV.

    Returns
    -------
    ndarray of float64, shape (..., n_times, n_channels)
        The same potentials in µV: row ``k`` is the patch's sample ``k``. Frames that join (hop = window) then hold each sample of
        the signal once.

    Examples
    --------
    >>> patch(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    array([[1., 4.],
           [2., 5.],
           [3., 6.]])
    """
    return np.asarray(np.swapaxes(windows, -1, -2), dtype=np.float64)

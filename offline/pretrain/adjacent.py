"""The segment next to a window: what follows it in the same recording, or came before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from offline.datasets.window_set import Int64Array


def adjacent_windows(recording: Int64Array, t0: npt.NDArray[np.float64], span_s: float) -> Int64Array:
    """Return the nearest window of the same recording that shares no sample with each window.

    Parameters
    ----------
    recording : ndarray of int64, shape (n,)
        The recording of each window.
    t0 : ndarray of float64, shape (n,)
        Start of each window in its recording, in s.
    span_s : float
        Length of a window in s.

    Returns
    -------
    ndarray of int64, shape (n,)
        Index of the first window that begins when it has ended; where the recording has none, of the last that ended before it; where
        there is none either, of the window itself.
    """
    out = np.arange(len(t0))
    for key in np.unique(recording):
        mine = np.flatnonzero(recording == key)
        mine = mine[np.argsort(t0[mine], kind="stable")]
        starts = t0[mine]
        after = np.searchsorted(starts, starts + span_s - 1e-9)
        before = np.searchsorted(starts, starts - span_s + 1e-9, side="right") - 1
        found = np.where(after < len(mine), after, before)
        out[mine] = np.where(found >= 0, mine[found], mine)
    return out

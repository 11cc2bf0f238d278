"""Hjorth's descriptors: how strong, how fast and how irregular a signal is."""

from __future__ import annotations

import numpy as np

from sclcm_core.types import Float64Array, FloatArray

SMALLEST_VARIANCE = 1e-12
"""Floor in µV² under ratios: a flat channel gives a finite number, and is marked elsewhere."""


def hjorth_activity(data: FloatArray) -> Float64Array:
    """Return the activity of signals.

    Parameters
    ----------
    data : ndarray, shape (..., n_times)
        Potentials in µV.

    Returns
    -------
    ndarray of float64, shape (...)
        ``var(x)`` in µV².

    Notes
    -----
    Hjorth 1970, doi:10.1016/0013-4694(70)90143-4.

    Examples
    --------
    >>> hjorth_activity(np.array([1.0, -1.0, 1.0, -1.0])).item()
    1.0
    """
    return np.asarray(np.asarray(data, dtype=np.float64).var(axis=-1))


def hjorth_mobility(data: FloatArray, sfreq: float) -> Float64Array:
    """Return the mobility of signals: their mean frequency.

    Parameters
    ----------
    data : ndarray, shape (..., n_times)
        Potentials in µV.
    sfreq : float
        Sampling rate in Hz.

    Returns
    -------
    ndarray of float64, shape (...)
        ``sqrt(var(dx/dt) / var(x))`` in 1/s; ``2πf`` for a slow sine of frequency f.

    Notes
    -----
    Hjorth 1970, doi:10.1016/0013-4694(70)90143-4, with the difference of neighbours for the slope. Code that leaves the sampling
    rate out gives this divided by `sfreq`.
    """
    signal = np.asarray(data, dtype=np.float64)
    ratio = hjorth_activity(np.diff(signal, axis=-1)) / np.maximum(hjorth_activity(signal), SMALLEST_VARIANCE)
    return np.asarray(np.sqrt(ratio) * sfreq)


def hjorth_complexity(data: FloatArray) -> Float64Array:
    """Return the complexity of signals: how far they are from a sine.

    Parameters
    ----------
    data : ndarray, shape (..., n_times)
        Potentials in µV.

    Returns
    -------
    ndarray of float64, shape (...)
        Mobility of the slope over mobility of the signal, without unit; 1 for a sine.

    Notes
    -----
    Hjorth 1970, doi:10.1016/0013-4694(70)90143-4.
    """
    slope = np.diff(np.asarray(data, dtype=np.float64), axis=-1)
    return hjorth_mobility(slope, 1.0) / np.maximum(hjorth_mobility(data, 1.0), np.sqrt(SMALLEST_VARIANCE))

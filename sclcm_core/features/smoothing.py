"""Features smoothed over time: causal for streams, and with a look ahead for recordings."""

from __future__ import annotations

from collections import deque

import numpy as np

from sclcm_core.types import Float64Array, FloatArray


def kalman_ratio(n_frames: int) -> float:
    """Return the ratio of process to observation variance at which the Kalman filter is as slow as a moving average.

    Parameters
    ----------
    n_frames : int
        Length of the moving average in frames.

    Returns
    -------
    float
        ``K² / (1 - K)`` with the steady gain ``K = 2 / (n_frames + 1)``: the mean age of what it is made of is
        ``(1 - K) / K = (n_frames - 1) / 2`` frames, that of the moving average. Infinite for one frame: no smoothing.

    Examples
    --------
    >>> kalman_ratio(3)
    0.5
    """
    gain = 2.0 / (n_frames + 1)
    return gain**2 / (1.0 - gain) if n_frames > 1 else np.inf


class MovingAverage:
    """The mean of the newest frames: causal, late by half its length.

    Parameters
    ----------
    n_frames : int
        How many frames.

    Notes
    -----
    SEED's ``movingAve`` features (Duan, Zhu & Lu 2013, doi:10.1109/NER.2013.6695876) are centred; see `centred_average` for those.
    State: the newest frames. Mean delay ``(n_frames - 1) / 2`` frames.
    """

    def __init__(self, n_frames: int) -> None:
        self._frames: deque[Float64Array] = deque(maxlen=n_frames)

    def push(self, frame: FloatArray, *, is_good: bool = True) -> Float64Array:
        """Take the next frame.

        Parameters
        ----------
        frame : ndarray, shape (n_bands, n_columns)
            Features in any unit.
        is_good : bool
            Frames that cannot be trusted are not remembered.

        Returns
        -------
        ndarray of float64, shape (n_bands, n_columns)
            The mean of the frames remembered, same unit; `frame` itself while there is none.
        """
        data = np.asarray(frame, dtype=np.float64)
        if is_good:
            self._frames.append(data)
        return np.asarray(sum(self._frames) / len(self._frames)) if self._frames else data


class KalmanSmoother:
    """A linear dynamical system, filtered forward: each frame is the last one plus noise, and is seen through noise.

    Parameters
    ----------
    ratio : float
        Variance of a step of the process over that of an observation; see `kalman_ratio`.

    Notes
    -----
    ``x_t = x_{t-1} + w``, ``y_t = x_t + v`` (Kalman 1960, doi:10.1115/1.3662552), begun at the first frame with the variance of
    one observation: causal, unlike the common code that begins at the mean of the whole trial. State: the estimate and its
    variance. A frame that cannot be trusted adds a step of the process and no observation.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._mean: Float64Array | None = None
        self._variance = 0.0

    def push(self, frame: FloatArray, *, is_good: bool = True) -> Float64Array:
        """Take the next frame.

        Parameters
        ----------
        frame : ndarray, shape (n_bands, n_columns)
            Features in any unit.
        is_good : bool
            Whether it can be trusted.

        Returns
        -------
        ndarray of float64, shape (n_bands, n_columns)
            The estimate, same unit; `frame` itself while there is none.
        """
        data = np.asarray(frame, dtype=np.float64)
        if self._mean is None:
            if is_good:
                self._mean, self._variance = data, 1.0
            return data
        predicted = self._variance + self._ratio
        if not is_good:
            self._variance = predicted
            return self._mean
        gain = predicted / (predicted + 1.0) if np.isfinite(predicted) else 1.0
        self._mean = self._mean + gain * (data - self._mean)
        self._variance = gain
        return self._mean


def centred_average(values: FloatArray, n_frames: int) -> Float64Array:
    """Return the mean of each frame and its neighbours on both sides. Looks ahead: for recordings only.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Features in any unit.
    n_frames : int
        How many frames make a mean; where fewer are there, at the ends, the mean is over those.

    Returns
    -------
    ndarray of float64, shape (n, ...)
        Smoothed features, same unit.

    Notes
    -----
    The ``movingAve`` of SEED's features (Duan, Zhu & Lu 2013, doi:10.1109/NER.2013.6695876).

    Examples
    --------
    >>> centred_average(np.array([0.0, 3.0, 0.0, 3.0]), 3)
    array([1.5, 1. , 2. , 1.5])
    """
    data = np.asarray(values, dtype=np.float64)
    before = n_frames // 2
    rows = [data[max(0, k - before) : k - before + n_frames].mean(axis=0) for k in range(len(data))]
    return np.stack(rows) if rows else data


def lds_smooth(values: FloatArray, ratio: float = 1e-4, first_variance: float = 0.01) -> Float64Array:
    """Return each frame as the whole trial tells it. Looks ahead: for recordings only.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Features of one trial in any unit.
    ratio : float
        Variance of a step of the process over that of an observation.
    first_variance : float
        Variance of the first state about the mean of the trial, over that of an observation.

    Returns
    -------
    ndarray of float64, shape (n, ...)
        Smoothed features, same unit.

    Notes
    -----
    Linear dynamical system (Shi & Lu 2010, Off-line and on-line vigilance estimation based on linear dynamical system and manifold
    learning, EMBC), begun at the mean of the trial as in the common code for SEED; forward by Kalman's filter, then backward (Rauch,
    Tung & Striebel 1965, doi:10.2514/3.3166). The defaults are those of TorchEEG and LibEER, who stop after the forward pass;
    see `lds_filter`.
    """
    means, variances = _forward(values, ratio, first_variance)
    for k in range(len(means) - 2, -1, -1):
        means[k] += variances[k] / (variances[k] + ratio) * (means[k + 1] - means[k])
    return means


def lds_filter(values: FloatArray, ratio: float = 1e-4, first_variance: float = 0.01) -> Float64Array:
    """Return the forward pass of `lds_smooth`: what TorchEEG and LibEER call LDS. Begins at the trial's mean, so it looks ahead.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Features of one trial in any unit.
    ratio, first_variance : float
        As for `lds_smooth`.

    Returns
    -------
    ndarray of float64, shape (n, ...)
        Smoothed features, same unit.

    Notes
    -----
    Kalman 1960, doi:10.1115/1.3662552. Equal to TorchEEG's ``after_hook_linear_dynamical_system``; LibEER's ``lds`` subtracts the
    first variance where the mean belongs in its first step.
    """
    return _forward(values, ratio, first_variance)[0]


def _forward(values: FloatArray, ratio: float, first_variance: float) -> tuple[Float64Array, Float64Array]:
    data = np.asarray(values, dtype=np.float64)
    means, variances = np.empty_like(data), np.empty(len(data))
    mean = data.mean(axis=0) if len(data) else data
    predicted = first_variance
    for k, frame in enumerate(data):
        gain = predicted / (predicted + 1.0)
        mean = mean + gain * (frame - mean)
        means[k], variances[k] = mean, gain
        predicted = gain + ratio
    return means, variances

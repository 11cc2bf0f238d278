"""Smoothing of the probabilities over time."""

from __future__ import annotations

import math

from sclcm_core.types import Float32Array


class ProbabilitySmoother:
    """An exponential average with a time constant.

    Parameters
    ----------
    time_constant_s : float
        After this long, in s, a change has come through to 63 %; 0 switches the smoothing off.

    Notes
    -----
    ``p <- p + (1 - exp(-Δt / τ)) (x - p)``. Causal; its delay is the time constant. State: the last average.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._time_constant_s = time_constant_s
        self._state: Float32Array | None = None
        self._t_last = 0.0

    def reset(self) -> None:
        """Forget the past."""
        self._state = None

    def push(self, probabilities: Float32Array, t: float) -> Float32Array:
        """Take the next probabilities.

        Parameters
        ----------
        probabilities : ndarray of float32, shape (n_classes,)
            In 0..1.
        t : float
            Their time in s.

        Returns
        -------
        ndarray of float32, shape (n_classes,)
            Averaged probabilities, in 0..1.
        """
        if self._state is None or self._time_constant_s == 0:
            self._state = probabilities
        else:
            gain = -math.expm1(-max(t - self._t_last, 0.0) / self._time_constant_s)
            self._state = self._state + gain * (probabilities - self._state)
        self._t_last = t
        return self._state

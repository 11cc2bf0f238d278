"""Eye blinks and jaw clenches: events at random times, seamless over block borders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sclcm_core.types import Float64Array

Shape = Callable[[Float64Array], Float64Array]
_SHORTEST_PAUSE_S = 0.6


def blink_shape(phase: Float64Array) -> Float64Array:
    """Return the course of a blink: a fast closing and a slower opening of the lid.

    Parameters
    ----------
    phase : ndarray of float64, shape (n_samples,)
        Time since the onset as a share of the duration; outside 0..1 there is nothing.

    Returns
    -------
    ndarray of float64, shape (n_samples,)
        Share of the amplitude, 0..1.
    """
    bent = np.clip(phase, 0.0, 1.0) ** 0.6
    return np.asarray(np.sin(np.pi * bent) ** 2)


def clench_shape(phase: Float64Array) -> Float64Array:
    """Return the envelope of a jaw clench: rises within a tenth, holds, and falls slowly.

    Parameters
    ----------
    phase : ndarray of float64, shape (n_samples,)
        Time since the onset as a share of the duration; outside 0..1 there is nothing.

    Returns
    -------
    ndarray of float64, shape (n_samples,)
        Share of the amplitude, 0..1.
    """
    return np.clip(np.minimum(phase / 0.1, (1.0 - phase) / 0.4), 0.0, 1.0)


class EventTrain:
    """Events at random times, each with an amplitude and a duration of its own.

    Parameters
    ----------
    rate_per_min : float
        Mean number of events a minute; 0 for none.
    amplitude : tuple of float
        Lowest and highest amplitude in µV.
    duration_s : tuple of float
        Shortest and longest duration in s.
    shape : callable
        Course over the phase 0..1.
    """

    def __init__(
        self, rate_per_min: float, amplitude: tuple[float, float], duration_s: tuple[float, float], shape: Shape
    ) -> None:
        self._pause_s = 60.0 / rate_per_min if rate_per_min > 0 else np.inf
        self._amplitude, self._duration_s, self._shape = amplitude, duration_s, shape
        self._next: float | None = None
        self._running: list[tuple[float, float, float]] = []

    def block(self, rng: np.random.Generator, t: Float64Array) -> Float64Array:
        """Return the sum of all events over the next block.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        t : ndarray of float64, shape (n_samples,)
            Times of the block in s.

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            Amplitude in µV.
        """
        self._schedule(rng, float(t[0]), float(t[-1]))
        total = np.zeros_like(t)
        for onset, amplitude, duration in self._running:
            total += amplitude * self._shape((t - onset) / duration)
        self._running = [event for event in self._running if event[0] + event[2] > t[-1]]
        return total

    def _schedule(self, rng: np.random.Generator, t_first: float, t_last: float) -> None:
        if not np.isfinite(self._pause_s):
            return
        if self._next is None:
            self._next = t_first + rng.exponential(self._pause_s)
        while self._next <= t_last:
            duration = rng.uniform(*self._duration_s)
            self._running.append((self._next, rng.uniform(*self._amplitude), duration))
            self._next += duration + _SHORTEST_PAUSE_S + rng.exponential(self._pause_s)

"""The frozen normaliser: what a feature usually is, and how much it varies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sclcm_core.types import Float32Array, Float64Array, FloatArray

SMALLEST_SD = 1e-3
"""Floor for a standard deviation, in the feature's unit."""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Shifts and scales features by statistics that do not change any more.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_bands, n_columns)
        What is subtracted, in nats or dB.
    sd : ndarray of float64, shape (n_bands, n_columns)
        What is divided by, in nats or dB.
    """

    mean: Float64Array
    sd: Float64Array

    def __post_init__(self) -> None:
        if self.mean.shape != self.sd.shape or self.mean.ndim != 2:
            raise ValueError(f"mean and sd must share a shape (n_bands, n_columns); got {self.mean.shape}, {self.sd.shape}.")
        if not (np.isfinite(self.mean).all() and (self.sd > 0).all() and np.isfinite(self.sd).all()):
            raise ValueError("mean must be finite and sd positive and finite.")

    @classmethod
    def fit(cls, values: FloatArray) -> Normaliser:
        """Take the statistics of frames.

        Parameters
        ----------
        values : ndarray, shape (n, n_bands, n_columns)
            Features in nats or dB; ``n >= 2``.

        Returns
        -------
        Normaliser
            Mean and standard deviation over the frames, per band and column.
        """
        if values.ndim != 3 or len(values) < 2:
            raise ValueError(f"At least two frames (n, n_bands, n_columns) are needed; got {values.shape}.")
        data = np.asarray(values, dtype=np.float64)
        return cls(data.mean(axis=0), np.maximum(data.std(axis=0), SMALLEST_SD))

    def pooled(self) -> Normaliser:
        """Return the same statistics over the rows taken together.

        The rows of a raw frame are consecutive samples: they have one level and one scale a channel, and rows scaled apart would
        put steps into the signal.

        Returns
        -------
        Normaliser
            With all rows alike: mean of the means, and ``sqrt(mean(sd²) + var(mean))``, in the unit of before.
        """
        sd = np.sqrt((self.sd**2).mean(axis=0) + self.mean.var(axis=0))
        shape = self.mean.shape
        return Normaliser(np.broadcast_to(self.mean.mean(axis=0), shape).copy(), np.broadcast_to(sd, shape).copy())

    def transform(self, values: FloatArray) -> Float32Array:
        """Normalise frames.

        Parameters
        ----------
        values : ndarray, shape (..., n_bands, n_columns)
            Features in nats or dB.

        Returns
        -------
        ndarray of float32, same shape
            Features without unit.
        """
        return ((values - self.mean) / self.sd).astype(np.float32)

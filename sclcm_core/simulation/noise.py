"""Coloured noise in endless, seamless blocks."""

from __future__ import annotations

import math

import numpy as np
from scipy import signal

from sclcm_core.types import Float64Array

_LOWEST_CORNER = 0.3
_CORNER_RATIO = 4.0
_HIGHEST_FRACTION = 0.45
_LARGEST_PRODUCT = 200_000


class ColouredNoise:
    """Filtered white noise, block after block as if it were one.

    Parameters
    ----------
    sos : ndarray of float64, shape (n_sections, 6)
        The filter.
    scale : float
        Factor on the filtered unit white noise, in µV.
    mixing : ndarray of float64, shape (n_channels, n_channels)
        Spatial mixing of independent noise.
    """

    def __init__(self, sos: Float64Array, scale: float, mixing: Float64Array) -> None:
        self._sos = sos
        self._mixing = scale * mixing.T
        self._memory = np.zeros((len(sos), 2, len(mixing)))

    def block(self, rng: np.random.Generator, n_samples: int) -> Float64Array:
        """Return the next block.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of randomness.
        n_samples : int
            Length of the block.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_channels)
            Potentials in µV.
        """
        white = rng.standard_normal((n_samples, len(self._mixing)))
        out, self._memory = signal.sosfilt(self._sos, self._mix(white), axis=0, zi=self._memory)
        return np.asarray(out)

    def _mix(self, white: Float64Array) -> Float64Array:
        """Mix (n_samples, n_channels), a few rows at a time."""
        # BLAS starts threads for larger products: beside another busy process, 62 channels were rendered 10 times slower so.
        n_rows = max(1, _LARGEST_PRODUCT // len(self._mixing) ** 2)
        return np.concatenate([white[at : at + n_rows] @ self._mixing for at in range(0, len(white), n_rows)])


def one_over_f(sfreq: float, slope: float, density: float, mixing: Float64Array) -> ColouredNoise:
    """Return noise whose power falls with frequency as 1/f**slope.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    slope : float
        Exponent of the power spectrum, 0..2.
    density : float
        Power spectral density at 10 Hz in µV²/Hz (at a quarter of `sfreq` where that is lower).
    mixing : ndarray of float64, shape (n_channels, n_channels)
        Spatial mixing.

    Returns
    -------
    ColouredNoise
        The noise; flat below 0.3 Hz.

    Notes
    -----
    Poles a factor r apart, each followed by a zero at ``r**(slope/2)`` times its frequency, approximate an amplitude that
    falls as ``f**(-slope/2)`` (Kasdin 1995, doi:10.1109/5.381848, section on rational approximations).
    """
    n_corners = max(1, math.ceil(math.log(sfreq / 2 / _LOWEST_CORNER, _CORNER_RATIO)))
    corners = _LOWEST_CORNER * _CORNER_RATIO ** np.arange(n_corners)
    poles = np.exp(-2 * np.pi * corners / sfreq)
    zeros = np.exp(-2 * np.pi * corners * _CORNER_RATIO ** (slope / 2) / sfreq)
    sos = signal.zpk2sos(zeros, poles, 1.0)
    gain = float(np.abs(signal.sosfreqz(sos, [min(10.0, sfreq / 4)], fs=sfreq)[1])[0])
    return ColouredNoise(sos, math.sqrt(density * sfreq / 2) / gain, mixing)


def band_noise(sfreq: float, low: float, high: float, rms: float, mixing: Float64Array) -> ColouredNoise | None:
    """Return noise of a band, or None when the sampling rate cannot hold it.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    low, high : float
        Edges in Hz; the upper one is lowered to 0.45 `sfreq` where necessary.
    rms : float
        Root mean square of each channel in µV.
    mixing : ndarray of float64, shape (n_channels, n_channels)
        Spatial mixing.

    Returns
    -------
    ColouredNoise or None
        The noise; its envelope waxes and wanes at a pace of about ``high - low``.
    """
    high = min(high, _HIGHEST_FRACTION * sfreq)
    if high <= 1.1 * low:
        return None
    sos = signal.butter(2, [low, high], "bandpass", fs=sfreq, output="sos")
    impulse = np.zeros(math.ceil(sfreq * 12 / (high - low)))
    impulse[0] = 1.0
    energy = float(np.sum(np.square(signal.sosfilt(sos, impulse))))
    return ColouredNoise(np.asarray(sos), rms / math.sqrt(energy), mixing)

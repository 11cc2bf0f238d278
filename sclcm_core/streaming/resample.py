"""Causal polyphase resampling of a stream."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np

from sclcm_core.types import Float64Array, MarkArray

HALF_LENGTH = 10
"""Half the filter's length in samples of the slower rate; also its delay."""


def rate_ratio(sfreq_in: float, sfreq_out: float) -> Fraction:
    """Return the output rate over the input rate as a small fraction.

    Parameters
    ----------
    sfreq_in, sfreq_out : float
        Sampling rates in Hz.

    Examples
    --------
    >>> rate_ratio(500.0, 128.0), rate_ratio(250.0, 250.0)
    (Fraction(32, 125), Fraction(1, 1))
    """
    if not (sfreq_in > 0 and sfreq_out > 0):
        raise ValueError(f"Sampling rates must be positive; got {sfreq_in} and {sfreq_out} Hz.")
    return Fraction(sfreq_out / sfreq_in).limit_denominator(2000)


class Resampler:
    """Change the sampling rate of a stream with a linear-phase low-pass, chunk by chunk.

    Output sample ``n`` is the signal at time ``n / sfreq_out`` after the first input sample: the filter's delay is waited for,
    not left in the data.

    Parameters
    ----------
    sfreq_in, sfreq_out : float
        Sampling rates in Hz.
    n_channels : int
        Number of channels.

    Notes
    -----
    A Kaiser-windowed sinc (beta 5, as in scipy's ``resample_poly``) cut at the lower Nyquist frequency. Each output
    is the same sum in the same order whatever the chunks, so chunking changes nothing, bit for bit.
    """

    def __init__(self, sfreq_in: float, sfreq_out: float, n_channels: int) -> None:
        ratio = rate_ratio(sfreq_in, sfreq_out)
        if ratio == 1:
            raise ValueError(f"{sfreq_in} Hz needs no resampling to {sfreq_out} Hz.")
        self._up, self._down = ratio.numerator, ratio.denominator
        from scipy.signal import firwin, upfirdn  # 0.9 s and 75 MB that a stream at the model's rate never needs

        self._upfirdn = upfirdn
        slower = max(self._up, self._down)
        self._half = HALF_LENGTH * slower
        self._taps = firwin(2 * self._half + 1, 1.0 / slower, window=("kaiser", 5.0)) * self._up
        self._history = np.zeros((0, n_channels))
        self._marks = np.zeros((0, n_channels), dtype=np.uint8)
        self._times = np.zeros(0)
        self._first = 0
        self._next_out = 0
        self.delay_s = HALF_LENGTH * slower / (self._up * sfreq_in)

    def push(
        self, samples: Float64Array, timestamps: Float64Array, marks: MarkArray
    ) -> tuple[Float64Array, Float64Array, MarkArray]:
        """Take input samples and return the output samples that are now complete.

        Parameters
        ----------
        samples : ndarray of float64, shape (n_samples, n_channels)
            Finite potentials in µV.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s.
        marks : ndarray of uint8, shape (n_samples, n_channels)
            What is wrong with each sample; 0 is good.

        Returns
        -------
        samples : ndarray of float64, shape (n_out, n_channels)
            Potentials in µV.
        timestamps : ndarray of float64, shape (n_out,)
            Capture times in s, interpolated.
        marks : ndarray of uint8, shape (n_out, n_channels)
            The worse of the marks of the two nearest input samples.
        """
        self._history = np.concatenate([self._history, samples])
        self._times = np.concatenate([self._times, timestamps])
        self._marks = np.concatenate([self._marks, marks])
        n_in = self._first + len(self._history)
        stop = max(self._next_out, ((n_in - 1) * self._up - self._half) // self._down + 1)
        out = self._outputs(self._next_out, stop)
        self._next_out = stop
        self._forget()
        return out

    def n_awaited(self, n_out: int) -> int:
        """Return how many more input samples complete so many output samples."""
        last = self._next_out + n_out - 1
        return -(-(last * self._down + self._half) // self._up) + 1 - self._first - len(self._history)

    def _outputs(self, start: int, stop: int) -> tuple[Float64Array, Float64Array, MarkArray]:
        n_channels = self._history.shape[1]
        if stop <= start:
            return np.zeros((0, n_channels)), np.zeros(0), np.zeros((0, n_channels), dtype=np.uint8)
        segment_first = self._segment_start(start)
        padded = self._history[max(segment_first - self._first, 0) :]
        if segment_first < 0:
            padded = np.concatenate([np.zeros((-segment_first, n_channels)), padded])
        skip = (start * self._down + self._half - segment_first * self._up) // self._down
        filtered = self._upfirdn(self._taps, padded, self._up, self._down, axis=0)[skip : skip + stop - start]
        return filtered, *self._times_and_marks(start, stop)

    def _segment_start(self, start: int) -> int:
        """Return an input index from which upfirdn's output grid holds output `start` with its whole history."""
        centre = start * self._down + self._half
        first_needed = ceil((centre - 2 * self._half) / self._up)
        # the output grid of a segment that starts at input s is s * up + j * down: find s <= first_needed on the same grid
        offset = ((first_needed * self._up - centre) * pow(self._up, -1, self._down)) % self._down if self._down > 1 else 0
        return first_needed - offset

    def _times_and_marks(self, start: int, stop: int) -> tuple[Float64Array, MarkArray]:
        position = np.arange(start, stop) * self._down / self._up - self._first
        left = np.floor(position).astype(np.int64)
        right = np.minimum(left + 1, len(self._times) - 1)
        weight = position - left
        times = self._times[left] * (1.0 - weight) + self._times[right] * weight
        return times, np.maximum(self._marks[left], self._marks[right])

    def _forget(self) -> None:
        keep_from = min(self._segment_start(self._next_out), self._next_out * self._down // self._up)
        n_old = max(0, min(keep_from - self._first, len(self._history) - 1))
        if n_old > 0:
            self._history, self._times, self._marks = self._history[n_old:], self._times[n_old:], self._marks[n_old:]
            self._first += n_old

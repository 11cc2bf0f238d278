"""A bank of causal band-pass filters that keeps its state between chunks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.streaming.filters import CausalFilter, bandpass
from sclcm_core.types import Float64Array

LONGEST_BLOCK = 25
"""Most samples that are filtered by one product: longer blocks cost more operations, shorter ones more calls."""


class FilterBank:
    """Splits a stream into frequency bands, block by block.

    Parameters
    ----------
    bands : sequence of Band
        Bands in Hz; ``low = 0`` makes a low-pass.
    sfreq : float
        Sampling rate in Hz.
    n_channels : int
        Number of channels.
    order : int
        Order of the Butterworth prototypes.
    grid : int
        Output is needed at multiples of this many samples; the block is its largest divisor up to `LONGEST_BLOCK`.

    Notes
    -----
    A linear filter takes (block of input, state) to (block of output, next state) by one matrix, here made of the responses of the
    second-order sections. One product a block does for all bands what sample after sample takes twice as long for. Blocks are
    counted from the first sample and always multiplied whole, so that chunking changes nothing, bit for bit; what does not fill a
    block waits for the next chunk. Starts from rest: the first sample should be near 0 µV, as the gap bridge makes it. State: the
    delay values of the sections, and the samples of the block in progress.
    """

    def __init__(self, bands: Sequence[Band], sfreq: float, n_channels: int, order: int, grid: int) -> None:
        self.block = max(length for length in range(1, LONGEST_BLOCK + 1) if grid % length == 0)
        self._step = _steps(tuple(bands), sfreq, order, self.block)
        self._before = np.zeros((len(bands), self._step.shape[-1], n_channels))
        self._after = np.zeros_like(self._before)
        self._waiting: Float64Array = np.zeros((0, n_channels))

    def push(self, samples: Float64Array) -> Float64Array:
        """Filter the blocks that are now complete.

        Parameters
        ----------
        samples : ndarray of float64, shape (n_samples, n_channels)
            Finite potentials in µV.

        Returns
        -------
        ndarray of float64, shape (n_out, n_bands * n_channels)
            Potentials in µV, band by band.
        """
        waiting = np.concatenate([self._waiting, samples])
        n_out = len(waiting) // self.block * self.block
        self._waiting = waiting[n_out:].copy()
        out = np.empty((n_out, len(self._step), samples.shape[1]))
        for start in range(0, n_out, self.block):
            stop = start + self.block
            self._before[:, : self.block] = waiting[start:stop]
            np.matmul(self._step, self._before, out=self._after)
            out[start:stop].swapaxes(0, 1)[...] = self._after[:, : self.block]
            self._before[:, self.block :] = self._after[:, self.block :]
        return out.reshape(n_out, len(self._step) * samples.shape[1])


@lru_cache(maxsize=32)
def _steps(bands: tuple[Band, ...], sfreq: float, order: int, block: int) -> Float64Array:
    """Return the step matrices of the bands, (n_bands, block + n_states, same), rows after, columns before the block."""
    filters = [bandpass(band.low, band.high, sfreq, order) for band in bands]
    n_states = max(2 * len(causal.sos) for causal in filters)
    steps = np.stack([np.ascontiguousarray(_step_matrix(causal, block, n_states).T) for causal in filters])
    steps.flags.writeable = False
    return steps


def _step_matrix(causal: CausalFilter, block: int, n_states: int) -> Float64Array:
    """Return what a block does: rows are inputs then states, columns outputs then next states; shape (block + n_states, same)."""
    from scipy.signal import sosfilt

    n_sections = len(causal.sos)
    size = block + n_states
    inputs = np.eye(size)[:, :block]
    states = np.eye(size)[:, block : block + 2 * n_sections].reshape(size, n_sections, 2).transpose(1, 0, 2)
    outputs, next_states = sosfilt(causal.sos, inputs, axis=1, zi=np.ascontiguousarray(states))
    step = np.zeros((size, size))
    step[:, :block] = outputs
    step[:, block : block + 2 * n_sections] = next_states.transpose(1, 0, 2).reshape(size, -1)
    return step

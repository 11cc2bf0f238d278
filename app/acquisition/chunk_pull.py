"""Takes samples out of liblsl, straight into memory that is given away with them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from app.acquisition.lsl_network import load_lsl
from sclcm_core.types import Float64Array

MAX_PULL = 4096
"""Samples taken in one pull; more wait in liblsl for the next."""

_N_ROWS = MAX_PULL + 1024


class ChunkPull:
    """Pulls chunks from an inlet.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
        An inlet of numbers; it must outlive this.

    Notes
    -----
    Waits for one sample and takes what else is there, as pylsl's ``pull_chunk(min_samples=1)`` does; that copies, and builds and
    joins views and lists, at each of its two calls. Every operation counts: 10 ms after the last pull nothing of it is in the
    processor's cache any more, and what takes 1 µs in a loop takes 25.
    """

    def __init__(self, inlet: Any) -> None:
        self._pull, self._handle = inlet.do_pull_chunk, inlet.obj
        self._check = load_lsl().util.handle_error
        self._n_channels: int = inlet.channel_count
        self._dtype = inlet.np_dtype
        self._error = ctypes.c_int()
        self._error_at = ctypes.byref(self._error)
        self._take_memory()

    def _take_memory(self) -> None:
        """Begin new memory; the old lives for as long as somebody has samples in it."""
        self._samples: npt.NDArray[Any] = np.empty((_N_ROWS, self._n_channels), dtype=self._dtype)
        self._stamps = np.empty(_N_ROWS)
        self._samples_at, self._stamps_at = self._samples.ctypes.data, self._stamps.ctypes.data
        self._sample_bytes, self._stamp_bytes = self._samples.strides[0], self._stamps.strides[0]
        self._first = 0

    def pull(self, timeout_s: float) -> tuple[npt.NDArray[Any], Float64Array]:
        """Wait for samples.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the first of them, in s.

        Returns
        -------
        samples : ndarray, shape (n_samples, n_channels)
            In the stream's unit and type.
        stamps : ndarray of float64, shape (n_samples,)
            Raw time stamps in s.
        """
        if self._first + MAX_PULL > _N_ROWS:
            self._take_memory()
        first = self._first
        stop = first + self._take(first, 1, timeout_s)
        if stop > first:
            stop += self._take(stop, MAX_PULL - 1, 0.0)
        self._first = stop
        return self._samples[first:stop], self._stamps[first:stop]

    def _take(self, row: int, n_wanted: int, timeout_s: float) -> int:
        """Take samples into the rows from one on; return how many came."""
        n_values = self._pull(
            self._handle,
            ctypes.c_void_p(self._samples_at + row * self._sample_bytes),
            ctypes.c_void_p(self._stamps_at + row * self._stamp_bytes),
            ctypes.c_ulong(n_wanted * self._n_channels),
            ctypes.c_ulong(n_wanted),
            ctypes.c_double(timeout_s),
            self._error_at,
        )
        if self._error.value:
            self._check(self._error)
        return int(n_values) // self._n_channels

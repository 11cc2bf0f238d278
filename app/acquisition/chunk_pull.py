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
    processor's cache any more, and what takes 1 µs in a loop takes 25. So the arguments of both calls are made once, and set
    before the wait; after it only the call is left.
    """

    def __init__(self, inlet: Any) -> None:
        self._pull, self._n_channels = inlet.do_pull_chunk, int(inlet.channel_count)
        self._check = load_lsl().util.handle_error
        self._dtype = inlet.np_dtype
        self._error, self._timeout = ctypes.c_int(), ctypes.c_double()
        self._first_at, self._others_at = _Place(), _Place()
        self._wait = self._arguments(inlet.obj, self._first_at, 1, self._timeout)
        self._take_others = self._arguments(inlet.obj, self._others_at, MAX_PULL - 1, ctypes.c_double(0.0))
        self._take_memory()

    def _arguments(self, handle: Any, place: _Place, n_wanted: int, timeout: ctypes.c_double) -> tuple[Any, ...]:
        sizes = ctypes.c_ulong(n_wanted * self._n_channels), ctypes.c_ulong(n_wanted)
        return (handle, place.samples, place.stamps, *sizes, timeout, ctypes.byref(self._error))

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
        self._timeout.value = timeout_s
        self._point(self._first_at, first)
        self._point(self._others_at, first + 1)
        if not self._pull(*self._wait):
            self._check(self._error)
            return self._samples[first:first], self._stamps[first:first]
        n_others = self._pull(*self._take_others) // self._n_channels  # an error comes again at the next wait
        self._first = stop = first + 1 + n_others
        return self._samples[first:stop], self._stamps[first:stop]

    def _point(self, place: _Place, row: int) -> None:
        """Have what is pulled to a place written from a row on."""
        place.samples.value = self._samples_at + row * self._sample_bytes
        place.stamps.value = self._stamps_at + row * self._stamp_bytes


class _Place:
    """Where liblsl writes to."""

    def __init__(self) -> None:
        self.samples, self.stamps = ctypes.c_void_p(), ctypes.c_void_p()

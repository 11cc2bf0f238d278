"""The ring buffer: one writer, any number of readers, contiguous windows without a copy."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from sclcm_core.streaming.arrivals import Arrivals
from sclcm_core.types import BoolArray, Float64Array, FloatArray


class RingBuffer:
    """Holds the newest samples of a stream; each sample has a number that never changes.

    Every sample is written twice, `capacity` rows apart, so that any span that is still held is one contiguous view. A write
    costs O(chunk), whatever the capacity; shifting the whole buffer at each chunk, as others do, costs O(capacity).

    When a chunk arrived is noted once for all its samples, and looked up when somebody asks. No lock is taken to write unless
    somebody waits for what is written: 10 ms after the last chunk a lock costs 10 µs, and noting an arrival a sample 3 µs.

    Parameters
    ----------
    capacity : int
        Number of samples held.
    n_channels : int
        Number of channels.
    dtype : dtype
        Type of the stored samples.

    Examples
    --------
    >>> buffer = RingBuffer(4, 1)
    >>> buffer.write(np.arange(6.0)[:, None], np.arange(6.0))
    >>> buffer.head, buffer.tail, buffer.view(3, 6).ravel().tolist()
    (6, 2, [3.0, 4.0, 5.0])
    """

    def __init__(self, capacity: int, n_channels: int, dtype: npt.DTypeLike = np.float32) -> None:
        if capacity < 1 or n_channels < 1:
            raise ValueError(f"A ring buffer needs capacity and n_channels >= 1; got {capacity} and {n_channels}.")
        self.capacity = capacity
        self.n_channels = n_channels
        self._samples: npt.NDArray[Any] = np.zeros((2 * capacity, n_channels), dtype=dtype)
        self._timestamps = np.zeros(2 * capacity, dtype=np.float64)
        self._lost = np.zeros(2 * capacity, dtype=np.bool_)
        whole: tuple[npt.NDArray[Any], ...] = (self._samples, self._timestamps, self._lost)
        self._first_halves = tuple(rows[:capacity] for rows in whole)
        self._second_halves = tuple(rows[capacity:] for rows in whole)
        self._arrivals = Arrivals()
        self._head = 0
        self._claimed = 0
        self._closed = False
        self._lost_until = -capacity
        self._awaited = sys.maxsize
        self._news = threading.Condition()

    @property
    def head(self) -> int:
        """Number of samples ever written, lost ones included: the number the next sample will get."""
        return self._head

    @property
    def tail(self) -> int:
        """Number of the oldest sample that is still held."""
        return max(0, self._head - self.capacity)

    @property
    def closed(self) -> bool:
        """Whether the writer has finished."""
        return self._closed

    def write(self, samples: FloatArray, timestamps: Float64Array, t_arrived: float = 0.0) -> None:
        """Append samples.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Potentials in µV; NaN where there is none.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s, on the clock of the stream.
        t_arrived : float
            When the samples reached this process, in s on the local clock.
        """
        if samples.ndim != 2 or samples.shape[1] != self.n_channels:
            raise ValueError(f"Expected samples of shape (n_samples, {self.n_channels}); got {samples.shape}.")
        n_samples = len(samples)
        if n_samples > self.capacity:
            samples, timestamps = samples[-self.capacity :], timestamps[-self.capacity :]
        self._put(n_samples, samples, timestamps, t_arrived, lost=False)

    def write_lost(self, n_lost: int, step_s: float, t_arrived: float = 0.0) -> None:
        """Append samples that the source lost: numbered, NaN, marked.

        Parameters
        ----------
        n_lost : int
            How many samples were lost.
        step_s : float
            Sampling interval in s; their times continue at this step.
        t_arrived : float
            When the loss was seen, in s on the local clock.
        """
        if n_lost < 1:
            return
        kept = min(n_lost, self.capacity)
        t_last = float(self._timestamps[(self._head - 1) % self.capacity]) if self._head else 0.0
        times = t_last + step_s * np.arange(n_lost - kept + 1, n_lost + 1)
        self._put(n_lost, np.full((kept, self.n_channels), np.nan), times, t_arrived, lost=True)

    def view(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return a span of samples without copying it.

        Parameters
        ----------
        start, stop : int
            Numbers of the first sample and of the one after the last.

        Returns
        -------
        ndarray, shape (stop - start, n_channels)
            A read-only view in µV. It holds these samples for as long as ``holds(start)``.

        Raises
        ------
        ValueError
            When the span is not held.
        """
        out = self._samples[self._rows(start, stop)]
        out.flags.writeable = False
        return out

    def timestamps(self, start: int, stop: int) -> Float64Array:
        """Return the capture times of a span, shape (stop - start,), in s on the clock of the stream; a view."""
        return self._timestamps[self._rows(start, stop)]

    def lost(self, start: int, stop: int) -> BoolArray:
        """Return which samples of a span were lost, bool of shape (stop - start,); a view."""
        return self._lost[self._rows(start, stop)]

    def arrival(self, index: int) -> float:
        """Return when a sample reached this process, in s on the local clock."""
        self._rows(index, index + 1)
        return self._arrivals.at(index)

    def holds(self, start: int) -> bool:
        """Tell whether a sample is still held, that is, has not begun to be overwritten."""
        return max(0, self._claimed - self.capacity) <= start < self._head

    def latest(self, n_samples: int) -> tuple[npt.NDArray[Any], Float64Array, int]:
        """Return a copy of the newest samples.

        Parameters
        ----------
        n_samples : int
            How many are wanted; fewer come when fewer are held.

        Returns
        -------
        samples : ndarray, shape (n, n_channels)
            Potentials in µV.
        timestamps : ndarray of float64, shape (n,)
            Capture times in s.
        start : int
            Number of the first of them.
        """
        while True:
            stop = self._head
            start = max(stop - min(n_samples, self.capacity), 0)
            if start == stop:
                return self._samples[:0].copy(), self._timestamps[:0].copy(), start
            rows = self._rows_unchecked(start, stop)
            samples, times = self._samples[rows].copy(), self._timestamps[rows].copy()
            if self.holds(start):
                return samples, times, start
            n_samples = max(1, n_samples - n_samples // 8)

    def wait_for(self, stop: int, timeout_s: float) -> int:
        """Sleep until a sample has arrived, the buffer is closed, or the time is up.

        Parameters
        ----------
        stop : int
            Wait until the head has reached this number.
        timeout_s : float
            How long to wait at most, in s.

        Returns
        -------
        int
            The head.
        """
        with self._news:
            self._news.wait_for(lambda: self._has_come(stop), timeout_s)
            return self._head

    def _has_come(self, stop: int) -> bool:
        """Ask to be woken, but not for every small chunk before that; tell whether there is no need to wait."""
        if self._head < stop:
            self._awaited = min(self._awaited, stop)
        return self._head >= stop or self._closed  # looked at anew: the writer moves the head first and then sees who waits

    def close(self) -> None:
        """Say that nothing more will be written, and wake who waits."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _put(self, n_new: int, samples: FloatArray, times: FloatArray, t_arrived: float, *, lost: bool) -> None:
        head, kept = self._head + n_new, len(samples)
        self._claimed = head  # readers see, before the first byte changes, which rows are about to be overwritten
        if lost:
            self._lost_until = head
        row = (head - kept) % self.capacity
        until_wrap = self.capacity - row
        if kept <= until_wrap:  # nearly always
            self._fill(row, kept, samples, times, lost)
        else:
            self._fill(row, until_wrap, samples[:until_wrap], times[:until_wrap], lost)
            self._fill(0, kept - until_wrap, samples[until_wrap:], times[until_wrap:], lost)
        self._arrivals.note(self._head, t_arrived, head - self.capacity)
        self._head = head
        if head >= self._awaited:
            self._wake()

    def _fill(self, row: int, n_rows: int, samples: FloatArray, times: FloatArray, lost: bool) -> None:
        """Write samples from a row on, into both halves; nothing is to be marked while no lost sample is overwritten."""
        rows = slice(row, row + n_rows)
        first, second = self._first_halves, self._second_halves
        first[0][rows] = second[0][rows] = samples
        first[1][rows] = second[1][rows] = times
        if self._lost_until > self._head - self.capacity:
            first[2][rows] = second[2][rows] = lost

    def _wake(self) -> None:
        with self._news:
            self._awaited = sys.maxsize
            self._news.notify_all()

    def _rows(self, start: int, stop: int) -> slice:
        if not self.tail <= start <= stop <= self._head:
            raise ValueError(f"Samples [{start}, {stop}) are not held; the buffer holds [{self.tail}, {self._head}).")
        return self._rows_unchecked(start, stop)

    def _rows_unchecked(self, start: int, stop: int) -> slice:
        row = start % self.capacity
        return slice(row, row + stop - start)

"""Samples with time stamps of their own, put on an even grid with holes where some were lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.types import Float32Array, Float64Array, FloatArray

COMMON_RATES = (100, 125, 128, 160, 200, 220, 250, 256, 300, 400, 500, 512, 600, 1000, 1024, 1200, 2000, 2048, 4096)
"""Rates in Hz that devices really have; a measured rate near one of them is taken for it."""

_CLOCK_TOLERANCE = 0.02
_REGULAR_SPREAD = 0.10
_RATE_SPAN_S = 5.0
_WILD_S = 1.0
_WITHIN_JITTERS = 3.0
_MOST_JITTER_S = 0.25
_MOST_STEPS = 1e12
_MOST_NAN_SHARE, _MOST_NAN_S = 10, 3600.0

IntArray = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class Grid:
    """Where samples stand on an even grid.

    Parameters
    ----------
    sfreq : float
        Rate of the grid in Hz.
    rows : ndarray of int64, shape (n_samples,)
        Row of each sample, rising; rows that are left out were lost.
    stamps : ndarray of float64, shape (n_samples,)
        Time stamp of each sample in s, never falling.
    notes : tuple of str
        What was found, for the user.
    """

    sfreq: float
    rows: IntArray
    stamps: Float64Array
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows, lost ones included."""
        return int(self.rows[-1]) + 1

    def place(self, samples: FloatArray) -> Float32Array:
        """Put samples on the grid.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            The samples that were received, in µV or any unit.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_channels)
            The samples in their rows, NaN in the others.
        """
        if self.n_rows == len(samples):
            return np.ascontiguousarray(samples, np.float32)
        out = np.full((self.n_rows, samples.shape[1]), np.nan, np.float32)
        out[self.rows] = samples
        return out

    def time_of(self, t: FloatArray) -> Float64Array:
        """Convert times on the clock of the stamps to times on the grid.

        Parameters
        ----------
        t : ndarray, shape (n,)
            Times in s on the clock of the stamps.

        Returns
        -------
        ndarray of float64, shape (n,)
            Times in s from the first row.
        """
        edges = np.flatnonzero(np.diff(self.rows) > 1)
        knots = np.unique(np.concatenate([[0], edges, edges + 1, [len(self.rows) - 1]]))
        known, rows = self.stamps[knots], self.rows[knots] / self.sfreq
        inside = np.interp(t, known, rows)
        before, after = np.minimum(t - known[0], 0.0), np.maximum(t - known[-1], 0.0)
        return np.asarray(inside + before + after)


def grid_from_stamps(stamps: Float64Array, nominal: float | None, path: object) -> Grid:
    """Put samples on a grid by their time stamps.

    Parameters
    ----------
    stamps : ndarray of float64, shape (n_samples,)
        Capture times in s.
    nominal : float or None
        Rate in Hz that the source states; None when it states none.
    path : object
        The file, for the message of an error.

    Returns
    -------
    Grid
        The grid. A gap in the stamps becomes lost rows; jitter and late bursts do not.

    Notes
    -----
    The residual of the stamps over their number is flat while nothing is lost, whatever the jitter, and steps up by the time
    of the lost samples for good when some are. Late bursts also step up, but come back; so the lower envelopes before and
    after a candidate are compared.
    """
    _check(stamps, path)
    stamps, n_wild = without_wild_ones(stamps)
    period = _period(stamps, nominal)
    sfreq, notes = _rate(1.0 / period, nominal)
    if n_wild:
        notes.append(f"{n_wild} single time stamps lie far from those around them and are not believed.")
    lost, n_back = _lost_before(stamps, period)
    if n_back:
        notes.append(f"The time stamps jump back {n_back} times; the samples are taken as consecutive there.")
    return grid_from_losses(lost, sfreq, path, stamps=np.maximum.accumulate(stamps), notes=notes)


def grid_from_losses(
    lost: IntArray, sfreq: float, path: object, *, stamps: Float64Array | None = None, notes: Sequence[str] = ()
) -> Grid:
    """Put samples on a grid when it is known how many were lost before each.

    Parameters
    ----------
    lost : ndarray of int64, shape (n_samples,)
        How many samples were lost directly before each.
    sfreq : float
        Rate of the grid in Hz.
    path : object
        The file, for the message of an error.
    stamps : ndarray of float64, shape (n_samples,), optional
        Time stamps in s, never falling; the rows themselves when not given.
    notes : sequence of str
        What was found before.

    Returns
    -------
    Grid
        The grid. When far more is lost than there is, the file is not believed and `RecordingError` is raised.
    """
    rows = np.arange(len(lost)) + np.cumsum(lost)
    n_lost, n_gaps = int(lost.sum()), int(np.count_nonzero(lost))
    if n_lost > max(_MOST_NAN_SHARE * len(lost), _MOST_NAN_S * sfreq):
        raise RecordingError(
            f"The time stamps of '{path}' leave out {n_lost / sfreq:.0f} s beside {len(lost) / sfreq:.0f} s of samples.",
            "The stamps are damaged or two recordings were joined; record again or split the file.",
        )
    gaps = f"{n_lost} samples ({n_lost / sfreq:.2f} s) are missing in {n_gaps} gaps; they are marked as lost."
    return Grid(sfreq, rows, rows / sfreq if stamps is None else stamps, (*notes, *([gaps] if n_lost else [])))


def _check(stamps: Float64Array, path: object) -> None:
    if len(stamps) < 2 or not np.all(np.isfinite(stamps)) or not np.median(np.diff(stamps)) >= 0 or np.ptp(stamps) == 0:
        raise RecordingError(
            f"The {len(stamps)} time stamps of '{path}' do not tell when its samples were taken.",
            "Record again with time stamps in s, one a sample.",
        )


def without_wild_ones(stamps: Float64Array) -> tuple[Float64Array, int]:
    """Put single time stamps that leave and come back between their neighbours.

    Parameters
    ----------
    stamps : ndarray of float64, shape (n_samples,)
        Time stamps in s.

    Returns
    -------
    settled : ndarray of float64, shape (n_samples,)
        The time stamps in s, each near its neighbours unless there is a gap.
    n_wild : int
        How many were moved.

    Examples
    --------
    >>> without_wild_ones(np.array([0.0, 0.1, 99.0, 0.3, 0.4]))[0]
    array([0. , 0.1, 0.2, 0.3, 0.4])
    """
    if len(stamps) < 4:
        return stamps, 0
    before, here, after = stamps[:-2], stamps[1:-1], stamps[2:]
    middle = np.maximum(np.minimum(before, after), np.minimum(np.maximum(before, after), here))
    wild = np.abs(here - middle) > _WILD_S
    settled = stamps.copy()
    settled[1:-1][wild] = (before + after)[wild] / 2
    n_wild = int(np.count_nonzero(wild))
    for edge, inner, next_inner in ((0, 1, 2), (-1, -2, -3)):
        if abs(settled[edge] - settled[inner]) > _WILD_S:
            settled[edge] = 2 * settled[inner] - settled[next_inner]
            n_wild += 1
    return settled, n_wild


def _period(stamps: Float64Array, nominal: float | None) -> float:
    """Return the sampling interval in s, unmoved by gaps where the stamps allow it."""
    steps = np.diff(stamps)
    middle = float(np.median(steps))
    if _is_regular(steps, middle):
        return float(np.mean(steps[np.abs(steps - middle) <= 0.25 * middle]))
    span = round(_RATE_SPAN_S * (nominal or len(stamps) / np.ptp(stamps)))
    span = max(1, min(span, len(steps) // 4))  # most spans of a short file, too, must be free of a gap
    measured = float(np.median(stamps[span:] - stamps[:-span])) / span
    stated = 1.0 / nominal if nominal else measured
    agree = abs(measured - stated) * span <= _WITHIN_JITTERS * _jitter(steps, measured)
    return stated if agree or measured <= 0 else measured


def _jitter(steps: Float64Array, period: float) -> float:
    """Return the usual deviation of the steps from the sampling interval, in s; single gaps do not move it."""
    return 1.4826 * float(np.median(np.abs(steps - period)))


def _is_regular(steps: Float64Array, middle: float) -> bool:
    low, high = np.quantile(steps, [0.1, 0.9])
    return bool(middle > 0 and high - low <= _REGULAR_SPREAD * middle)


def _rate(measured: float, nominal: float | None) -> tuple[float, list[str]]:
    """Return the rate of the grid in Hz and what to say about it."""
    known = [float(rate) for rate in COMMON_RATES] if not nominal else [nominal]
    nearest_rate = min(known, key=lambda rate: abs(rate - measured))
    if abs(measured / nearest_rate - 1.0) <= _CLOCK_TOLERANCE:
        return nearest_rate, []
    rounded = round(measured, 3)
    if not nominal:
        return rounded, []
    return rounded, [f"The file states {nominal:g} Hz but its time stamps say {rounded:g} Hz, which is taken."]


def _lost_before(stamps: Float64Array, period: float) -> tuple[IntArray, int]:
    """Return how many samples were lost before each, and how often the stamps jump back."""
    steps = np.diff(stamps)
    lost = np.zeros(len(stamps), np.int64)
    residual = stamps - period * np.arange(len(stamps))
    if _is_regular(steps, float(np.median(steps))):
        lost[1:] = np.maximum(np.rint(np.clip(steps / period, 0, _MOST_STEPS)).astype(np.int64) - 1, 0) * (steps > 1.5 * period)
    else:
        _find_steps(residual, steps, period, lost)
    n_back = int(np.count_nonzero(steps < -max(1.0, 2 * period)))
    return lost, n_back


def _find_steps(residual: Float64Array, steps: Float64Array, period: float, lost: IntArray) -> None:
    """Fill in the losses of jittered stamps."""
    local = residual.copy()
    threshold = max(1.5 * period, min(_WITHIN_JITTERS * _jitter(steps, period), _MOST_JITTER_S))
    for k in np.flatnonzero(steps > threshold) + 1:
        span = round(min(1.5 * steps[k - 1] / period, len(steps))) + max(8, round(1.0 / period))
        step = float(np.min(local[k : k + span]) - np.min(local[max(0, k - span) : k]))
        if step > threshold:
            lost[k] = round(min(step / period, _MOST_STEPS))
            local[k:] -= lost[k] * period

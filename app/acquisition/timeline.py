"""Numbers the samples of a stream by their raw time stamps: what was lost, how fast it runs, when the clock jumped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.acquisition.rate import RateEstimate
from app.acquisition.scatter import middle, scatter
from sclcm_core.types import BoolArray, Float32Array, Float64Array

SETTLE_S = 0.3
"""How long samples after a suspected gap are held back when their stamps are too irregular to judge at once, in s."""

LONGEST_HOLD_S = 1.0
"""When the judgement falls at the latest, in s."""

JUMP_S = 1.0
"""Stamps that fall back by more than this are a jump of the clock, in s."""

_FUTURE_S = 0.5
_RUN = 4
_REGULAR = 0.25
_WHOLE = 0.01
_SPREAD_EVERY = 64
_LEARN_S = 0.1
_ANCHORS = 5
_UNPROVEN_PUSHES = 8
_UNPROVEN_RATE = 0.02

_IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples without a gap.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV.
    stamps : ndarray of float64, shape (n_samples,)
        Raw time stamps in s.
    n_lost_before : int
        Samples that were lost directly before the first of these.
    """

    samples: Float32Array
    stamps: Float64Array
    n_lost_before: int = 0


class Timeline:
    """Finds lost samples in raw time stamps.

    The stamps of good amplifiers stand one sampling interval apart. Others come in bursts with one stamp, or carry the jitter
    of a radio link; then only the last stamp of a burst counts, the ones before are its past. A step is a loss when it stays:
    what follows a suspected gap is held until its stamps are regular again, or `SETTLE_S` is over. A burst that comes late
    catches up meanwhile and is no loss; stamps that run ahead of the clock are a jump of the clock and no loss either.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.

    Notes
    -----
    Clocks are passed in, never read. A stamp is late or early against the median of the last few burst ends, moved on by the
    sampling interval; with much jitter against the regression line. With regular stamps losses are exact; with jitter they
    are as exact as the jitter lets the line be.
    """

    patience_s: float = 0.0
    """Stamps that are late by less than this, in s, are no loss; for times of arrival, which tell of no other."""

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq
        self.n_lost = 0
        self.n_gaps = 0
        self.n_jumps = 0
        self.rate = RateEstimate(sfreq)
        self._next = 0
        self._lost_pending = 0
        self._restart()

    def _restart(self) -> None:
        self._anchors: deque[tuple[int, float]] = deque(maxlen=_ANCHORS)
        self._jitter: deque[float] = deque(maxlen=_SPREAD_EVERY)
        self._spread = 0.0
        self._n_residuals = 0
        self._last_stamp = np.nan
        self._unlearned: deque[tuple[int, Float64Array]] = deque(maxlen=_ANCHORS + 1)
        self._learned_at = -np.inf
        self._held: tuple[Float32Array, Float64Array] | None = None
        self._held_since: float | None = None
        self._early_since: float | None = None
        self._lead_s = 0.0
        self._n_pushes = 0
        self.rate.restart()

    @property
    def last_stamp(self) -> float:
        """Raw stamp of the newest sample that was let go, in s; NaN before the first."""
        return float(self._last_stamp)

    @property
    def period(self) -> float:
        """Sampling interval in s, as well as it is known."""
        return 1.0 / (self.rate.sfreq or self.sfreq)

    @property
    def is_holding(self) -> bool:
        """Whether samples are held back until a suspected gap is judged."""
        return self._held is not None

    def push(self, samples: Float32Array, stamps: Float64Array, now: float, stamp_now: float = np.inf) -> list[Piece]:
        """Take the next samples.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples, n_channels)
            Potentials in µV.
        stamps : ndarray of float64, shape (n_samples,)
            Raw time stamps in s.
        now : float
            Time of arrival on a steady clock, in s.
        stamp_now : float
            The same moment on the clock of the stamps, in s, where it is known: no sample can be much younger.

        Returns
        -------
        list of Piece
            What can be let go, in order.
        """
        self._n_pushes += 1
        if self._held is not None:
            samples, stamps = np.concatenate([self._held[0], samples]), np.concatenate([self._held[1], stamps])
        elif self._anchors and self._is_regular(stamps):  # what follows would pass it on too, at ten times the cost
            self._remember(stamps)
            return [self._piece(samples, stamps, stamp_now)]
        self._learn()
        return self._let_go(samples, stamps, now, stamp_now)

    @property
    def is_steady(self) -> bool:
        """Whether samples can go on without `push` for as long as each stamp follows the one before at about the `period`."""
        return bool(self._anchors) and self._held is None and not self._lost_pending

    def catch_up(self, stamps: Float64Array, stamp_now: float) -> None:
        """Take note of samples that went on without `push`.

        Parameters
        ----------
        stamps : ndarray of float64, shape (n_samples,)
            Their raw time stamps in s.
        stamp_now : float
            When they came, on the clock of the stamps, in s.
        """
        self._n_pushes += 1
        self._remember(stamps)
        self._number(stamps, stamp_now)

    def poll(self, now: float, stamp_now: float = np.inf) -> list[Piece]:
        """Let go what has been held for long enough; arguments and result as of `push`."""
        return [] if self._held is None else self._let_go(*self._held, now, stamp_now)

    def flush(self, stamp_now: float = np.inf) -> list[Piece]:
        """Let go all that is held: the stream has ended or broken off."""
        return self.poll(np.inf, stamp_now)

    def take_up(self, gap_s: float | None) -> int:
        """Say that the stream was interrupted; `flush` comes first, for what is still held is forgotten.

        Parameters
        ----------
        gap_s : float or None
            Time in s from the last sample before to the first one after; None where the clocks do not tell.

        Returns
        -------
        int
            How many samples are missing; they are reported before the next piece.
        """
        n_lost = max(round(gap_s / self.period) - 1, 0) if gap_s is not None else 0
        self._restart()
        self._count_lost(n_lost)
        return n_lost

    def _count_lost(self, n_lost: int) -> None:
        if n_lost > 0:
            self.n_lost += n_lost
            self.n_gaps += 1
            self._next += n_lost
            self._lost_pending += n_lost
            self._anchors.clear()
            self.rate.restart()

    def _let_go(self, samples: Float32Array, stamps: Float64Array, now: float, stamp_now: float) -> list[Piece]:
        pieces: list[Piece] = []
        slack = self._slack(len(stamps))
        while len(stamps):
            n = self._n_certain(stamps, slack, now, stamp_now)
            if n == 0:
                break
            self._held_since, slack = None, 0.0
            pieces.append(self._release(samples[:n], stamps[:n], stamp_now))
            samples, stamps = samples[n:], stamps[n:]
        self._held = (samples, stamps) if len(stamps) else None
        return pieces

    def _n_certain(self, stamps: Float64Array, slack: float, now: float, stamp_now: float) -> int:
        """Return how many samples can be let go now; counts a loss before the first of them."""
        if not self._anchors:
            return self._n_in_one_go(stamps)
        if self._is_regular(stamps):
            return len(stamps)
        ends = self._burst_ends(stamps)
        late = stamps - self._expected(self._next + np.arange(len(stamps)))
        suspects = np.flatnonzero(ends & ((late > self._tolerance()) | (late < -JUMP_S)))
        if not len(suspects):
            return len(stamps)
        before = np.flatnonzero(ends[: suspects[0]])
        if len(before):
            return int(before[-1]) + 1
        return self._judge(stamps, late, slack, now, stamp_now)

    def _judge(self, stamps: Float64Array, late: Float64Array, slack: float, now: float, stamp_now: float) -> int:
        if self._held_since is None:
            self._held_since = now
        level, n_judged = self._level(late, stamps, now)
        if not n_judged:
            return 0
        if level < -JUMP_S or stamps[0] > stamp_now + self._lead_s + _FUTURE_S:
            self.n_jumps += 1
            self._anchors.clear()
            self._lead_s = 0.0
            self.rate.restart()
        elif level > self._tolerance() + (0.0 if self._is_whole(level) else slack):
            self._count_lost(round(level / self.period))
        return n_judged

    def _is_exact(self, steps: Float64Array, late: float) -> bool:
        """Tell whether gaps follow each other closely under exact stamps: then each is judged by itself."""
        whole = (steps > 0.5) & (np.abs(steps - np.round(steps)) < _WHOLE)
        return bool(whole.all()) and self._is_whole(late)

    def _is_whole(self, level: float) -> bool:
        """Tell whether a step is a whole number of samples, as a loss is and a wrong rate hardly ever."""
        n = level / self.period
        return abs(n - round(n)) < _WHOLE

    def _level(self, late: Float64Array, stamps: Float64Array, now: float) -> tuple[float, int]:
        """Return by how much the stamps are late for good, in s, and for how many samples that holds; 0 when it is too early."""
        steps = np.diff(stamps) / self.period
        regular = np.abs(steps - 1) < _REGULAR
        if len(regular) >= _RUN - 1:
            runs = np.lib.stride_tricks.sliding_window_view(regular, _RUN - 1).all(axis=-1)
            if runs.any():
                first = int(np.argmax(runs))
                if first and self._is_exact(steps[:first], float(late[0])):
                    return float(late[0]), self._n_in_one_go(stamps)
                return float(np.median(late[first : first + _RUN])), first + self._n_in_one_go(stamps[first:])
        ends = np.flatnonzero(self._burst_ends(stamps))
        held_s = np.inf if now == np.inf or self._held_since is None else now - self._held_since
        if held_s >= LONGEST_HOLD_S or (held_s >= SETTLE_S and len(ends) >= 2 * _RUN):
            if self._is_exact(steps, float(late[0])):
                return float(late[0]), self._n_in_one_go(stamps)
            newest = late[ends[len(ends) // 2 :]]
            level = float(np.median(newest))
            return (level if abs(level) > 3 * scatter(newest.tolist()) else 0.0), len(stamps)
        return 0.0, 0

    def _n_in_one_go(self, stamps: Float64Array) -> int:
        """Return how many samples follow the first without a step that could be a gap."""
        steps = np.flatnonzero(np.diff(stamps) > 1.5 * self.period)
        return int(steps[0]) + 1 if len(steps) else len(stamps)

    def _remember(self, stamps: Float64Array) -> None:
        """Keep regular stamps that are let go; what they teach is learned later."""
        self._unlearned.append((self._next, stamps))
        if stamps[-1] - self._learned_at >= _LEARN_S:
            self._learn()

    def _learn(self) -> None:
        """Move the line on by the newest stamps that were passed on: each of them ends a burst of its own."""
        points: list[tuple[int, float]] = []
        for first, stamps in reversed(self._unlearned):
            if len(points) > _ANCHORS:
                break
            points = [*enumerate(stamps[-_ANCHORS - 1 :].tolist(), first + max(len(stamps) - _ANCHORS - 1, 0)), *points]
        self._unlearned.clear()
        if points:
            self._learn_points((points[:-1] or points)[-_ANCHORS:])

    def _learn_points(self, points: list[tuple[int, float]]) -> None:
        if self._may_anchor(points):
            self._anchors.extend(points)
        self.rate.add(*points[-1])
        self._learned_at = points[-1][1]

    def _release(self, samples: Float32Array, stamps: Float64Array, stamp_now: float) -> Piece:
        ends = np.flatnonzero(self._burst_ends(stamps)).tolist()
        certain = (ends[:-1] if len(ends) > 1 else ends)[-_ANCHORS:]
        self._learn_points([(self._next + k, float(stamps[k])) for k in certain])
        return self._piece(samples, stamps, stamp_now)

    def _piece(self, samples: Float32Array, stamps: Float64Array, stamp_now: float) -> Piece:
        self._number(stamps, stamp_now)
        n_lost, self._lost_pending = self._lost_pending, 0
        return Piece(samples, stamps, n_lost)

    def _number(self, stamps: Float64Array, stamp_now: float) -> None:
        self._next += len(stamps)
        self._last_stamp = float(stamps[-1])
        if stamp_now < np.inf:
            self._lead_s = max(self._last_stamp - stamp_now, 0.9 * self._lead_s, 0.0)

    def _may_anchor(self, points: list[tuple[int, float]]) -> bool:
        """Tell whether the line may follow these (number, stamp).

        It does not follow stamps that fall back for less than `LONGEST_HOLD_S`.
        """
        if not self._anchors:
            return True
        start, step, centre = self._line()
        late = [stamp - (start + (number - centre) * step) for number, stamp in points]
        self._take_residuals(late)
        if late[-1] >= -self._tolerance():
            self._early_since = None
            return True
        newest = points[-1][1]
        if self._early_since is None:
            self._early_since = newest
        if newest - self._early_since < LONGEST_HOLD_S:
            return False
        self._anchors.clear()
        self._early_since = None
        return True

    def _take_residuals(self, late: list[float]) -> None:
        """Learn from how late burst ends are, in s, how much the stamps scatter."""
        self._jitter.extend(late)
        self._n_residuals += len(late)
        if self._n_residuals >= _SPREAD_EVERY or len(self._jitter) < _SPREAD_EVERY:
            self._spread, self._n_residuals = scatter(self._jitter) if len(self._jitter) >= _RUN else 0.0, 0

    def _is_regular(self, stamps: Float64Array) -> bool:
        return _steps_lie_between(0.5 * self.period, 1.5 * self.period, self._last_stamp, stamps)

    def _expected(self, numbers: _IntArray) -> Float64Array:
        """Return the stamps in s that samples should have, shape as `numbers`."""
        start, step, centre = self._line()
        return np.asarray(start + (numbers - centre) * step)

    def _line(self) -> tuple[float, float, float]:
        """Return the stamp in s that a sample of some number should have, the interval in s, and that number."""
        line = self.rate.line if self._tolerance() > self.period else None
        return line or (middle(sorted(stamp - number * self.period for number, stamp in self._anchors)), self.period, 0.0)

    def _tolerance(self) -> float:
        """Return by how much a stamp may be late without suspicion, in s."""
        return max(0.5 * self.period, 3 * self._spread, self.patience_s)

    def _slack(self, n_samples: int) -> float:
        """Return the slack in s for stamps that were counted back through a chunk at a rate that is not the true one."""
        if n_samples <= _RUN:
            return 0.0
        per_sample = abs(self.period - 1.0 / self.sfreq)
        if self._n_pushes <= _UNPROVEN_PUSHES:
            per_sample = max(per_sample, _UNPROVEN_RATE * self.period)
        return n_samples * per_sample

    def _burst_ends(self, stamps: Float64Array) -> BoolArray:
        """Return which samples end a burst; the last one may yet be followed by more of its own."""
        ends = np.ones(len(stamps), dtype=np.bool_)
        ends[:-1] = np.diff(stamps) >= 0.5 * self.period
        return ends


def _steps_lie_between(low: float, high: float, previous: float, stamps: Float64Array) -> bool:
    """Tell whether all steps do, from the one before on, in s."""
    steps = np.diff(stamps, prepend=previous)
    return bool(steps.min() > low and steps.max() < high)

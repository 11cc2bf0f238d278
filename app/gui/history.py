"""What has happened so far, as the views show it."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from app.session.truth import TruthScore

from sclcm_core.types import FeatureFrame, Float32Array, Float64Array, Marker, Prediction

KEPT_PREDICTIONS = 7200
KEPT_EVENTS = 2000


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the log.

    Parameters
    ----------
    clock : str
        Local time of day.
    kind : {'marker', 'phase', 'warning', 'error', 'prediction'}
        What sort of thing it is.
    text : str
        What happened.
    """

    clock: str
    kind: str
    text: str


class _Course:
    """The newest probabilities and their times in one piece of memory each: read without going through predictions.

    Parameters
    ----------
    n_classes : int
        Numbers at each time.
    """

    def __init__(self, n_classes: int) -> None:
        self._times = np.empty(2 * KEPT_PREDICTIONS)
        self._values = np.empty((2 * KEPT_PREDICTIONS, n_classes))
        self._first = self._stop = 0

    def push(self, t: float, values: Float32Array) -> None:
        """Take numbers, shape (n_classes,), without unit, at a time in s; when time jumps back, what was before is forgotten."""
        if self._stop == len(self._times):
            self._make_room()
        if self._stop > self._first and t < self._times[self._stop - 1]:
            self._first = self._stop
        self._times[self._stop], self._values[self._stop] = t, values
        self._stop += 1
        self._first = max(self._first, self._stop - KEPT_PREDICTIONS)

    def since(self, t: float) -> tuple[Float64Array, Float64Array]:
        """Return times in s, shape (n,), and numbers, shape (n, n_classes), without unit, from a time in s on."""
        first = self._first + int(np.searchsorted(self._times[self._first : self._stop], t))
        return self._times[first : self._stop].copy(), self._values[first : self._stop].copy()

    def _make_room(self) -> None:
        n = self._stop - self._first
        for rows in (self._times, self._values):
            rows[:n] = rows[self._first : self._stop].copy()
        self._first, self._stop = 0, n


class History:
    """Predictions, markers and events of a session; lives in the GUI's thread.

    Parameters
    ----------
    class_names : tuple of str
        Classes of the model.

    Attributes
    ----------
    why : ndarray of float32, shape (n_bands, n_columns), or None
        What each feature adds to the newest answer, without unit; None when nobody asked.
    score : TruthScore or None
        How often the answers agree with the markers; a few seconds old.
    """

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self.class_names = class_names
        self.predictions: deque[Prediction] = deque(maxlen=KEPT_PREDICTIONS)
        self._course = _Course(len(class_names))
        self._states: list[Marker] = []
        self._remarks: list[Marker] = []
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.n_events = 0
        self.why: Float32Array | None = None
        self.score: TruthScore | None = None
        self.rivals: deque[Prediction] = deque(maxlen=KEPT_PREDICTIONS)

    @property
    def newest(self) -> Prediction | None:
        """The newest prediction, withheld or not."""
        return self.predictions[-1] if self.predictions else None

    def add_prediction(self, prediction: Prediction) -> None:
        """Take a prediction; a change of its withheld reason is an event."""
        before = self.newest
        self.predictions.append(prediction)
        self._course.push(prediction.t_end, prediction.probabilities)
        if prediction.withheld and (before is None or before.withheld is None):
            self.note("warning", f"Withheld: {prediction.withheld}")
        elif before is not None and before.withheld and not prediction.withheld:
            self.note("prediction", "Predictions resumed")

    def add_rival(self, prediction: Prediction) -> None:
        """Take a prediction of the second model."""
        self.rivals.append(prediction)

    def frames(self, n_frames: int) -> list[FeatureFrame]:
        """Return the newest frames when they follow each other without a hole, otherwise none."""
        newest = islice(reversed(self.predictions), n_frames)
        found = [p.frame for p in newest if p.frame is not None][::-1]
        if len(found) < n_frames or found[-1].index - found[0].index != n_frames - 1:
            return []
        return found

    def add_marker(self, marker: Marker) -> None:
        """Take a marker."""
        kind = self._states if marker.text in self.class_names else self._remarks
        insort(kind, marker, key=_time)
        del kind[:-KEPT_EVENTS]
        self.note("marker", marker.text)

    def note(self, kind: str, text: str) -> None:
        """Add a line to the log."""
        self.events.append(Event(time.strftime("%H:%M:%S"), kind, text))
        self.n_events += 1

    def since(self, t: float) -> tuple[Float64Array, Float64Array]:
        """Return the probabilities of the predictions since a moment.

        Parameters
        ----------
        t : float
            Start in s on the clock of the stream.

        Returns
        -------
        t_end : ndarray of float64, shape (n,)
            When each prediction's window ended, in s.
        probabilities : ndarray of float64, shape (n, n_classes)
            Probabilities in 0..1; NaN where withheld.
        """
        return self._course.since(t)

    def states_since(self, t: float, t_now: float) -> list[tuple[float, float, str]]:
        """Return the marked states, (from, until, class name) in s, that lie between a moment and now."""
        marked = self._states
        spans = []
        for k in range(max(0, bisect_right(marked, t, key=_time) - 1), len(marked)):  # a state ends where the next one begins
            marker = marked[k]
            until = marker.t + marker.duration_s if marker.duration_s > 0 else t_now
            if k + 1 < len(marked):
                until = min(until, marked[k + 1].t)
            if until > t and marker.t < t_now:
                spans.append((max(marker.t, t), min(until, t_now), marker.text))
        return spans

    def remarks_between(self, t: float, t_now: float) -> list[Marker]:
        """Return the markers that name no state, between a moment and now, in order."""
        first, stop = (bisect_left(self._remarks, edge, key=_time) for edge in (t, t_now))
        return self._remarks[first:stop]


_time = attrgetter("t")

"""What has happened so far, as the views show it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
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
        self.markers: deque[Marker] = deque(maxlen=KEPT_EVENTS)
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
        if prediction.withheld and (before is None or before.withheld is None):
            self.note("warning", f"Withheld: {prediction.withheld}")
        elif before is not None and before.withheld and not prediction.withheld:
            self.note("prediction", "Predictions resumed")

    def add_rival(self, prediction: Prediction) -> None:
        """Take a prediction of the second model."""
        self.rivals.append(prediction)

    def frames(self, n_frames: int) -> list[FeatureFrame]:
        """Return the newest frames when they follow each other without a hole, otherwise none."""
        newest = list(self.predictions)[-n_frames:] if n_frames <= len(self.predictions) else []
        found = [p.frame for p in newest if p.frame is not None]
        if len(found) < n_frames or found[-1].index - found[0].index != n_frames - 1:
            return []
        return found

    def add_marker(self, marker: Marker) -> None:
        """Take a marker."""
        self.markers.append(marker)
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
        chosen: list[Prediction] = []
        for prediction in reversed(self.predictions):
            if prediction.t_end < t:
                break
            chosen.append(prediction)
        chosen.reverse()
        times = np.array([p.t_end for p in chosen], dtype=np.float64)
        shape = (len(chosen), len(self.class_names))
        return times, np.array([p.probabilities for p in chosen], dtype=np.float64).reshape(shape)

    def states_since(self, t: float, t_now: float) -> list[tuple[float, float, str]]:
        """Return the marked states, (from, until, class name) in s, that lie between a moment and now."""
        marked = sorted((m for m in self.markers if m.text in self.class_names), key=lambda m: m.t)
        spans = []
        for k, marker in enumerate(marked):
            until = marker.t + marker.duration_s if marker.duration_s > 0 else t_now
            if k + 1 < len(marked):
                until = min(until, marked[k + 1].t)
            if until > t and marker.t < t_now:
                spans.append((max(marker.t, t), min(until, t_now), marker.text))
        return spans

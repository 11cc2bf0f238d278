"""Two models on the same windows: how often they say the same, and when not."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sclcm_core.types import Prediction

if TYPE_CHECKING:
    from app.session.truth import TruthScore
    from sclcm_core.inference.manifest import Manifest

MOST_WAITING = 1024
"""Answers of one model that wait for the other's."""

KEPT_DISAGREEMENTS = 500


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A window of which two models say different things.

    Parameters
    ----------
    t : float
        When the window ended, in s on the clock of the stream.
    at_s : float
        The same since the first answer, in s.
    mine, theirs : str
        What the first and the second model say.
    """

    t: float
    at_s: float
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one of the two models does.

    Parameters
    ----------
    name : str
        Which model.
    n_predictions, n_withheld, n_skipped : int
        Counts since the start.
    latency_p50_s, latency_p99_s : float or None
        Time from the arrival of a window's last sample to the answer, in s.
    cost_s : float or None
        Processor time for each answer, in s.
    score : TruthScore or None
        Agreement with the markers.
    """

    name: str
    n_predictions: int = 0
    n_withheld: int = 0
    n_skipped: int = 0
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    cost_s: float | None = None
    score: TruthScore | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A snapshot of two models side by side.

    Parameters
    ----------
    mine, theirs : Standing
        The first and the second model.
    is_comparable : bool
        Whether both tell the same classes; otherwise nothing is counted.
    n_compared : int
        Windows of which both gave an answer.
    n_agreed : int
        How often it was the same.
    mean_difference : float or None
        Mean absolute difference of the probabilities, in 0..1.
    disagreements : tuple of Disagreement
        The newest ones, oldest first.
    trouble : str
        Why the second model has stopped; empty while all is well.
    """

    mine: Standing
    theirs: Standing
    is_comparable: bool = True
    n_compared: int = 0
    n_agreed: int = 0
    mean_difference: float | None = None
    disagreements: tuple[Disagreement, ...] = ()
    trouble: str = ""

    @property
    def agreement(self) -> float | None:
        """Share of windows with the same answer in 0..1, or None before the first."""
        return self.n_agreed / self.n_compared if self.n_compared else None


class Agreement:
    """Pairs the answers of two models by the time at which their windows end.

    Parameters
    ----------
    mine, theirs : Manifest
        The first and the second model.

    Notes
    -----
    Two answers are about the same window when their ends lie within half the shorter hop: a model with another rate, whose windows
    end at other samples, is still compared. Withheld answers are not. May be told from two threads.
    """

    def __init__(self, mine: Manifest, theirs: Manifest) -> None:
        self.is_comparable = set(mine.class_names) == set(theirs.class_names)
        self._tolerance_s = min(mine.features.hop_s, theirs.features.hop_s) / 2
        self._order = [theirs.class_names.index(name) for name in mine.class_names] if self.is_comparable else []
        self._mine: deque[Prediction] = deque(maxlen=MOST_WAITING)
        self._theirs: deque[Prediction] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()
        self._t_first: float | None = None
        self._n_compared = self._n_agreed = 0
        self._difference = 0.0
        self._disagreements: deque[Disagreement] = deque(maxlen=KEPT_DISAGREEMENTS)

    def push_mine(self, prediction: Prediction) -> None:
        """Take an answer of the first model."""
        self._push(self._mine, prediction)

    def push_theirs(self, prediction: Prediction) -> None:
        """Take an answer of the second model."""
        self._push(self._theirs, prediction)

    def compare(self, mine: Standing, theirs: Standing, trouble: str = "") -> Comparison:
        """Return a snapshot, given how each model does by itself."""
        with self._lock:
            n = self._n_compared
            difference = self._difference / n if n else None
            found = tuple(self._disagreements)
            return Comparison(mine, theirs, self.is_comparable, n, self._n_agreed, difference, found, trouble)

    def _push(self, waiting: deque[Prediction], prediction: Prediction) -> None:
        if not self.is_comparable:
            return
        with self._lock:
            if waiting and prediction.t_end < waiting[-1].t_end:  # the stream began anew
                self._mine.clear()
                self._theirs.clear()
            if self._t_first is None:
                self._t_first = prediction.t_end
            waiting.append(prediction)
            self._pair()

    def _pair(self) -> None:
        while self._mine and self._theirs:
            ahead_s = self._mine[0].t_end - self._theirs[0].t_end
            if abs(ahead_s) <= self._tolerance_s:
                self._count(self._mine.popleft(), self._theirs.popleft())
            else:
                (self._mine if ahead_s < 0 else self._theirs).popleft()

    def _count(self, mine: Prediction, theirs: Prediction) -> None:
        if mine.label is None or theirs.label is None:
            return
        self._n_compared += 1
        self._n_agreed += mine.label == theirs.label
        self._difference += float(np.abs(mine.probabilities - theirs.probabilities[self._order]).mean())
        if mine.label != theirs.label:
            at_s = mine.t_end - (self._t_first or 0.0)
            self._disagreements.append(Disagreement(mine.t_end, at_s, mine.label, theirs.label))

"""How often the predictions agree with what the markers say was going on."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from sclcm_core.types import Marker, Prediction

MOST_PENDING = 512
"""Answers that wait for a late marker."""

ROUNDING_S = 1e-6
"""How far a window may reach beyond a state, in s: its ends are computed, and differ from the marker in the last bits."""


@dataclass(frozen=True, slots=True)
class TruthScore:
    """Agreement with the markers.

    Parameters
    ----------
    n_compared : int
        Predictions whose whole window lies within one marked state.
    n_correct : int
        How many of them name that state.
    """

    n_compared: int
    n_correct: int

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, in 0..1."""
        return self.n_correct / self.n_compared


class TruthScorer:
    """Compares predictions with markers that carry class names.

    A marker's state lasts for its duration, or until the next one. Markers may come later than the predictions they speak of, by up
    to `MOST_PENDING` predictions; older ones are counted for good, so that an evening of predictions takes no more memory than a
    minute.

    Parameters
    ----------
    class_names : tuple of str
        Markers with other texts are not states.
    """

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self._class_names = frozenset(class_names)
        self._markers: list[Marker] = []
        self._answers: list[tuple[float, float, str]] = []
        self._n_compared = self._n_correct = 0

    def push_marker(self, marker: Marker) -> None:
        """Take a marker."""
        if marker.text in self._class_names:
            self._markers.append(marker)

    def push_prediction(self, prediction: Prediction) -> None:
        """Take a prediction; withheld ones are not counted."""
        if prediction.label is not None:
            self._answers.append((prediction.t_start, prediction.t_end, prediction.label))
            if len(self._answers) > MOST_PENDING:
                self._settle(MOST_PENDING // 2)

    def score(self) -> TruthScore | None:
        """Return the agreement so far, or None when nothing could be compared."""
        n_compared, n_correct = self._count(self._answers)
        n_compared, n_correct = n_compared + self._n_compared, n_correct + self._n_correct
        return TruthScore(n_compared, n_correct) if n_compared else None

    def _settle(self, n_answers: int) -> None:
        """Count the oldest answers for good, and forget the markers that speak of nothing else."""
        n_compared, n_correct = self._count(self._answers[:n_answers])
        self._n_compared, self._n_correct = self._n_compared + n_compared, self._n_correct + n_correct
        self._answers = self._answers[n_answers:]
        self._markers.sort(key=lambda m: m.t)
        first = bisect_right([m.t for m in self._markers], self._answers[0][0]) - 1
        self._markers = self._markers[max(first, 0) :]

    def _count(self, answers: list[tuple[float, float, str]]) -> tuple[int, int]:
        markers = sorted(self._markers, key=lambda m: m.t)
        times = [m.t for m in markers]
        pairs = [(label, _state(markers, times, t_start, t_end)) for t_start, t_end, label in answers]
        compared = [(label, truth) for label, truth in pairs if truth is not None]
        return len(compared), sum(label == truth for label, truth in compared)


def _state(markers: list[Marker], times: list[float], t_start: float, t_end: float) -> str | None:
    k = bisect_right(times, t_start + ROUNDING_S) - 1
    if k < 0:
        return None
    ends = markers[k].t + markers[k].duration_s if markers[k].duration_s > 0 else float("inf")
    if k + 1 < len(markers):
        ends = min(ends, times[k + 1])
    return markers[k].text if t_end <= ends + ROUNDING_S else None

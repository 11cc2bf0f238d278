"""Whose rest is the baseline: live a person has only the rest that came before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.personal_baseline import FEWEST_FRAMES
from sclcm_core.types import Float32Array

MOST_LATE_S = 60.0
"""How much rest is taken where it has to be gathered from between the trials: as much as is usual live."""

_Rest = tuple[int, Float32Array]


def visit_of_rest(visits: Iterable[int], session: int) -> int:
    """Return the visit whose rest is the baseline in a visit: itself, else the last before it that has one, else the first.

    Parameters
    ----------
    visits : iterable of int
        Numbers of the person's visits that have a rest, at least one.
    session : int
        Number of the visit.

    Examples
    --------
    >>> visit_of_rest([2, 4], 5), visit_of_rest([2, 4], 3), visit_of_rest([2, 4], 1)
    (4, 2, 2)
    """
    known = sorted(set(visits))
    return max((visit for visit in known if visit <= session), default=known[0])


@dataclass(frozen=True, slots=True)
class Baselines:
    """The rests that serve as baselines.

    Parameters
    ----------
    frames : dict of int to ndarray of float32, shape (n_frames, n_bands, n_columns)
        Of each subject, in nats or dB.
    session : dict of int to ndarray of int64, shape (n_frames,)
        In which visit each frame was measured.
    recordings : frozenset of int
        Numbers of the recordings that they are from.
    late : frozenset of int
        Subjects whose rest had to be gathered from between the trials, or comes from a visit after the one it serves.
    """

    frames: Mapping[int, Float32Array]
    session: Mapping[int, npt.NDArray[np.int64]]
    recordings: frozenset[int]
    late: frozenset[int]


@dataclass(slots=True)
class _Visit:
    before: list[_Rest] = field(default_factory=list)
    later: list[_Rest] = field(default_factory=list)
    has_begun: bool = False


class RestGatherer:
    """Gathers rests recording by recording, in the order in which they come.

    Parameters
    ----------
    spec : FeatureSpec
        How far frames are apart.
    """

    def __init__(self, spec: FeatureSpec) -> None:
        self._most_late = math.ceil(MOST_LATE_S / spec.hop_s)
        self._visits: dict[tuple[int, int], _Visit] = {}

    def add(self, who: tuple[int, int], recording: int, rest: Float32Array, *, is_labelled: bool) -> None:
        """Take the leading rest of a recording of a subject's visit, shape (n, n_bands, n_columns), in nats or dB."""
        visit = self._visits.setdefault(who, _Visit())
        if len(rest):
            (visit.later if visit.has_begun else visit.before).append((recording, rest))
        visit.has_begun |= is_labelled

    def finish(self) -> Baselines:
        """Return, visit by visit, the rest before the first trial; where that is too short, the first minute of all rests."""
        frames: dict[int, list[Float32Array]] = {}
        session: dict[int, list[npt.NDArray[np.int64]]] = {}
        recordings: set[int] = set()
        late: set[int] = set()
        for (subject, number), visit in self._visits.items():
            found, is_late = self._chosen(visit)
            for recording, rest in found:
                frames.setdefault(subject, []).append(rest)
                session.setdefault(subject, []).append(np.full(len(rest), number, np.int64))
                recordings.add(recording)
            late |= {subject} if is_late else set()
        for subject, number in self._visits:
            if subject in session and number < min(int(of[0]) for of in session[subject]):
                late.add(subject)  # `visit_of_rest` has nothing better for it than a later visit
        joined = ({k: np.concatenate(v) for k, v in frames.items()}, {k: np.concatenate(v) for k, v in session.items()})
        return Baselines(*joined, frozenset(recordings), frozenset(late))

    def _chosen(self, visit: _Visit) -> tuple[list[_Rest], bool]:
        if not visit.later or sum(len(rest) for _, rest in visit.before) >= FEWEST_FRAMES:
            return visit.before, False
        chosen, n_left = [], self._most_late
        for recording, rest in (*visit.before, *visit.later):
            if n_left > 0:
                chosen.append((recording, rest[:n_left]))
            n_left -= len(rest)
        return chosen, True

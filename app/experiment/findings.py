"""What a recorded session came to: predictions a presentation, with intervals; agreement with labels and ratings; what was withheld."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.experiment.unsmoothed import smoothing_of, unsmoothed
from app.session.recorded_session import RecordedSession
from sclcm_core.inference.calibration import Share, block_share
from sclcm_core.inference.calibration_windows import plain_reason
from sclcm_core.recordings.spans import MarkerMapping, Rating, Span, find_ratings, find_spans
from sclcm_core.types import Float64Array, FloatArray, Prediction

SLACK_S = 1e-3

RATING_LEVELS = ("1-3", "4-6", "7-9")

T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""Student's t for two-sided 95 %, by degrees of freedom from 1; beyond, 2.1 is on the safe side."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What the model said while one thing was presented.

    Parameters
    ----------
    span : Span
        What, and from when to when, in s on the clock of the stream.
    n_windows, n_withheld : int
        Windows that lie wholly within it, and those of them without an answer.
    probabilities : ndarray of float64, shape (n_classes,) or None
        Mean over the answers, 0..1; None when there is none.
    answer : str or None
        The class that most answers named.
    ratings : dict of str to int
        What the person said.
    """

    span: Span
    n_windows: int
    n_withheld: int
    probabilities: Float64Array | None
    answer: str | None
    ratings: dict[str, int]


@dataclass(frozen=True, slots=True)
class MeanProbability:
    """The mean probability of a class over presentations.

    Parameters
    ----------
    mean : float
        In 0..1.
    low, high : float or None
        95 % interval over presentations; None with a single one.
    n_presentations : int
        How many.
    """

    mean: float
    low: float | None
    high: float | None
    n_presentations: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All of it.

    Parameters
    ----------
    class_names : tuple of str
        Classes of the model.
    presentations : tuple of Presentation
        In order.
    by_stimulus : dict of (str, str) to tuple of MeanProbability
        Label and stimulus, and one figure for each class.
    confusion : dict of str to Counter
        For each label, how many presentations got which answer.
    agreement : Share or None
        Presentations whose answer is their label, classes and stimuli counting alike, with an interval over stimuli: showings of one
        are no independent witnesses. None when the labels are no classes of the model.
    by_rating : dict of (str, str) to Counter
        Scale and level of rating, and how many presentations got which answer.
    withheld : tuple of (str, int, float)
        Reason, number of windows, and seconds from the first to the last of them.
    n_predictions : int
        Windows of the session.
    smoothing_s : float or None
        Time constant of the smoothing that was taken out of the presentations' answers, in s; None where it is not known and the
        answers are as they were shown.
    """

    class_names: tuple[str, ...]
    presentations: tuple[Presentation, ...]
    by_stimulus: dict[tuple[str, str], tuple[MeanProbability, ...]]
    confusion: dict[str, Counter[str]]
    agreement: Share | None
    by_rating: dict[tuple[str, str], Counter[str]]
    withheld: tuple[tuple[str, int, float], ...]
    n_predictions: int
    smoothing_s: float | None = None


def find_out(session: RecordedSession, mapping: MarkerMapping | None = None) -> Findings:
    """Work out what a session came to.

    Parameters
    ----------
    session : RecordedSession
        The recording.
    mapping : MarkerMapping, optional
        What its markers mean.

    Returns
    -------
    Findings
        Windows across the edge of a presentation belong to none, and the smoothing, which reaches from one presentation into the
        next, is taken out of what is said of them.
    """
    ratings = find_ratings(session.markers)
    spans = [span for span in find_spans(session.markers, mapping) if span.kind == "stimulus"]
    names = session.header.class_names
    smoothing_s = smoothing_of(session)
    own = session.predictions if smoothing_s is None else tuple(unsmoothed(session.predictions, smoothing_s))
    shown = tuple(_presentation(span, own, ratings, names) for span in spans)
    confusion: dict[str, Counter[str]] = {}
    for one in shown:
        confusion.setdefault(one.span.label, Counter()).update([one.answer or "no answer"])
    return Findings(
        names,
        shown,
        _by_stimulus(shown),
        confusion,
        _agreement(shown, names),
        _by_rating(shown),
        _withheld(session.predictions),
        len(session.predictions),
        smoothing_s,
    )


def _presentation(
    span: Span, predictions: Iterable[Prediction], ratings: Iterable[Rating], class_names: Sequence[str]
) -> Presentation:
    inside = [p for p in predictions if p.t_start >= span.t_start - SLACK_S and p.t_end <= span.t_end + SLACK_S]
    given = [p for p in inside if p.withheld is None]
    said = {rating.scale: rating.value for rating in ratings if rating.name == span.name}
    if not given:
        return Presentation(span, len(inside), len(inside), None, None, said)
    mean: Float64Array = np.stack([p.probabilities for p in given]).mean(axis=0, dtype=np.float64)
    votes = Counter(p.label for p in given if p.label)
    answer = max(class_names, key=lambda name: (votes[name], mean[list(class_names).index(name)]))
    return Presentation(span, len(inside), len(inside) - len(given), mean, answer, said)


def _by_stimulus(shown: Iterable[Presentation]) -> dict[tuple[str, str], tuple[MeanProbability, ...]]:
    rows: dict[tuple[str, str], list[Float64Array]] = {}
    for one in shown:
        if one.probabilities is not None:
            rows.setdefault((one.span.label, _stimulus(one)), []).append(one.probabilities)
    return {key: tuple(mean_over(values) for values in np.array(found).T) for key, found in rows.items()}


def mean_over(values: FloatArray) -> MeanProbability:
    """Return a mean with its interval over presentations.

    Parameters
    ----------
    values : ndarray, shape (n_presentations,)
        Probabilities, in 0..1.

    Returns
    -------
    MeanProbability
        Student's t interval, cut to 0..1: presentations are what varies, the windows of one are not independent.
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return MeanProbability(mean, None, None, n)
    t = T_95[n - 2] if n - 2 < len(T_95) else T_95[-1]
    half = t * float(np.std(values, ddof=1)) / math.sqrt(n)
    return MeanProbability(mean, max(0.0, mean - half), min(1.0, mean + half), n)


def _agreement(shown: Iterable[Presentation], class_names: Sequence[str]) -> Share | None:
    told = [one for one in shown if one.answer is not None and one.span.label in class_names]
    if len({one.span.label for one in told}) < 2:
        return None
    right = np.array([one.answer == one.span.label for one in told])
    labels = np.array([class_names.index(one.span.label) for one in told])
    _, clip = np.unique([f"{one.span.label}/{_stimulus(one)}" for one in told], return_inverse=True)
    return block_share(right, clip, labels)


def _stimulus(shown: Presentation) -> str:
    """Return what was shown, without the number of the showing."""
    return shown.span.name.partition("#")[0]


def _by_rating(shown: Iterable[Presentation]) -> dict[tuple[str, str], Counter[str]]:
    out: dict[tuple[str, str], Counter[str]] = {}
    for one in shown:
        for scale, value in one.ratings.items():
            out.setdefault((scale, RATING_LEVELS[(value - 1) // 3]), Counter()).update([one.answer or "no answer"])
    return dict(sorted(out.items()))


def _withheld(predictions: Iterable[Prediction]) -> tuple[tuple[str, int, float], ...]:
    times: dict[str, list[float]] = {}
    for p in predictions:
        if p.withheld is not None:
            times.setdefault(plain_reason(p.withheld), []).append(p.t_end)
    rows = [(reason, len(found), found[-1] - found[0]) for reason, found in times.items()]
    return tuple(sorted(rows, key=lambda row: -row[1]))

"""The level of chance by permutation: how well answers do that know nothing of the labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from offline.datasets.window_set import Int64Array
from offline.evaluate.baselines import fit_logistic_regression
from offline.evaluate.sealed import Answer
from offline.seeds import Seed
from offline.training.inputs import Inputs
from sclcm_core.types import Float64Array

LABELS_ONLY = "labels permuted by trial within each person, answers kept"
"""Tests whether the answers go with the labels at all; the methods are not trained again."""

STIMULI_ONLY = "labels permuted by stimulus, alike for all people, answers kept"
"""The same where a stimulus has one label for everybody: people answer one stimulus alike, and are no independent witnesses of it."""

REFITTED = "refitted on training labels permuted by trial within each person"
"""Tests the whole of a method, what it learns about nothing included."""

REFITTED_STIMULI = "refitted on training labels permuted by stimulus, alike for all people"
"""The same where a stimulus has one label for everybody."""

FEWEST_DEALS = 1000
"""Ways to deal the labels out among the stimuli below which trials are permuted instead: of few ways, none is rare."""

PERMUTED = "permuted "
"""How the names of refits begin among the answers of a fold."""

NOT_PERMUTED = f"{PERMUTED}not at all"
"""The same simple classifier with the true labels: what the refits are put beside."""

REFIT_STRENGTH = 1e-2
"""Inverse strength of the penalty of the logistic regression that is refitted: one, so that a hundred refits take seconds."""


@dataclass(frozen=True, slots=True)
class ChanceLevel:
    """Where balanced accuracy lies when there is nothing to know.

    Parameters
    ----------
    kind : str
        What was permuted.
    n : int
        Number of permutations.
    mean, high : float
        Mean of the balanced accuracy under permutation, and its 95th percentile, in 0..1.
    p : float
        How often a permutation did as well as the truth: ``(1 + count) / (1 + n)`` (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
    """

    kind: str
    n: int
    mean: float
    high: float
    p: float


def chance_level(kind: str, score: float, scores: Float64Array) -> ChanceLevel:
    """Put a score beside those of permutations.

    Parameters
    ----------
    kind : str
        What was permuted.
    score : float
        The score on the true labels, in 0..1.
    scores : ndarray of float64, shape (n,)
        Those of the permutations, in 0..1.

    Returns
    -------
    ChanceLevel
        Mean, 95th percentile and p.
    """
    p = (1 + int(np.sum(scores >= score - 1e-12))) / (1 + len(scores))
    return ChanceLevel(kind, len(scores), float(scores.mean()), float(np.quantile(scores, 0.95)), p)


def stimuli_are_dealt(label: Int64Array, stimulus: Int64Array) -> bool:
    """Tell whether labels are to be permuted by stimulus: each has one label for everybody, and there are enough of them.

    Parameters
    ----------
    label, stimulus : ndarray of int64, shape (n,)
        Class and stimulus of each window.

    Returns
    -------
    bool
        False where people label for themselves, as in DEAP, and where a class is one task, as in EEGMAT.

    Notes
    -----
    Whoever watches a clip answers it alike, for whatever is in the clip besides the emotion, and this holds for clips that nobody was
    trained on: with fifteen clips that leave a mark of their own and no emotion, one evaluation in four finds p < 0.05 when each person's
    trials are permuted by themselves, and one in twenty-five when the clips are.
    """
    pairs = np.unique(np.stack([stimulus, label]), axis=1)
    if len(np.unique(pairs[0])) < pairs.shape[1]:
        return False
    counts = np.bincount(pairs[1])
    return math.factorial(int(counts.sum())) // math.prod(math.factorial(int(n)) for n in counts) >= FEWEST_DEALS


def permuted_labels(
    label: Int64Array, subject: Int64Array, trial: Int64Array, rng: np.random.Generator, stimulus: Int64Array | None = None
) -> Int64Array:
    """Deal the labels of each person's trials out anew among them, or those of the stimuli among these.

    Parameters
    ----------
    label, subject, trial : ndarray of int64, shape (n,)
        Class, person and trial of each window.
    rng : numpy Generator
        Source of chance.
    stimulus : ndarray of int64, shape (n,), optional
        What was shown, where labels are to be dealt among stimuli, alike for all people.

    Returns
    -------
    ndarray of int64, shape (n,)
        All windows of a trial keep one label: windows of a trial are not independent, and to permute them one by one would make
        chance look narrower than it is.
    """
    _, first, number = np.unique(trial, return_index=True, return_inverse=True)
    of_trials = label[first], subject[first], None if stimulus is None else stimulus[first]
    return next(_deals(*of_trials, 1, rng))[number]


def _deals(
    label: Int64Array, subject: Int64Array, stimulus: Int64Array | None, n: int, rng: np.random.Generator
) -> Iterator[Int64Array]:
    """Deal the labels of trials out `n` times, each of shape (n_trials,)."""
    if stimulus is not None:
        _, first, number = np.unique(stimulus, return_index=True, return_inverse=True)
        yield from (rng.permutation(label[first])[number] for _ in range(n))
        return
    people = [np.flatnonzero(subject == person) for person in np.unique(subject)]
    for _ in range(n):
        dealt = label.copy()
        for mine in people:
            dealt[mine] = dealt[rng.permutation(mine)]
        yield dealt


def refit_answers(train: Inputs, n_classes: int, n: int, seed: Seed, *, by_stimulus: bool = False) -> dict[str, Answer]:
    """Fit logistic regression on true labels once and on permuted ones many times.

    Parameters
    ----------
    train : Inputs
        Labelled training windows.
    n_classes : int
        Number of classes.
    n : int
        Number of permutations; with 0 nothing is fitted.
    seed : Seed
        Determines them; by stimulus the same for all folds, so that one has one label in each permutation, whoever is tested.
    by_stimulus : bool
        Whether labels are dealt among stimuli; see `stimuli_are_dealt`.

    Returns
    -------
    dict of str to callable
        Answers by name.
    """
    stimulus = train.stimulus if by_stimulus else None
    if not n:
        return {}
    answers = {NOT_PERMUTED: fit_logistic_regression(train, train, n_classes, strengths=(REFIT_STRENGTH,))}
    for number in range(n):
        label = permuted_labels(train.label, train.subject, train.trial, seed.of(number).rng(), stimulus)
        dealt = dataclasses.replace(train, label=label)
        answers[f"{PERMUTED}{number}"] = fit_logistic_regression(dealt, dealt, n_classes, strengths=(REFIT_STRENGTH,))
    return answers


def permuted_scores(
    answer: Int64Array,
    ids: tuple[Int64Array, Int64Array, Int64Array],
    n: int,
    rng: np.random.Generator,
    stimulus: Int64Array | None = None,
) -> Float64Array:
    """Score answers against permuted labels.

    Parameters
    ----------
    answer : ndarray of int64, shape (n_windows,)
        What a method said.
    ids : tuple of three ndarrays of int64, each of shape (n_windows,)
        Label, subject and trial.
    n : int
        Number of permutations.
    rng : numpy Generator
        Source of chance.
    stimulus : ndarray of int64, shape (n_windows,), optional
        What was shown, where labels are to be dealt among stimuli, alike for all people.

    Returns
    -------
    ndarray of float64, shape (n,)
        Mean over people of the balanced accuracy, in 0..1.

    Notes
    -----
    Counted by trials: how often each was called what. A permutation then only adds up rows.
    """
    label, subject, trial = ids
    _, first, number = np.unique(trial, return_index=True, return_inverse=True)
    n_classes = int(max(label.max(), answer.max())) + 1
    counts = np.zeros((len(first), n_classes))
    np.add.at(counts, (number, answer), 1)
    names, person = np.unique(subject[first], return_inverse=True)
    of_trials = label[first], subject[first], None if stimulus is None else stimulus[first]
    deals = _deals(*of_trials, n, rng)
    return np.array([_mean_score(counts, person * n_classes + dealt, len(names)) for dealt in deals])


def _mean_score(counts: Float64Array, place: Int64Array, n_people: int) -> float:
    """Return balanced accuracy, mean over people; `place` is the row of each trial among all people's classes."""
    n_classes = counts.shape[1]
    tables = np.zeros((n_people * n_classes, n_classes))
    np.add.at(tables, place, counts)
    tables = tables.reshape(n_people, n_classes, n_classes)
    sums = tables.sum(axis=2)
    recall = np.divide(np.diagonal(tables, axis1=1, axis2=2), sums, out=np.zeros_like(sums), where=sums > 0)
    return float(np.mean(recall.sum(axis=1) / (sums > 0).sum(axis=1)))

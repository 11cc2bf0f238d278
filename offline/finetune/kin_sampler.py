"""Batches in which every class meets itself in other trials and other people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


class KinSampler:
    """Draws as many windows of each class, spread over its people and trials.

    Parameters
    ----------
    label, subject, trial : ndarray of int64, shape (n,)
        Classes, people and presentations of the windows.
    n_windows : int
        Windows of each class in a batch.

    Notes
    -----
    Within a class, people come in turn, and so do the trials of a person: `n_windows` windows are of as many people as there are, up to
    `n_windows`. A class smaller than its place is drawn from again. Over an epoch, the windows of the largest class come once each.
    """

    def __init__(self, label: Int64Array, subject: Int64Array, trial: Int64Array, *, n_windows: int = 16) -> None:
        self._label, self._subject, self._trial = label, subject, trial
        self._n_windows = n_windows
        self._classes = [np.flatnonzero(label == value) for value in np.unique(label)]
        if len(self._classes) < 2:
            raise ValueError("Triplets need windows of at least two classes; all are of one.")

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return -(-max(map(len, self._classes)) // self._n_windows)

    def epoch(self, rng: np.random.Generator) -> Iterator[Int64Array]:
        """Yield the batches of one epoch.

        Parameters
        ----------
        rng : numpy Generator
            Source of chance.

        Yields
        ------
        ndarray of int64, shape (n_classes * n_windows,)
            Indices of windows, class by class.
        """
        needed = self.n_batches * self._n_windows
        orders = [self._long_order(members, needed, rng) for members in self._classes]
        for number in range(self.n_batches):
            here = slice(number * self._n_windows, (number + 1) * self._n_windows)
            yield np.concatenate([order[here] for order in orders])

    def _long_order(self, members: Int64Array, needed: int, rng: np.random.Generator) -> Int64Array:
        rounds = [self._in_turn(members, rng) for _ in range(-(-needed // len(members)))]
        return np.concatenate(rounds)[:needed]

    def _in_turn(self, members: Int64Array, rng: np.random.Generator) -> Int64Array:
        """Order a class's windows so that people take turns, and each person's trials do."""
        shuffled = rng.permutation(members)
        turn_in_trial = _rank(self._trial[shuffled])
        by_trial = shuffled[np.argsort(turn_in_trial, kind="stable")]
        turn_of_person = _rank(self._subject[by_trial])
        return by_trial[np.argsort(turn_of_person, kind="stable")]


def _rank(ids: Int64Array) -> Int64Array:
    """Number the occurrences of each id from 0, in order."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    starts = np.searchsorted(ordered, ordered)
    rank = np.empty(len(ids), np.int64)
    rank[order] = np.arange(len(ids)) - starts
    return rank

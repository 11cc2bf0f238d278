"""Batches in which no two windows are of one trial: none is then a negative that should be a positive."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


class OnePerTrial:
    """Draws batches of windows of different trials.

    Parameters
    ----------
    trial : ndarray of int64, shape (n,)
        Trial of each window.
    batch_size : int
        Most windows in a batch.

    Notes
    -----
    An epoch has as many rounds as the longest trial has windows; each round takes one window of every trial that has some left, and is
    cut into batches of about equal size. Every window comes exactly once.
    """

    def __init__(self, trial: Int64Array, batch_size: int) -> None:
        if batch_size < 2:
            raise ValueError(f"A contrast needs at least 2 windows in a batch; got {batch_size}.")
        self._members = [np.flatnonzero(trial == key) for key in np.unique(trial)]
        self._batch_size = batch_size

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        lengths = np.array([len(members) for members in self._members])
        rounds = (lengths[None, :] > np.arange(lengths.max())[:, None]).sum(axis=1)
        return int((-(-rounds // self._batch_size)).sum())

    def epoch(self, rng: np.random.Generator) -> Iterator[Int64Array]:
        """Yield the batches of one epoch.

        Parameters
        ----------
        rng : numpy Generator
            Source of chance.

        Yields
        ------
        ndarray of int64, shape (n_in_batch,)
            Indices of windows of different trials.
        """
        shuffled = [rng.permutation(members) for members in self._members]
        n_rounds = max(len(members) for members in shuffled)
        for number in rng.permutation(n_rounds):
            drawn = rng.permutation(np.array([members[number] for members in shuffled if len(members) > number]))
            yield from np.array_split(drawn, -(-len(drawn) // self._batch_size))

"""Batches with no more than a few windows of any trial."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

FEWEST = 16
"""Windows in the smallest batch; fewer only where all trials together have fewer."""


class TrialSampler:
    """Draws batches in which every trial has at most `n_per_trial` windows; a window comes once an epoch at most.

    Parameters
    ----------
    trial : ndarray of int64, shape (n,)
        Trial of each window.
    batch_size : int
        Windows in a batch; fewer where there are too few trials.
    n_per_trial : int
        Windows of a trial in a batch, at most.
    kind : ndarray of int64, shape (n,), optional
        What each window's trial is about; kinds take turns, so that batches hold all of them. Class or caption.

    Notes
    -----
    Windows of one trial are alike for reasons of their own, and as each other's negatives they teach what is not wanted. The last windows
    of the longest trials are left out of an epoch where a batch of them would be too small for BatchNorm.
    """

    def __init__(
        self, trial: Int64Array, *, batch_size: int = 256, n_per_trial: int = 2, kind: Int64Array | None = None
    ) -> None:
        self._members = [np.flatnonzero(trial == value) for value in np.unique(trial)]
        self._kind = np.zeros(len(trial), np.int64) if kind is None else kind
        self._n_trials = max(2, batch_size // n_per_trial)
        self._n_per_trial = n_per_trial
        if len(self._members) < 2:
            raise ValueError("Contrast between trials needs at least two of them.")

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        lengths = np.array([-(-len(members) // self._n_per_trial) for members in self._members])
        in_round = [int((lengths > number).sum()) for number in range(lengths.max())]
        return sum(len(self._cuts(n)) for n in in_round)

    def epoch(self, rng: np.random.Generator) -> Iterator[Int64Array]:
        """Yield the batches of one epoch.

        Parameters
        ----------
        rng : numpy Generator
            Source of chance.

        Yields
        ------
        ndarray of int64, shape (n_in_batch,)
            Indices of windows.
        """
        chunks = [self._chunks(members, rng) for members in self._members]
        for number in range(max(map(len, chunks))):
            ready = [own[number] for own in chunks if len(own) > number]
            order = self._mixed(ready, rng)
            for start, stop in self._cuts(len(ready)):
                yield np.concatenate([ready[k] for k in order[start:stop]])

    def _chunks(self, members: Int64Array, rng: np.random.Generator) -> list[Int64Array]:
        order = rng.permutation(members)
        return [order[start : start + self._n_per_trial] for start in range(0, len(order), self._n_per_trial)]

    def _mixed(self, chunks: list[Int64Array], rng: np.random.Generator) -> list[int]:
        """Order trials by chance, kinds in turn as far as they last."""
        shuffled = rng.permutation(len(chunks))
        kinds = self._kind[[int(chunks[k][0]) for k in shuffled]]
        places = np.empty(len(chunks))
        for kind in np.unique(kinds):
            mine = np.flatnonzero(kinds == kind)
            places[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
        return [int(k) for k in shuffled[np.argsort(places, kind="stable")]]

    def _cuts(self, n_trials: int) -> list[tuple[int, int]]:
        """Return where batches of equal size start and stop; none where too few trials are left for BatchNorm."""
        if n_trials < min(len(self._members), max(2, FEWEST // self._n_per_trial)):
            return []
        edges = np.linspace(0, n_trials, max(1, round(n_trials / self._n_trials)) + 1).round().astype(int)
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))

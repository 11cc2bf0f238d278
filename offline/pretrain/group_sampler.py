"""Batches in which every window has a positive and a negative, and no window is lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


class GroupSampler:
    """Draws batches of several windows from each of several groups.

    Parameters
    ----------
    group : ndarray of int64, shape (n,)
        Group of each window; at least two groups.
    n_groups : int
        Groups in a batch, at least two.
    n_items : int
        Windows of a group in a batch, at least two.

    Raises
    ------
    ValueError
        When there is only one group: nothing would be a negative.

    Notes
    -----
    The law: in every batch there are at least two groups, every group present has at least two items, and over one epoch every
    window comes at least once. A group whose size is no multiple of `n_items` is filled up with windows drawn again from it; a
    group of one window meets itself (as two views); a batch that would be of one group gets a chunk of another. The original's
    sampler loses what does not fit: of 100 windows in one group and 2 in another it never used 98.
    """

    def __init__(self, group: Int64Array, *, n_groups: int = 64, n_items: int = 4) -> None:
        if n_groups < 2 or n_items < 2:
            raise ValueError(f"A batch needs at least 2 groups of at least 2 items; got {n_groups} of {n_items}.")
        self._members = [np.flatnonzero(group == key) for key in np.unique(group)]
        if len(self._members) < 2:
            raise ValueError("Contrastive batches need windows of at least two groups; all belong to one.")
        self._n_items = n_items
        self._n_groups = min(n_groups, len(self._members))
        self._group = np.asarray(group, dtype=np.int64)

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        n_chunks = sum(-(-len(members) // self._n_items) for members in self._members)
        return -(-n_chunks // self._n_groups)

    def epoch(self, rng: np.random.Generator) -> Iterator[Int64Array]:
        """Yield the batches of one epoch.

        Parameters
        ----------
        rng : numpy Generator
            Source of chance; a new one each epoch, or the same carried on.

        Yields
        ------
        ndarray of int64, shape (n_in_batch,)
            Indices of windows, group by group.
        """
        chunks = self._chunks(rng)
        for start in range(0, len(chunks), self._n_groups):
            batch = chunks[start : start + self._n_groups]
            if len({self._group[chunk[0]] for chunk in batch}) < 2:
                batch = [*batch, self._chunk_of_another(self._group[batch[0][0]], rng)]
            yield np.concatenate(batch)

    def _chunks(self, rng: np.random.Generator) -> list[Int64Array]:
        """Cut each group into chunks and spread the chunks of each group evenly over the epoch."""
        placed: list[tuple[float, Int64Array]] = []
        for members in self._members:
            chunks = self._cut(members, rng)
            places = (np.arange(len(chunks)) + rng.random(len(chunks))) / len(chunks)
            placed += zip(places.tolist(), chunks, strict=True)
        return [chunk for _, chunk in sorted(placed, key=lambda pair: pair[0])]

    def _cut(self, members: Int64Array, rng: np.random.Generator) -> list[Int64Array]:
        shuffled = rng.permutation(members)
        n_missing = -len(shuffled) % self._n_items
        filled = np.concatenate([shuffled, self._draw(shuffled, n_missing, rng)])
        return list(filled.reshape(-1, self._n_items))

    def _draw(self, shuffled: Int64Array, n_missing: int, rng: np.random.Generator) -> Int64Array:
        """Draw again from a group, preferring windows that are not in its last, unfinished chunk."""
        n_unfinished = (self._n_items - n_missing) % self._n_items
        finished = shuffled[: len(shuffled) - n_unfinished]
        pool = finished if len(finished) >= n_missing else shuffled
        return rng.choice(pool, n_missing, replace=len(pool) < n_missing)

    def _chunk_of_another(self, key: np.int64, rng: np.random.Generator) -> Int64Array:
        others = [members for members in self._members if self._group[members[0]] != key]
        members = others[rng.integers(len(others))]
        return rng.choice(members, self._n_items, replace=len(members) < self._n_items)

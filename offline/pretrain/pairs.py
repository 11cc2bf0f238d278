"""Which windows of a batch belong together: by person, stimulus and group."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Ids(NamedTuple):
    """What is known of the windows of a batch; each a tensor of shape (n,).

    Parameters
    ----------
    group : Tensor of int64
        Windows of one group are positives of each other: those of one trial, or those of one subject and stimulus.
    subject, stimulus : Tensor of int64
        Who was measured, and what was presented.
    window : Tensor of int64
        Number of the window in the data set; the views of one window share it.
    recording : Tensor of int64
        The recording that the window was cut from.
    t0 : Tensor of float64
        Start of the window in its recording, in s.
    """

    group: Tensor
    subject: Tensor
    stimulus: Tensor
    window: Tensor
    recording: Tensor
    t0: Tensor

    def repeat(self, n_views: int) -> Ids:
        """Return the ids of `n_views` views of the batch, one view after the other."""
        return Ids(*(ids.repeat(n_views) for ids in self))


class PairClasses(NamedTuple):
    """Masks of ordered pairs, each a bool tensor of shape (n, n); no pair is in two of them, no item pairs with itself."""

    positive: Tensor
    hard: Tensor
    soft_person: Tensor
    soft_stimulus: Tensor


def pair_classes(group: Tensor, subject: Tensor, stimulus: Tensor, usable: Tensor | None = None) -> PairClasses:
    """Sort the pairs of a batch into positives and three kinds of negatives.

    Parameters
    ----------
    group, subject, stimulus : Tensor of int64, shape (n,)
        Ids of the windows.
    usable : Tensor of bool, shape (n, n), optional
        False for pairs that count as nothing.

    Returns
    -------
    PairClasses
        Positive: same group. Soft person: same subject, other group. Soft stimulus: same stimulus, other subject. Hard:
        neither.
    """
    allowed = ~torch.eye(len(group), dtype=torch.bool, device=group.device)  # (n, n)
    if usable is not None:
        allowed = allowed & usable
    same_group = _equal(group)
    same_subject = _equal(subject) & ~same_group
    same_stimulus = _equal(stimulus) & ~same_group & ~same_subject
    other = ~(same_group | same_subject | same_stimulus)
    return PairClasses(*(mask & allowed for mask in (same_group, other, same_subject, same_stimulus)))


def without_overlaps(ids: Ids, span_s: float) -> Tensor:
    """Mark the pairs that do not share samples, or are views of the same window.

    Two overlapping windows look alike for no reason worth learning; a window and its own view do so by intent.

    Parameters
    ----------
    ids : Ids
        The batch.
    span_s : float
        Length of a window in s.

    Returns
    -------
    Tensor of bool, shape (n, n)
        False where two different windows of one recording overlap in time.
    """
    near = (ids.t0[:, None] - ids.t0[None, :]).abs() < span_s - 1e-9
    return ~(near & _equal(ids.recording) & ~_equal(ids.window))


def _equal(ids: Tensor) -> Tensor:
    return ids[:, None] == ids[None, :]

"""One way to divide windows into training, validation and test, and the check that it is what it claims to be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError

Claim = Literal["subject", "stimulus", "trial"]
"""An id that no two parts of a fold share."""

_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Fold:
    """One way to divide the windows.

    Parameters
    ----------
    name : str
        What is tested, for tables and file names.
    train, validation, test : ndarray of int64, shape (n_part,)
        Indices of windows. Early stopping, thresholds and calibration use `validation`; `test` is read once.
    disjoint : tuple of {'subject', 'stimulus', 'trial'}
        Ids that no two parts share; held to by :func:`check_fold`.
    selects_on_test : bool
        Whether `validation` is `test`, as in publications that stop when the test score is best. What such a fold gives is no
        estimate of anything; it is for comparison with those publications, and named so wherever it is shown.
    """

    name: str
    train: Int64Array
    validation: Int64Array
    test: Int64Array
    disjoint: tuple[Claim, ...] = ("subject", "trial")
    selects_on_test: bool = False


def check_fold(fold: Fold, windows: WindowSet) -> None:
    """Make sure that a fold is what it claims to be.

    Parameters
    ----------
    fold : Fold
        The fold.
    windows : WindowSet
        What its indices refer to.

    Raises
    ------
    DatasetError
        When a part is empty or holds baseline or unlabelled windows, when the training part lacks a class, when two parts
        share a window, an id that the fold claims to be disjoint, or a moment of the same recording.
    """
    for part in _PARTS:
        _check_part(fold, part, windows)
    absent = set(range(windows.n_classes)) - set(windows.label[fold.train].tolist())
    if absent:
        names = ", ".join(windows.class_names[label] for label in sorted(absent))
        raise DatasetError(f"Fold '{fold.name}': nothing of class {names} is left to train on.", "Use fewer or other folds.")
    for first, second in combinations(_PARTS[::2] if fold.selects_on_test else _PARTS, 2):
        _check_apart(fold, first, second, windows)


def _check_part(fold: Fold, part: str, windows: WindowSet) -> None:
    indices: Int64Array = getattr(fold, part)
    if not len(indices):
        raise DatasetError(f"Fold '{fold.name}': the {part} part is empty.", "Use fewer folds or more data.")
    if not windows.usable[indices].all():
        raise DatasetError(
            f"Fold '{fold.name}': the {part} part holds baseline or unlabelled windows.",
            "Choose among WindowSet.usable only.",
        )


def _check_apart(fold: Fold, first: str, second: str, windows: WindowSet) -> None:
    one, other = getattr(fold, first), getattr(fold, second)
    for claim in fold.disjoint:
        ids: Int64Array = getattr(windows, claim)
        shared = np.intersect1d(ids[one], ids[other])
        if len(shared):
            name = getattr(windows, f"{claim}_names")[shared[0]]
            raise DatasetError(
                f"Fold '{fold.name}': {first} and {second} share {claim} '{name}' and {len(shared) - 1} more.",
                f"Divide by {claim}.",
            )
    _check_no_overlap(fold, one, other, windows)


def _check_no_overlap(fold: Fold, one: Int64Array, other: Int64Array, windows: WindowSet) -> None:
    """Refuse windows of two parts that share a moment of a recording."""
    for recording in np.intersect1d(windows.recording[one], windows.recording[other]):
        t_one = windows.t0[one][windows.recording[one] == recording]
        t_other = np.sort(windows.t0[other][windows.recording[other] == recording])
        after = np.searchsorted(t_other, t_one)
        padded = np.concatenate([[-np.inf], t_other, [np.inf]])
        gap = np.minimum(t_one - padded[after], padded[after + 1] - t_one)
        if (gap < windows.spec.span_s - 1e-9).any():
            raise DatasetError(
                f"Fold '{fold.name}': windows of two parts overlap in recording '{windows.recording_names[recording]}' at "
                f"{t_one[gap.argmin()]:.2f} s.",
                "Divide by trial, or leave a window's length between the parts.",
            )

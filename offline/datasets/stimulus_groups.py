"""Groups of stimuli or trials that hold all classes alike."""

from __future__ import annotations

import numpy as np

from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError


def stimulus_groups(windows: WindowSet, k: int, rng: np.random.Generator) -> list[Int64Array]:
    """Divide the stimuli into groups that hold all classes alike.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    k : int
        Number of groups, at least 3.
    rng : numpy.random.Generator
        Determines the groups.

    Returns
    -------
    list of ndarray of int64
        Indices into ``stimulus_names``, group by group.
    """
    usable = windows.usable
    stimuli = np.unique(windows.stimulus[usable])
    majority = np.array([_majority(windows.label[usable & (windows.stimulus == s)]) for s in stimuli])
    counts = {name: int((majority == label).sum()) for label, name in enumerate(windows.class_names)}
    scarce = min(counts.values()) if stimulus_has_one_label(windows) else len(stimuli)
    if not 3 <= k <= scarce:
        raise DatasetError(
            f"{k} stimulus groups are not possible in {windows.dataset.title}: stimuli by class: {counts}. Train, validation "
            "and test each need a stimulus of every class, so at least 3 groups and as many stimuli a class.",
            f"Choose k_stimuli between 3 and {scarce}."
            if scarce >= 3
            else "Split by subject, and say that stimulus and label cannot be told apart here.",
        )
    return deal(stimuli, majority, k, rng)


def _majority(labels: Int64Array) -> int:
    return int(np.bincount(labels).argmax())


def stimulus_has_one_label(windows: WindowSet) -> bool:
    """Tell whether every stimulus has the same label for all subjects.

    Parameters
    ----------
    windows : WindowSet
        The windows.

    Returns
    -------
    bool
        True where labels belong to stimuli (SEED), False where subjects rate them (DEAP).
    """
    pairs = np.unique(np.stack([windows.stimulus, windows.label])[:, windows.usable], axis=1)
    return bool(len(np.unique(pairs[0])) == pairs.shape[1])


def deal(items: Int64Array, labels: Int64Array, k: int, rng: np.random.Generator) -> list[Int64Array]:
    """Deal shuffled items, class after class, into groups like cards.

    Parameters
    ----------
    items, labels : ndarray of int64, shape (n_items,)
        Indices of trials or stimuli, and their classes.
    k : int
        Number of groups.
    rng : numpy.random.Generator
        Determines the groups.

    Returns
    -------
    list of ndarray of int64
        The items of each group, rising.
    """
    shuffled = rng.permutation(len(items))
    ranked = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(items[ranked[start::k]]) for start in range(k)]

"""Splits: who and what is trained, validated and tested on. Made on ids, never on windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np

from offline.datasets.fold import Claim, Fold, check_fold
from offline.datasets.stimulus_groups import deal, stimulus_groups
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.types import BoolArray

__all__ = [
    "SPLITTERS",
    "Fold",
    "check_fold",
    "first_trials",
    "grouped_folds",
    "leave_one_subject_out",
    "make_folds",
    "subject_and_stimulus_disjoint",
    "within_subject",
]


def leave_one_subject_out(windows: WindowSet, *, seed: int = 0, n_validation_subjects: int | None = None) -> list[Fold]:
    """Test on each subject once.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    seed : int
        Determines which of the other subjects validate.
    n_validation_subjects : int, optional
        How many they are; a fifth of the others when left out.

    Returns
    -------
    list of Fold
        One a subject, in the order of ``subject_names``; subjects disjoint.
    """
    subjects = _subjects(windows)
    return _by_subject(windows, [[int(subject)] for subject in subjects], seed, n_validation_subjects)


def grouped_folds(windows: WindowSet, k: int = 5, *, seed: int = 0, n_validation_subjects: int | None = None) -> list[Fold]:
    """Divide the subjects into `k` groups and test on each group once.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    k : int
        Number of groups.
    seed : int
        Determines the groups and the validation subjects.
    n_validation_subjects : int, optional
        How many subjects validate; a fifth of the others when left out.

    Returns
    -------
    list of Fold
        `k` folds; subjects disjoint.
    """
    subjects = _subjects(windows)
    _require_groups(k, len(subjects), "subjects")
    groups = np.array_split(np.random.default_rng(seed).permutation(subjects), k)
    return _by_subject(windows, [sorted(map(int, group)) for group in groups], seed, n_validation_subjects)


def _subjects(windows: WindowSet) -> Int64Array:
    subjects = np.unique(windows.subject[windows.usable])
    if len(subjects) < 3:
        raise DatasetError(
            f"{windows.dataset.title} has {len(subjects)} subject(s) with usable windows; train, validation and test need one "
            "each.",
            "Read at least three subjects, or split within subjects.",
        )
    return subjects


def _require_groups(k: int, available: int, of_what: str) -> None:
    if not 2 <= k <= available:
        raise DatasetError(f"{k} folds cannot be made of {available} {of_what}.", f"Choose between 2 and {available}.")


def _by_subject(windows: WindowSet, groups: list[list[int]], seed: int, n_validation: int | None) -> list[Fold]:
    folds = []
    for number, test in enumerate(groups):
        validation = _validation_subjects(windows, test, np.random.default_rng([seed, number]), n_validation)
        names = "+".join(windows.subject_names[subject] for subject in test)
        of_validation, of_test = (np.isin(windows.subject, group) for group in (validation, test))
        parts = {"all_of_it": windows.usable, "validation": of_validation, "test": of_test}
        folds.append(_fold(f"subject {names}", windows, ("subject", "trial"), **parts))
    return folds


def _fold(
    name: str, windows: WindowSet, claims: tuple[Claim, ...], *, all_of_it: BoolArray, validation: BoolArray, test: BoolArray
) -> Fold:
    """Train on what of `all_of_it` is neither validation nor test, and check the fold."""
    masks = (all_of_it & ~validation & ~test, all_of_it & validation, all_of_it & test)
    train_indices, validation_indices, test_indices = (np.flatnonzero(mask) for mask in masks)
    fold = Fold(name, train_indices, validation_indices, test_indices, claims)
    check_fold(fold, windows)
    return fold


def _validation_subjects(
    windows: WindowSet, test: Iterable[int], rng: np.random.Generator, n_validation: int | None
) -> list[int]:
    others = np.setdiff1d(_subjects(windows), list(test))
    n = max(1, round(len(others) / 5)) if n_validation is None else n_validation
    if not 1 <= n < len(others):
        raise DatasetError(
            f"{n} validation subject(s) cannot be taken from {len(others)} that are not tested on: one must be left to train.",
            f"Choose n_validation_subjects between 1 and {len(others) - 1}." if len(others) > 1 else "Use more folds.",
        )
    return sorted(map(int, rng.choice(others, n, replace=False)))


def subject_and_stimulus_disjoint(
    windows: WindowSet,
    *,
    k_subjects: int = 5,
    k_stimuli: int = 3,
    seed: int = 0,
    n_validation_subjects: int | None = None,
) -> list[Fold]:
    """Test on unseen subjects who see unseen stimuli: what recognising a stimulus cannot help with.

    Subjects form `k_subjects` groups, stimuli `k_stimuli` groups with all classes in each. Every pair of groups is tested
    once. The next group of stimuli validates; windows of a tested stimulus by a training subject, and the like, are left out.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    k_subjects : int
        Number of groups of subjects.
    k_stimuli : int
        Number of groups of stimuli, at least 3: train, validation and test need one each.
    seed : int
        Determines the groups.
    n_validation_subjects : int, optional
        How many subjects validate; a fifth of the others when left out.

    Returns
    -------
    list of Fold
        ``k_subjects * k_stimuli`` folds; subjects and stimuli disjoint.

    Raises
    ------
    DatasetError
        When a class has fewer stimuli than groups are asked for, as in EEGMAT, where each class is one task.
    """
    stimuli = stimulus_groups(windows, k_stimuli, np.random.default_rng(seed))
    by_subject = grouped_folds(windows, k_subjects, seed=seed, n_validation_subjects=n_validation_subjects)
    return [_restrict(fold, windows, stimuli, number) for fold in by_subject for number in range(k_stimuli)]


def _restrict(fold: Fold, windows: WindowSet, stimuli: list[Int64Array], number: int) -> Fold:
    """Keep of a subject-disjoint fold the stimuli that each part may see."""
    after = (number + 1) % len(stimuli)
    trained = np.concatenate([group for k, group in enumerate(stimuli) if k not in (number, after)])
    parts = ((fold.train, trained), (fold.validation, stimuli[after]), (fold.test, stimuli[number]))
    train, validation, test = (part[np.isin(windows.stimulus[part], group)] for part, group in parts)
    name = f"{fold.name}, stimuli {number + 1}"
    restricted = Fold(name, train, validation, test, disjoint=("subject", "stimulus", "trial"))
    check_fold(restricted, windows)
    return restricted


def within_subject(
    windows: WindowSet, k: int = 5, *, seed: int = 0, unit: Literal["trial", "stimulus"] = "trial"
) -> list[Fold]:
    """Test on unseen trials of subjects that were trained on, one subject at a time.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    k : int
        Number of groups into which the trials of each class are divided, at least 3.
    seed : int
        Determines the groups.
    unit : {'trial', 'stimulus'}
        What stays together: a trial, or all trials of a stimulus, which differs where a subject meets it in several sessions.

    Returns
    -------
    list of Fold
        `k` folds a subject; trials (and stimuli) disjoint. The next group validates.

    Raises
    ------
    DatasetError
        When a subject has fewer trials of a class than groups, as in EEGMAT.
    """
    claims: tuple[Claim, ...] = ("trial",) if unit == "trial" else ("trial", "stimulus")
    folds: list[Fold] = []
    for subject in np.unique(windows.subject[windows.usable]):
        mine = windows.usable & (windows.subject == subject)
        groups = _groups_within(windows, mine, k, unit, np.random.default_rng([seed, int(subject)]))
        for number, test in enumerate(groups):
            ids: Int64Array = getattr(windows, unit)
            of_validation, of_test = (np.isin(ids, group) for group in (groups[(number + 1) % k], test))
            name = f"subject {windows.subject_names[subject]}, {unit} group {number + 1}"
            folds.append(_fold(name, windows, claims, all_of_it=mine, validation=of_validation, test=of_test))
    return folds


def _groups_within(windows: WindowSet, mine: BoolArray, k: int, unit: str, rng: np.random.Generator) -> list[Int64Array]:
    """Divide one subject's trials (or stimuli) into groups that hold all classes alike."""
    found, first = np.unique(getattr(windows, unit)[mine], return_index=True)
    labels = windows.label[mine][first]
    counts = {name: int((labels == label).sum()) for label, name in enumerate(windows.class_names)}
    fewest = min(counts.values())
    if not 3 <= k <= fewest:
        subject = windows.subject_names[int(windows.subject[mine][0])]
        raise DatasetError(
            f"{k} {unit}-disjoint groups are not possible for subject '{subject}' of {windows.dataset.title}: its {unit} count "
            f"by class is {counts}. Train, validation and test each need one of every class.",
            f"Choose k between 3 and {fewest}." if fewest >= 3 else "Split by subject.",
        )
    return deal(found, labels, k, rng)


def first_trials(windows: WindowSet, n_train: int = 9, *, n_validation: int = 3, seed: int = 0) -> list[Fold]:
    """Train on the first trials of each session and test on the later ones, as is the custom on SEED (9 and 6 of 15).

    Parameters
    ----------
    windows : WindowSet
        The windows; their recordings must be in the order of presentation.
    n_train : int
        How many trials come before the test, those that validate included.
    n_validation : int
        How many of them, the last ones, validate.
    seed : int
        Not used: nothing is drawn.

    Returns
    -------
    list of Fold
        One a session of each subject; trials disjoint.

    Raises
    ------
    DatasetError
        When a session has no trial left to test, or none to train on.

    Notes
    -----
    Source: Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497, who have no validation part.
    """
    folds = []
    for subject, session in np.unique(np.stack([windows.subject, windows.session])[:, windows.usable], axis=1).T:
        mine = windows.usable & (windows.subject == subject) & (windows.session == session)
        trials, first = np.unique(windows.trial[mine], return_index=True)
        in_order = trials[np.argsort(windows.recording[mine][first])]
        name = f"subject {windows.subject_names[subject]}, session {session}"
        if not 0 < n_validation < n_train < len(in_order):
            raise DatasetError(
                f"{name} of {windows.dataset.title} has {len(in_order)} trials; {n_train} to train, {n_validation} of them to "
                "validate, and one to test are not possible.",
                f"Choose n_train below {len(in_order)} and n_validation below n_train.",
            )
        validation = np.isin(windows.trial, in_order[n_train - n_validation : n_train])
        test = np.isin(windows.trial, in_order[n_train:])
        folds.append(_fold(name, windows, ("trial",), all_of_it=mine, validation=validation, test=test))
    return folds


def selected_on_test(windows: WindowSet, *, seed: int = 0, test_subjects: str, honest: bool = False) -> list[Fold]:
    """Test on named subjects who also decide when to stop: the protocol of the original SCLCM, for comparison only.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    seed : int
        Which other subjects validate, when `honest`.
    test_subjects : str
        Names of the subjects, separated by commas.
    honest : bool
        Whether as many others of the training subjects decide instead: the same test side, and no look at it.

    Returns
    -------
    list of Fold
        One.

    Raises
    ------
    DatasetError
        When a subject is not there.
    """
    names = [name.strip() for name in test_subjects.split(",")]
    unknown = sorted(set(names) - set(windows.subject_names))
    if unknown:
        raise DatasetError(
            f"There is no subject {', '.join(unknown)}; the data set has {', '.join(windows.subject_names)}.",
            "Correct test_subjects.",
        )
    mine = [windows.subject_names.index(name) for name in names]
    if honest:
        return _by_subject(windows, [mine], seed, len(mine))
    test = np.isin(windows.subject, mine)
    train, chosen = (np.flatnonzero(windows.usable & part) for part in (~test, test))
    fold = Fold(f"subjects {', '.join(names)}", train, chosen, chosen, selects_on_test=True)
    check_fold(fold, windows)
    return [fold]


SPLITTERS: dict[str, Callable[..., list[Fold]]] = {
    "leave_one_subject_out": leave_one_subject_out,
    "grouped_folds": grouped_folds,
    "subject_and_stimulus_disjoint": subject_and_stimulus_disjoint,
    "within_subject": within_subject,
    "first_trials": first_trials,
}
"""The splits by name; each takes a WindowSet, ``seed`` and options of its own."""

COMPARISONS: dict[str, Callable[..., list[Fold]]] = {"selected_on_test": selected_on_test}
"""Protocols of publications, which test some people only and may look at them before; called like the splits."""


def make_folds(name: str, windows: WindowSet, *, seed: int, options: Mapping[str, Any] | None = None) -> list[Fold]:
    """Make the folds of a split by its name.

    Parameters
    ----------
    name : str
        A key of `SPLITTERS` or `COMPARISONS`.
    windows : WindowSet
        The windows.
    seed : int
        Determines all that is drawn.
    options : mapping, optional
        Options of the split.

    Returns
    -------
    list of Fold
        Checked folds.
    """
    known = SPLITTERS | COMPARISONS
    if name not in known:
        raise DatasetError(f"There is no split '{name}'.", nearest(name, known))
    try:
        return known[name](windows, seed=seed, **dict(options or {}))
    except TypeError as error:
        raise DatasetError(
            f"The options {dict(options or {})} do not fit the split '{name}': {error}.", "Correct them."
        ) from error

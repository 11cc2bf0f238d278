"""From the readings of all folds to the figures of a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from offline.config import Line
from offline.datasets.window_set import Int64Array, WindowSet
from offline.evaluate.abstention import AbstentionRow, abstention_rows
from offline.evaluate.calibration import expected_calibration_error, reliability
from offline.evaluate.fold_result import FoldResult
from offline.evaluate.intervals import Figure, bootstrap_mean, paired_test, wilson
from offline.evaluate.permutation import (
    LABELS_ONLY,
    NOT_PERMUTED,
    PERMUTED,
    REFITTED,
    REFITTED_STIMULI,
    STIMULI_ONLY,
    ChanceLevel,
    chance_level,
    permuted_scores,
    stimuli_are_dealt,
)
from offline.evaluate.run_fold import FLOAT, INT8
from offline.evaluate.scores import balanced_accuracy, confusion, macro_f1, trial_probabilities
from offline.seeds import Seed
from sclcm_core.types import FloatArray


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """Scores of one tested person, in 0..1."""

    subject: str
    n_windows: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class MethodSummary:
    """How a method did along one line of normalisation.

    Parameters
    ----------
    method, line : str
        Which.
    accuracy, balanced_accuracy, macro_f1 : Figure
        Mean over people with the bootstrap interval over people, in 0..1.
    trial_accuracy : Figure
        Share of each person's trials whose mean probabilities name the right class: mean over people with the bootstrap interval over
        people, in 0..1.
    trial_wilson : Figure
        Share of all trials, with Wilson's interval, which takes each trial for an observation of its own: those of one person are not,
        and the interval is narrower than other people would leave it.
    calibration_error : float
        Expected calibration error over all windows, in 0..1.
    confusion : list of list of int
        Windows; rows: truth, columns: answer.
    reliability : list of (float or None, float or None, int)
        Bins of confidence: mean confidence, share right, windows.
    subjects : list of SubjectRow
        Person by person.
    untouched : Figure or None
        Mean balanced accuracy over the people on whom nothing was chosen, where the config says who they are.
    permutation : ChanceLevel or None
        Balanced accuracy when labels are permuted, by stimulus or by trial within each person, and the answers are kept.
    network : str
        Which network was trained, where the method is one.
    """

    method: str
    line: Line
    accuracy: Figure
    balanced_accuracy: Figure
    macro_f1: Figure
    trial_accuracy: Figure
    trial_wilson: Figure
    calibration_error: float
    confusion: list[list[int]]
    reliability: list[list[float | None]]
    subjects: list[SubjectRow]
    untouched: Figure | None = None
    permutation: ChanceLevel | None = None
    network: str = FLOAT

    @property
    def name(self) -> str:
        """Return what reports call it: a network by what it is."""
        return shown_name(self.method, self.network)


def shown_name(method: str, network: str) -> str:
    """Return what reports call a method.

    Parameters
    ----------
    method : str
        Its name among the answers of a fold, where every network is called alike, so that runs with different ones can be compared.
    network : str
        Which network was trained: the kind of the config's encoder.

    Examples
    --------
    >>> shown_name("sclcm int8", "tcn"), shown_name("majority", "tcn")
    ('tcn int8', 'majority')
    """
    return method.replace(FLOAT, network, 1) if method in (FLOAT, INT8) else method


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two methods, by what reports call them, on the same people: mean difference in balanced accuracy, and a sign-flip test."""

    first: str
    second: str
    line: Line
    difference: Figure
    p: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that an evaluation came to.

    Parameters
    ----------
    protocol : str
        What was held out, in words.
    chance : float
        Balanced accuracy of guessing.
    methods : list of MethodSummary
        Each method along each line.
    comparisons : list of PairedComparison
        The network against every other method.
    folds : list of dict
        Epochs, temperatures, validation scores and costs of int8 of each fold, and which code computed it.
    temperatures : dict of str to float
        Of the final network: the geometric mean over the folds, by line.
    abstention : list of AbstentionRow
        Thresholds of confidence, and what they came to on the test people.
    refits : dict of str to ChanceLevel
        By line: balanced accuracy of logistic regression refitted on permuted training labels, where the config asks for it.
    """

    protocol: str
    chance: float
    methods: list[MethodSummary]
    comparisons: list[PairedComparison]
    folds: list[dict[str, Any]]
    temperatures: dict[Line, float]
    abstention: list[AbstentionRow]
    refits: dict[Line, ChanceLevel]

    def find(self, method: str, line: Line) -> MethodSummary | None:
        """Return how a method did along a line; None when it did not run."""
        return next((m for m in self.methods if (m.method, m.line) == (method, line)), None)

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return dataclasses.asdict(self)


def summarise(
    results: Sequence[FoldResult],
    windows: WindowSet,
    protocol: str,
    *,
    main: str,
    seed: Seed,
    design_subjects: Collection[str] = (),
    n_permutations: int = 0,
    network: str = FLOAT,
) -> Summary:
    """Put the readings of all folds together.

    Parameters
    ----------
    results : sequence of FoldResult
        All folds.
    windows : WindowSet
        What their indices refer to.
    protocol : str
        What was held out, in words.
    main : str
        The method that the others are compared with.
    seed : Seed
        Determines the resampling.
    design_subjects : collection of str
        People on whom shape and training were chosen.
    n_permutations : int
        Permutations of trial labels for the level of chance; 0 for none.
    network : str
        Which network was trained, for the reports.

    Returns
    -------
    Summary
        Figures with intervals.
    """
    pooled = _Pooled(results, windows, design_subjects, n_permutations, network)
    methods = [pooled.method(key, seed) for key in results[0].reading.probabilities if not key[0].startswith(PERMUTED)]
    mine = {m.line: m for m in methods if m.method == main}
    others = [m for m in methods if m.method != main]
    comparisons = [_compare(mine[other.line], other, seed) for other in others if other.line in mine]
    temperatures = {line: _geometric_mean([r.temperatures[line] for r in results]) for line in results[0].temperatures}
    return Summary(
        protocol,
        1 / windows.n_classes,
        methods,
        comparisons,
        [_fold_row(r) for r in results],
        temperatures,
        abstention_rows(results, temperatures, main),
        {line: level for line in temperatures if (level := pooled.refits(line))},
    )


def _geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


class _Pooled:
    """Readings of all folds, one after the other."""

    def __init__(
        self,
        results: Sequence[FoldResult],
        windows: WindowSet,
        design_subjects: Collection[str],
        n_permutations: int,
        network: str,
    ) -> None:
        self._windows, self._network = windows, network
        self._design_subjects, self._n_permutations = design_subjects, n_permutations
        self._results = results
        self._label, self._subject, self._trial, window = (
            np.concatenate([getattr(r.reading, name) for r in results]) for name in ("label", "subject", "trial", "window")
        )
        self._stimulus = windows.stimulus[window] if _deals_stimuli(windows) else None

    def _probabilities(self, key: tuple[str, Line]) -> FloatArray:
        return np.concatenate([r.reading.probabilities[key] for r in self._results])

    def refits(self, line: Line) -> ChanceLevel | None:
        names = [name for name, of in self._results[0].reading.probabilities if name.startswith(PERMUTED) and of == line]
        if not names:
            return None
        scores = {name: self._mean_score(self._probabilities((name, line)).argmax(axis=1)) for name in names}
        true = scores.pop(NOT_PERMUTED)
        kind = REFITTED if self._stimulus is None else REFITTED_STIMULI
        return chance_level(kind, true, np.array(list(scores.values())))

    def _mean_score(self, answer: Int64Array) -> float:
        return float(np.mean([self._row(int(person), answer).balanced_accuracy for person in np.unique(self._subject)]))

    def _permutation(self, answer: Int64Array, score: float, seed: Seed) -> ChanceLevel | None:
        if not self._n_permutations:
            return None
        ids = self._label, self._subject, self._trial
        scores = permuted_scores(answer, ids, self._n_permutations, seed.of("permutation").rng(), self._stimulus)
        return chance_level(LABELS_ONLY if self._stimulus is None else STIMULI_ONLY, score, scores)

    def method(self, key: tuple[str, Line], seed: Seed) -> MethodSummary:
        probabilities = self._probabilities(key)
        answer = probabilities.argmax(axis=1)
        rows = [self._row(int(person), answer) for person in np.unique(self._subject)]
        accuracy, balanced, f1 = (
            bootstrap_mean(np.array([getattr(row, name) for row in rows]), seed.of("bootstrap").rng())
            for name in ("accuracy", "balanced_accuracy", "macro_f1")
        )
        bins = reliability(probabilities, self._label)
        return MethodSummary(
            method=key[0],
            line=key[1],
            accuracy=accuracy,
            balanced_accuracy=balanced,
            macro_f1=f1,
            **self._of_trials(probabilities, seed),
            calibration_error=expected_calibration_error(probabilities, self._label),
            confusion=confusion(self._label, answer, self._windows.n_classes).tolist(),
            reliability=[[None if np.isnan(value) else float(value) for value in row] for row in bins],
            subjects=rows,
            untouched=self._untouched(rows, seed),
            permutation=self._permutation(answer, balanced.value, seed),
            network=self._network,
        )

    def _untouched(self, rows: list[SubjectRow], seed: Seed) -> Figure | None:
        scores = [row.balanced_accuracy for row in rows if row.subject not in self._design_subjects]
        if not self._design_subjects or not scores:
            return None
        return bootstrap_mean(np.array(scores), seed.of("bootstrap").rng())

    def _row(self, person: int, answer: Int64Array) -> SubjectRow:
        mine = self._subject == person
        table = confusion(self._label[mine], answer[mine], self._windows.n_classes)
        accuracy = float(np.trace(table) / table.sum())
        name = self._windows.subject_names[person]
        return SubjectRow(name, int(mine.sum()), accuracy, balanced_accuracy(table), macro_f1(table))

    def _of_trials(self, probabilities: FloatArray, seed: Seed) -> dict[str, Figure]:
        means, first = trial_probabilities(probabilities, self._trial)
        right, person = means.argmax(axis=1) == self._label[first], self._subject[first]
        shares = np.array([right[person == one].mean() for one in np.unique(person)])
        over_people = bootstrap_mean(shares, seed.of("bootstrap").rng())
        return {"trial_accuracy": over_people, "trial_wilson": wilson(int(right.sum()), len(right))}


def _deals_stimuli(windows: WindowSet) -> bool:
    return stimuli_are_dealt(windows.label[windows.usable], windows.stimulus[windows.usable])


def _compare(mine: MethodSummary, other: MethodSummary, seed: Seed) -> PairedComparison:
    a, b = (np.array([row.balanced_accuracy for row in m.subjects]) for m in (mine, other))
    difference, p = paired_test(a, b, seed.of("paired").rng())
    return PairedComparison(mine.name, other.name, mine.line, difference, p)


def _fold_row(result: FoldResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "epochs": dataclasses.asdict(result.epochs),
        "validation_score": result.validation_score,
        "temperatures": dict(result.temperatures),
        "int8": [dataclasses.asdict(cost) for cost in result.int8],
        "code": dataclasses.asdict(result.code),
    }

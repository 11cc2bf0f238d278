"""How much of an accuracy is stimulus identity: seen against unseen stimuli, true against made-up labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from offline.datasets.audit_classifier import TrialClassifier, predict_trials
from offline.datasets.audit_views import Unit, View, course_view, window_view
from offline.datasets.dataset import DatasetCard, Progress
from offline.datasets.stimulus_groups import stimulus_groups
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError
from sclcm_core.types import Float64Array

SEEN = "unseen subjects, seen stimuli"
UNSEEN = "unseen subjects, unseen stimuli"
MADE_UP = "made-up labels, unseen subjects, seen stimuli"
STIMULUS = "which stimulus, unseen subjects"
SUBJECT = "which subject, unseen stimuli"

_QUESTIONS = (SEEN, UNSEEN, MADE_UP, STIMULUS, SUBJECT)
_MOST_GROUPS = 5
_CONFIDENCE = 0.95
_TELLING_SHARE = 0.25
"""From this share of what true labels reach above chance, made-up ones tell that stimuli are recognised."""

_HOW_TO_READ = f"""\
How to read this. All lines are about people whom the classifier has not seen, decide once a trial, and are means over subjects.

- *{SEEN}*: the usual test. The classifier saw the same stimuli with other people, so that it may know a stimulus again.
- *{UNSEEN}*: the same with other stimuli. What is lost against the line above was knowledge of the stimuli.
- *{MADE_UP}*: labels were dealt to the stimuli at random, and mean nothing. Only who knows a stimulus again can be right.
  Chance is what knowing the true class and no stimulus would reach, which is why it is above one over the number of classes.
- *{STIMULUS}*, *{SUBJECT}*: how well stimulus and person themselves are read from the features.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the audit.

    Parameters
    ----------
    what : str
        What was asked.
    unit : {'window', 'trial course'}
        Of what it was asked; decisions are always one a trial.
    mean : float
        Mean over subjects of the balanced accuracy (of the classes) or the accuracy (of the probes), 0 to 1; NaN when it could
        not be asked.
    low, high : float
        95 % interval of that mean, from Student's t over subjects (and over deals of made-up labels).
    chance : float
        What guessing reaches; for made-up labels, what knowing the true classes and nothing of the stimuli reaches.
    note : str
        Why it could not be asked.
    """

    what: str
    unit: Unit
    mean: float
    low: float
    high: float
    chance: float
    note: str = ""

    @property
    def text(self) -> str:
        """The score with its interval, or why there is none."""
        impossible = bool(np.isnan(self.mean))
        return f"not possible: {self.note}" if impossible else f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def above_chance(self) -> bool:
        """Whether the whole interval lies above chance."""
        return bool(self.low > self.chance)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Parameters
    ----------
    dataset : DatasetCard
        What was audited.
    scores : tuple of Score
        All lines, unit by unit.
    verdicts : tuple of str
        What follows, a sentence a unit.
    about : str
        How much was audited.
    """

    dataset: DatasetCard
    scores: tuple[Score, ...]
    verdicts: tuple[str, ...]
    about: str

    def score(self, what: str, unit: Unit) -> Score:
        """Return one line."""
        return next(score for score in self.scores if (score.what, score.unit) == (what, unit))

    def table(self) -> str:
        """Return the lines, the verdicts and how to read them, in Markdown."""
        rows = [f"# Stimulus audit: {self.dataset.title}", "", self.about, ""]
        rows += ["| asked | of | score [95 % interval] | chance |", "|---|---|---|---|"]
        rows += [_table_row(score) for score in self.scores]
        return "\n".join([*rows, "", *(f"- {verdict}" for verdict in self.verdicts), "", _HOW_TO_READ])


def _table_row(score: Score) -> str:
    return f"| {score.what} | {score.unit} | {score.text} | {score.chance:.2f} |"


def audit(
    windows: WindowSet,
    *,
    units: Sequence[Unit] = ("window", "trial course"),
    k_subjects: int = 5,
    n_made_up: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> AuditReport:
    """Ask how much of an accuracy is stimulus identity.

    The same classifier is asked for the class of trials of unseen subjects three times: when it has seen their stimuli with
    other subjects; when it has not; and when it has, but labels were dealt to the stimuli at random. What it knows of emotion
    helps the first two alike; what it knows of the stimuli helps the first and the third alike. The first two are trained on
    the same number of stimuli. Two probes ask for the stimulus itself, and for the subject.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    units : sequence of {'window', 'trial course'}
        What is classified; see :mod:`offline.datasets.audit_views`.
    k_subjects : int
        Number of groups of subjects; each is tested once.
    n_made_up : int
        How often labels are dealt anew; scores are averaged.
    seed : int
        Determines groups and deals.
    progress : callable, optional
        Called with (number of questions done, number of questions, question).

    Returns
    -------
    AuditReport
        All scores with 95 % intervals over subjects.

    Notes
    -----
    Differences between seen and unseen stimuli as a measure of leakage: after the "same video" bias of
    doi:10.1109/EMBC46164.2021.9630314.
    """
    groups, reason = _groups(windows, seed)
    scores: list[Score] = []
    verdicts: list[str] = []
    for unit in units:
        try:
            view = window_view(windows) if unit == "window" else course_view(windows)
        except DatasetError as error:
            verdicts.append(f"{unit}: not possible. {error.what}")
            continue
        audit_of_unit = _UnitAudit(view, windows, groups, reason, k_subjects=k_subjects, n_made_up=n_made_up, seed=seed)
        found: dict[str, Score] = {}
        for what in _QUESTIONS:
            found[what] = audit_of_unit.ask(what)
            if progress:
                progress(len(scores) + len(found), len(_QUESTIONS) * len(units), f"{what} ({unit})")
        scores += found.values()
        verdicts.append(_verdict(unit, found))
    return AuditReport(windows.dataset, tuple(scores), tuple(verdicts), _about(windows))


def _about(windows: WindowSet) -> str:
    chosen = windows.usable
    n_subjects, n_trials = (len(np.unique(ids[chosen])) for ids in (windows.subject, windows.trial))
    return f"{n_subjects} subjects, {n_trials} trials, {int(chosen.sum())} windows; stimuli by class: {_stimuli_by_class(windows)}."


def _stimuli_by_class(windows: WindowSet) -> str:
    of_class = [np.unique(windows.stimulus[windows.usable & (windows.label == k)]) for k in range(windows.n_classes)]
    return ", ".join(f"{name} {len(found)}" for name, found in zip(windows.class_names, of_class, strict=True))


def _groups(windows: WindowSet, seed: int) -> tuple[list[Int64Array] | None, str]:
    """Divide the stimuli into as many groups as they allow, five at most; None, and why, where they allow none."""
    for k in range(_MOST_GROUPS, 2, -1):
        try:
            return stimulus_groups(windows, k, np.random.default_rng(seed)), ""
        except DatasetError:
            continue
    return None, f"too few stimuli ({_stimuli_by_class(windows)})"


class _UnitAudit:
    """Asks the questions of one view."""

    def __init__(
        self,
        view: View,
        windows: WindowSet,
        groups: list[Int64Array] | None,
        reason: str,
        *,
        k_subjects: int,
        n_made_up: int,
        seed: int,
    ) -> None:
        self.view, self.groups, self.reason = view, groups, reason
        self.n_classes, self.n_made_up = windows.n_classes, n_made_up
        self.rng = np.random.default_rng([seed, 1])
        subjects = np.unique(view.subject)
        if len(subjects) < 2:
            raise DatasetError(f"{windows.dataset.title} has one subject; the audit needs unseen ones.", "Read more subjects.")
        self.folds = np.array_split(self.rng.permutation(subjects), min(k_subjects, len(subjects)))

    def ask(self, what: str) -> Score:
        """Return the score of one question."""
        if what in (UNSEEN, MADE_UP) and self.groups is None:
            return Score(what, self.view.unit, np.nan, np.nan, np.nan, self._chance(what), self.reason)
        if what in (STIMULUS, SUBJECT):
            return self._probe(what)
        if what == MADE_UP:
            deals = [self._deal() for _ in range(self.n_made_up)]
            table = self._of_made_up([labels for labels, _ in deals])
            return _score(what, self.view.unit, table, float(np.mean([reach for _, reach in deals])))
        return _score(what, self.view.unit, self._of_classes(self.view.label, seen=what == SEEN), self._chance(what))

    def _chance(self, what: str) -> float:
        targets = {STIMULUS: self.view.stimulus, SUBJECT: self.view.subject}
        return 1 / (len(np.unique(targets[what])) if what in targets else self.n_classes)

    def _deal(self) -> tuple[Int64Array, float]:
        """Deal labels to the stimuli, and say how far knowing the true classes goes.

        The stimuli of each true class get all made-up labels in turn: dealt freely, the made-up classes would resemble the true
        ones by accident, and a classifier that knows these and no stimulus would score on them.
        """
        stimuli = np.unique(self.view.stimulus)
        majority = np.array([np.bincount(self.view.label[self.view.stimulus == s]).argmax() for s in stimuli])
        dealt = np.empty(len(stimuli), np.int64)
        for offset, label in zip(self.rng.permutation(self.n_classes), range(self.n_classes), strict=True):
            members = self.rng.permutation(np.flatnonzero(majority == label))
            dealt[members] = (np.arange(len(members)) + offset) % self.n_classes
        shared = [np.bincount(dealt[majority == label]).max() for label in np.unique(majority)]
        return dealt[np.searchsorted(stimuli, self.view.stimulus)], float(np.sum(shared) / len(stimuli))

    def _of_classes(self, label: Int64Array, *, seen: bool) -> Float64Array:
        """Return the balanced accuracy for each subject, tested when unseen."""
        return self._tested_unseen(label, self._stimulus_rounds(seen=seen))

    def _of_made_up(self, deals: Sequence[Int64Array]) -> Float64Array:
        """Return the balanced accuracies on made-up labels, (n_deals, n_subjects).

        All stimuli were seen, or those left would favour some labels. All deals share what a fold is trained on.
        """
        classifier = TrialClassifier(self.view)
        found: list[list[tuple[Int64Array, Int64Array]]] = [[] for _ in deals]
        for fold in self.folds:
            unseen = np.isin(self.view.subject, fold)
            for labels, answers in zip(deals, found, strict=True):
                answers.append(classifier.predict(labels, ~unseen, unseen))
        return np.stack([self._per_subject(labels, a, balanced=True) for labels, a in zip(deals, found, strict=True)])

    def _tested_unseen(self, label: Int64Array, rounds: Sequence[tuple[Int64Array, Int64Array]]) -> Float64Array:
        found = []
        for fold in self.folds:
            unseen = np.isin(self.view.subject, fold)
            for tested, held_out in rounds:
                train = ~unseen & ~np.isin(self.view.stimulus, held_out)
                found.append(predict_trials(self.view, label, train, unseen & np.isin(self.view.stimulus, tested)))
        return self._per_subject(label, found, balanced=True)

    def _stimulus_rounds(self, *, seen: bool) -> list[tuple[Int64Array, Int64Array]]:
        """Return which stimuli are tested and which are kept from the training: the same ones, or as many others."""
        if self.groups is None:
            return [(np.unique(self.view.stimulus), np.empty(0, np.int64))]
        k = len(self.groups)
        return [(group, self.groups[(n + 1) % k] if seen else group) for n, group in enumerate(self.groups)]

    def _probe(self, what: str) -> Score:
        """Ask for the stimulus of unseen subjects, or for the subject when looking at unseen stimuli."""
        view, target, known, kept_apart = self.view, self.view.stimulus, self.view.subject, self.folds
        if what == SUBJECT:
            view, target, known = replace(view, x=view.as_measured), view.subject, view.stimulus
            kept_apart = self.groups or [np.array([stimulus]) for stimulus in np.unique(known)]
        masks = [np.isin(known, group) for group in kept_apart]
        if any((~unseen).sum() <= len(np.unique(target[~unseen])) for unseen in masks):
            reason = f"one trial of each {'subject' if what == SUBJECT else 'stimulus'} to learn from"
            return Score(what, view.unit, np.nan, np.nan, np.nan, self._chance(what), reason)
        found = [predict_trials(view, target, ~unseen, unseen) for unseen in masks]
        return _score(what, view.unit, self._per_subject(target, found, balanced=False), self._chance(what))

    def _per_subject(
        self, target: Int64Array, found: Sequence[tuple[Int64Array, Int64Array]], *, balanced: bool
    ) -> Float64Array:
        predicted, rows = (np.concatenate(parts) for parts in zip(*found, strict=True))
        right = (predicted == target[rows]).astype(np.float64)
        out = []
        for subject in np.unique(self.view.subject[rows]):
            mine = self.view.subject[rows] == subject
            kinds = target[rows][mine] if balanced else np.zeros(int(mine.sum()), np.int64)
            out.append(np.mean([right[mine][kinds == kind].mean() for kind in np.unique(kinds)]))
        return np.array(out)


def _score(what: str, unit: Unit, accuracies: Float64Array, chance: float) -> Score:
    """Sum up accuracies, shape (n_subjects,) or (n_deals, n_subjects): other subjects, and other deals, would differ."""
    table = np.atleast_2d(accuracies)
    spreads = [means for means in (table.mean(axis=0), table.mean(axis=1)) if len(means) > 1]
    variance = sum(float(means.var(ddof=1)) / len(means) for means in spreads)
    degrees = min((len(means) - 1 for means in spreads), default=1)
    half = float(stats.t.ppf((1 + _CONFIDENCE) / 2, degrees) * np.sqrt(variance))
    mean = float(table.mean())
    return Score(what, unit, mean, max(0.0, mean - half), min(1.0, mean + half), chance)


def _verdict(unit: Unit, scores: dict[str, Score]) -> str:
    seen, unseen, made_up = scores[SEEN], scores[UNSEEN], scores[MADE_UP]
    if np.isnan(unseen.mean):
        return f"{unit}: stimulus and label cannot be told apart in this data set: {unseen.note}."
    learnt = made_up.mean - made_up.chance
    if made_up.above_chance and learnt > _TELLING_SHARE * (seen.mean - seen.chance):
        share = f"{made_up.mean:.2f} on labels that mean nothing, {seen.mean:.2f} on the true ones"
        rest = f"with unseen stimuli {unseen.mean:.2f} is left" + ("." if unseen.above_chance else ", which is chance.")
        return f"{unit}: the classifier recognises the stimuli ({share}); {rest}"
    if unseen.above_chance:
        return f"{unit}: the classes are told with unseen stimuli too ({unseen.mean:.2f}); made-up labels are not learnt."
    if seen.above_chance:
        return f"{unit}: nothing is left with unseen stimuli ({unseen.mean:.2f}); with seen ones it was {seen.mean:.2f}."
    return f"{unit}: the classes are not told above chance, whether the stimuli were seen or not."

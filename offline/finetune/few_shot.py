"""What a few labelled trials of a new person are worth: 1, 3 or 5 of each class, tested on that person's other trials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from offline.config import RunConfig
from offline.datasets.dataset import DatasetCard
from offline.datasets.splits import make_folds
from offline.datasets.window_set import Int64Array, WindowSet
from offline.evaluate.intervals import Figure, bootstrap_mean, paired_test
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.sealed import Answer, open_and_sealed
from offline.finetune.classify import network_outputs
from offline.finetune.fit import fit_ensemble
from offline.progress import Report
from offline.seeds import Seed
from offline.training.inputs import Inputs, share_of_trials
from sclcm_core.errors import DatasetError
from sclcm_core.models import SclcmClassifier
from sclcm_core.models.space_head import SpaceHead
from sclcm_core.types import BoolArray, Float32Array

FEW_SHOT_TABLE = (
    "Finetuned by",
    "Trials a class",
    "Told by",
    "Balanced accuracy [95 %]",
    "less the network as trained [95 %]",
    "p (sign flips)",
    "People",
)
AS_TRAINED, MEANS, MOVED, PROBE = "network as trained", "nearest mean", "means moved", "linear probe"
N_DRAWS = 10
"""How often the labelled trials are drawn."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Everything about a person whom the network has not seen.

    Parameters
    ----------
    embedding : ndarray of float32, shape (n, d)
        Where the network puts their windows, unit vectors without unit.
    answer : ndarray of int64, shape (n,)
        The class that the network says.
    label, trial : ndarray of int64, shape (n,)
        True class, and what is labelled as a whole or tested as a whole; see `held_apart`.
    anchors : ndarray of float32, shape (n_classes, d)
        Directions of the class means of the training people, without unit.
    subject : int
        Who it is: some splits test a person in several folds.
    """

    embedding: Float32Array
    answer: Int64Array
    label: Int64Array
    trial: Int64Array
    anchors: Float32Array
    subject: int = 0


@dataclass(frozen=True, slots=True)
class FewShotRow:
    """One line of the table.

    Parameters
    ----------
    method : str
        How the network was finetuned.
    n_trials : int
        Labelled trials of each class.
    told_by : str
        What was made of them.
    figure : Figure
        Balanced accuracy over people with its interval.
    n_people : int
        People with enough trials.
    gain : Figure or None
        What it is above the network as trained, on the same trials of the same people; None for that network.
    p : float or None
        Two-sided sign-flip test of it.
    """

    method: str
    n_trials: int
    told_by: str
    figure: Figure
    n_people: int
    gain: Figure | None = None
    p: float | None = None


def few_shot(
    config: RunConfig, windows: WindowSet, n_trials: Sequence[int], *, n_draws: int = N_DRAWS, report: Report
) -> list[FewShotRow]:
    """Test a finetuning method on new people with a few of their trials.

    Parameters
    ----------
    config : RunConfig
        What is trained on the other people; its first line of normalisation is used.
    windows : WindowSet
        All windows.
    n_trials : sequence of int
        Labelled trials of each class.
    n_draws : int
        How often the trials are drawn; scores are averaged over the draws.
    report : callable
        Told how many folds are done, of how many.

    Returns
    -------
    list of FewShotRow
        For every number of trials, four ways to use them.
    """
    refuse_too_many(windows, n_trials)
    people = list(new_people(config, windows, report))
    rows = []
    for n in n_trials:
        able = [person for person in people if can_draw(person, n)]
        drawn = [person_scores(person, n, Seed(config.seed).of("draws", n), n_draws) for person in able]
        scores = once_each([person.subject for person in able], drawn)
        rows += [_row(config, n, told_by, scores) for told_by in (AS_TRAINED, MEANS, MOVED, PROBE)]
    return rows


def once_each(subject: Sequence[int], scores: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Return the mean scores of each person, who counts once however many folds have tested them.

    Parameters
    ----------
    subject : sequence of int
        Whose each entry of `scores` is.
    scores : sequence of dict of str to float
        Balanced accuracy by way, 0..1.
    """
    own = [[score for whose, score in zip(subject, scores, strict=True) if whose == one] for one in dict.fromkeys(subject)]
    return [{way: float(np.mean([score[way] for score in found])) for way in found[0]} for found in own]


def _row(config: RunConfig, n_trials: int, told_by: str, scores: Sequence[dict[str, float]]) -> FewShotRow:
    values, usual = (np.array([score[way] for score in scores]) for way in (told_by, AS_TRAINED))
    seed = Seed(config.seed)
    gain, p = (None, None) if told_by == AS_TRAINED else paired_test(values, usual, seed.of("paired").rng())
    figure = bootstrap_mean(values, seed.of("bootstrap").rng())
    return FewShotRow(config.finetune.method, n_trials, told_by, figure, len(scores), gain, p)


def refuse_too_many(windows: WindowSet, n_trials: Sequence[int]) -> None:
    """Refuse numbers of trials for which nobody would have a trial left to be tested on, before anything is trained.

    Parameters
    ----------
    windows : WindowSet
        All windows.
    n_trials : sequence of int
        Labelled trials of each class.
    """
    usable = windows.select(windows.usable)
    kinds = np.stack([usable.subject, usable.label, held_apart(usable)])
    of_trials = np.unique(kinds, axis=1)
    counts = np.zeros((len(windows.subject_names), windows.n_classes), np.int64)
    np.add.at(counts, (of_trials[0], of_trials[1]), 1)
    most = int(counts.min(axis=1).max()) - 1
    if min(n_trials) < 1 or max(n_trials) > most:
        raise DatasetError(
            f"{max(n_trials)} labelled trial(s) of every class are not possible in {windows.dataset.title}: nobody has more than "
            f"{most + 1}, and one must be left to test.",
            f"Ask for 1 to {most}." if most >= 1 else "Take a data set with several trials of each class a person.",
        )


def held_apart(windows: WindowSet) -> Int64Array:
    """Return what a person's labelled and tested windows must not share.

    Parameters
    ----------
    windows : WindowSet
        All windows.

    Returns
    -------
    ndarray of int64, shape (n,)
        The stimulus, which comes again in other sessions and is known again; the trial where a class has one stimulus only.
    """
    usable = windows.usable
    n_stimuli = [len(np.unique(windows.stimulus[usable & (windows.label == k)])) for k in range(windows.n_classes)]
    return windows.stimulus if min(n_stimuli) > 1 else windows.trial


def new_people(config: RunConfig, windows: WindowSet, report: Report) -> Iterator[NewPerson]:
    """Train on each fold's people and place the people who are tested.

    Parameters
    ----------
    config : RunConfig
        What is trained.
    windows : WindowSet
        All windows.
    report : callable
        Told how many folds are done, of how many.

    Yields
    ------
    NewPerson
        Everybody, once for each fold that tests them.
    """
    folds = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)
    lines = config.lines[:1]
    for count, fold in enumerate(folds, start=1):
        seed = Seed(config.seed).of("fold", fold.name)
        labelled = share_of_trials(windows, fold.train, config.finetune.label_share, seed.of("labels").rng())
        data, sealed, _ = open_and_sealed(windows, fold, lines, labelled)
        network = cast(SclcmClassifier, fit_ensemble(config, data, seed).ensemble.members[0])
        answers: dict[str, Answer] = {"places": _placing(network), "logits": _scoring(network)}
        reading = sealed.open({(name, lines[0]): answer for name, answer in answers.items()})
        places, logits = (reading.probabilities[name, lines[0]] for name in ("places", "logits"))
        anchors = class_means(_placing(network)(data.labelled[0]), data.labelled[0].label, data.n_classes)
        for subject in np.unique(reading.subject):
            mine = reading.subject == subject
            answer = logits[mine].argmax(axis=1)
            unit = held_apart(windows)[reading.window[mine]]
            yield NewPerson(places[mine], answer, reading.label[mine], unit, anchors, int(subject))
        report(count, len(folds), fold.name)


def _placing(network: SclcmClassifier) -> Answer:
    def answer(inputs: Inputs) -> Float32Array:
        embeddings = torch.from_numpy(network_outputs(network.encoder, inputs.features))
        if isinstance(network.head, SpaceHead):
            with torch.no_grad():
                embeddings = network.head.cpu().place(embeddings)
        return _unit(embeddings.flatten(1).numpy())

    return answer


def _scoring(network: SclcmClassifier) -> Answer:
    return lambda inputs: network_outputs(network, inputs.features)


def _unit(vectors: Float32Array) -> Float32Array:
    scaled: Float32Array = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-8)
    return scaled


def class_means(embedding: Float32Array, label: Int64Array, n_classes: int) -> Float32Array:
    """Return the direction of each class's mean.

    Parameters
    ----------
    embedding : ndarray of float32, shape (n, d)
        Unit vectors, without unit.
    label : ndarray of int64, shape (n,)
        Classes.
    n_classes : int
        Number of classes; one without windows has a mean of nothing.

    Returns
    -------
    ndarray of float32, shape (n_classes, d)
        Unit vectors, without unit.
    """
    means = [
        embedding[label == k].mean(axis=0) if (label == k).any() else np.zeros(embedding.shape[1]) for k in range(n_classes)
    ]
    return _unit(np.stack(means).astype(np.float32))


def can_draw(person: NewPerson, n_trials: int) -> bool:
    """Tell whether a person has so many trials of every class, and one more to be tested on."""
    return all(len(trials) > n_trials for trials in _trials_by_class(person).values())


def _trials_by_class(person: NewPerson) -> dict[int, Int64Array]:
    return {k: np.unique(person.trial[person.label == k]) for k in range(len(person.anchors))}


def person_scores(person: NewPerson, n_trials: int, seed: Seed, n_draws: int) -> dict[str, float]:
    """Return a person's balanced accuracy by each way to use a few trials, averaged over draws.

    Parameters
    ----------
    person : NewPerson
        With enough trials.
    n_trials : int
        Labelled trials of each class.
    seed : Seed
        Determines the draws; the same for all methods, so that they are tested on the same trials.
    n_draws : int
        How often.
    """
    rng = seed.rng()
    found: list[dict[str, float]] = []
    for _ in range(n_draws):
        chosen = np.concatenate([rng.permutation(trials)[:n_trials] for trials in _trials_by_class(person).values()])
        known = np.isin(person.trial, chosen)
        answers = _answers(person, known, n_trials)
        truth, n_classes = person.label[~known], len(person.anchors)
        found.append({name: balanced_accuracy(confusion(truth, answer, n_classes)) for name, answer in answers.items()})
    return {name: float(np.mean([scores[name] for scores in found])) for name in found[0]}


def _answers(person: NewPerson, known: BoolArray, n_trials: int) -> dict[str, Int64Array]:
    own = class_means(person.embedding[known], person.label[known], len(person.anchors))
    moved = _unit((person.anchors + n_trials * own).astype(np.float32))
    rest = person.embedding[~known]
    scaler = StandardScaler().fit(person.embedding[known])
    probe = LogisticRegression(C=0.1, class_weight="balanced", max_iter=300)
    probe.fit(scaler.transform(person.embedding[known]), person.label[known])
    return {
        AS_TRAINED: person.answer[~known],
        MEANS: (rest @ own.T).argmax(axis=1),
        MOVED: (rest @ moved.T).argmax(axis=1),
        PROBE: probe.predict(scaler.transform(rest)),
    }


def few_shot_rows(rows: Iterable[FewShotRow]) -> list[tuple[str, ...]]:
    """Return the lines of the table."""
    return [
        (
            row.method,
            str(row.n_trials),
            row.told_by,
            str(row.figure),
            f"{row.gain.value:+.3f} [{row.gain.low:+.3f}, {row.gain.high:+.3f}]" if row.gain else "",
            "" if row.p is None else f"{row.p:.4f}",
            str(row.n_people),
        )
        for row in rows
    ]


def few_shot_notes(card: DatasetCard, n_classes: int) -> list[str]:
    """Return what must be read with the table.

    Parameters
    ----------
    card : DatasetCard
        What must be said of the data.
    n_classes : int
        Number of classes.
    """
    return [
        f"{card.title}{': figures of simulated data say nothing about people' if card.simulated else ''}. Chance is "
        f"{1 / n_classes:.3f}. Networks were trained on other people; labelled trials of the new person are drawn {N_DRAWS} times, and "
        "all are tested on that person's other trials: which those are changes with their number, and so does the network as trained.",
        f"{AS_TRAINED}: uses none of them. {MEANS}: the class whose labelled windows lie nearest in the mean. {MOVED}: the training "
        f"people's class means, moved towards those. {PROBE}: logistic regression on the embedding.",
        "Intervals and p over people, not corrected for the number of comparisons.",
    ]

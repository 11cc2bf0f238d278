"""How well EEG is told by words: those of the captions, held-out ones, and classes of which no caption spoke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import rankdata

from offline.config import RunConfig
from offline.datasets.window_set import Int64Array
from offline.evaluate.cross_validate import cross_validate
from offline.evaluate.curves import changed_config
from offline.evaluate.fold_result import FoldResult
from offline.evaluate.intervals import Figure, bootstrap_mean
from offline.evaluate.run_fold import FLOAT
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.finetune.caption_source import class_names
from offline.finetune.captions import CLASS_WORDS
from offline.finetune.options import EegclipOptions
from offline.runs import open_run
from offline.seeds import Seed
from offline.stages import Run, protocol_text
from sclcm_core.errors import ConfigError
from sclcm_core.types import BoolArray, FloatArray

WORDS_TABLE = ("What", "Figure", "Value [95 %]", "Chance", "People")
_BALANCED, _AREA = "balanced accuracy", "area under ROC"


def words_study(run: Run, *, n_jobs: int = 1) -> list[tuple[str, ...]]:
    """Cross-validate a config of the method 'eegclip' and its controls.

    Parameters
    ----------
    run : Run
        The run; its first line of normalisation is used.
    n_jobs : int
        Folds at a time.

    Returns
    -------
    list of tuple of str
        Rows of `WORDS_TABLE`. Only what concerns words or classes that stood in no training caption is called zero-shot.
    """
    config = run.config
    if config.finetune.method != "eegclip":
        raise ConfigError(
            f"The config '{config.name}' finetunes by '{config.finetune.method}'.", "Set finetune.method = 'eegclip'."
        )
    options = EegclipOptions.model_validate(config.finetune.options)
    names = class_names(config, options)
    chance = f"{1 / len(names):.3f}"
    rows: list[tuple[str, ...]] = []
    for title, changes in study_variants(config, names, options).items():
        results = _evaluated(run, changes, title, n_jobs)
        figure, n_people = over_people(results, config, _score_of_all)
        rows.append((title, _BALANCED, str(figure), chance, str(n_people)))
    for label, name in enumerate(names):
        title = f"zero-shot: class '{name}' in no caption"
        results = _evaluated(run, {"options": {**config.finetune.options, "without_classes": [label]}}, title, n_jobs)
        figure, n_people = over_people(results, config, partial(_area, label))
        rows.append((title, _AREA, str(figure), "0.500", str(n_people)))
    return rows


def words_notes(run: Run) -> list[str]:
    """Return what must be read with the table.

    Parameters
    ----------
    run : Run
        The run that was studied.
    """
    card = run.windows.dataset
    return [
        f"{card.title}{': figures of simulated data say nothing about people' if card.simulated else ''}. {protocol_text(run.config)}",
        "Mean and interval over people, one seed. Zero-shot is only what concerns words or classes of which no training caption spoke; an "
        "area of 0.5 is chance, below it the class is taken for another.",
    ]


def study_variants(config: RunConfig, names: Sequence[str], options: EegclipOptions) -> dict[str, dict[str, Any]]:
    """Return what is compared, by title: changes of the section [finetune].

    Parameters
    ----------
    config : RunConfig
        The whole.
    names : sequence of str
        The classes.
    options : EegclipOptions
        Those of the config.
    """
    lists = options.class_words or tuple(CLASS_WORDS.get(name, (name,)) for name in names)
    given = dict(config.finetune.options)
    variants: dict[str, dict[str, Any]] = {"prompts of words that stood in captions": {"options": given}}
    if all(len(words) > 1 for words in lists):
        held_out = [word for words in lists for word in words[len(words) // 2 :]]
        variants["zero-shot words: prompts of words that stood in none"] = {"options": {**given, "held_out_words": held_out}}
    variants["control: captions of other trials"] = {"options": {**given, "shuffle_captions": True}}
    variants["same encoder, ordinary head, no text"] = {"method": "ce", "options": {}}
    return variants


def _evaluated(run: Run, changes: dict[str, Any], title: str, n_jobs: int) -> list[FoldResult]:
    section = run.config.finetune.model_dump(mode="json") | changes
    evaluate = run.config.evaluate.model_dump(mode="json") | {"baselines": []}
    lines, quantize = [run.config.lines[0]], {"enabled": False}
    config = changed_config(run.config, finetune=section, evaluate=evaluate, quantize=quantize, lines=lines)
    folder = open_run(config, run.folder.path / "words" / "".join(c if c.isalnum() else "-" for c in title))
    return cross_validate(config, run.windows, folder, n_jobs=n_jobs)


def over_people(
    results: Sequence[FoldResult], config: RunConfig, score: Callable[[FloatArray, Int64Array], float]
) -> tuple[Figure, int]:
    """Return the mean of a score over the people tested, each once however many folds test them, with its interval, and their number.

    Parameters
    ----------
    results : sequence of FoldResult
        All folds.
    config : RunConfig
        The whole; its first line is looked at.
    score : callable
        Takes probabilities (n, n_classes) and labels (n,) of one person.
    """
    values: dict[int, list[float]] = {}
    for result in results:
        reading = result.reading
        probabilities = reading.probabilities[FLOAT, config.lines[0]]
        for subject in np.unique(reading.subject):
            mine = reading.subject == subject
            values.setdefault(int(subject), []).append(score(probabilities[mine], reading.label[mine]))
    known = [[value for value in own if np.isfinite(value)] for own in values.values()]
    finite = np.array([np.mean(own) for own in known if own])
    return bootstrap_mean(finite, Seed(config.seed).of("words").rng()), len(finite)


def _area(of_class: int, probabilities: FloatArray, label: Int64Array) -> float:
    return area_under_roc(probabilities[:, of_class], label == of_class)


def _score_of_all(probabilities: FloatArray, label: Int64Array) -> float:
    return balanced_accuracy(confusion(label, probabilities.argmax(axis=1), probabilities.shape[1]))


def area_under_roc(score: FloatArray, is_one: BoolArray) -> float:
    """Return how often a window of the class scores higher than one of the others.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Probabilities of the class.
    is_one : ndarray of bool, shape (n,)
        Which windows are of it.

    Returns
    -------
    float
        Area under the receiver operating characteristic, 0.5 by chance; NaN where one side is empty.

    Examples
    --------
    >>> area_under_roc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    n_one, n_other = int(is_one.sum()), int((~is_one).sum())
    if not (n_one and n_other):
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[is_one].sum() - n_one * (n_one + 1) / 2) / (n_one * n_other))

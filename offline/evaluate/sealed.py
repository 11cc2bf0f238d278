"""The test side of a fold: sealed until everything is fitted, then read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from offline.config import LINES, Line
from offline.datasets.fold import Fold
from offline.datasets.window_set import Int64Array, WindowSet
from offline.finetune.fit import FitData
from offline.training.inputs import Inputs, normalised, population_normaliser
from sclcm_core.features.normalise import Normaliser
from sclcm_core.types import Float32Array

Answer = Callable[[Inputs], Float32Array]
"""Takes normalised windows, returns probabilities (n, n_classes)."""


class SealError(RuntimeError):
    """The test side was to be read a second time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from the test side.

    Parameters
    ----------
    window, label, subject, trial : ndarray of int64, shape (n,)
        Windows in their set, true classes and ids.
    probabilities : dict of (method, line) to ndarray of float32, shape (n, n_classes)
        What each method answered along each line, on the same windows.
    """

    window: Int64Array
    label: Int64Array
    subject: Int64Array
    trial: Int64Array
    probabilities: Mapping[tuple[str, Line], Float32Array]


class SealedTest:
    """Holds the test windows of a fold and gives them out once.

    Parameters
    ----------
    windows : WindowSet
        All windows.
    test : ndarray of int64, shape (n,)
        The test windows.
    population : Normaliser
        Statistics of the training people.

    Notes
    -----
    A method that has seen its test score can be changed until the score is good. Whoever wants a second look needs a second run,
    and that shows.
    """

    def __init__(self, windows: WindowSet, test: Int64Array, population: Normaliser) -> None:
        self._windows, self._test, self._population = windows, test, population
        self._is_open = False

    def open(self, answers: Mapping[tuple[str, Line], Answer]) -> Reading:
        """Let every fitted method answer, and never again.

        Parameters
        ----------
        answers : mapping of (method, line) to callable
            All methods, fitted, with the line along which each shall be fed.

        Returns
        -------
        Reading
            What they answered.

        Raises
        ------
        SealError
            When the seal is already broken.
        """
        if self._is_open:
            raise SealError("The test side has been read already; it is read once, after everything is fitted.")
        self._is_open = True
        lines = [line for line in LINES if any(key[1] == line for key in answers)]
        inputs = {line: normalised(self._windows, self._test, line, self._population) for line in lines}
        probabilities = {key: answer(inputs[key[1]]).astype(np.float32) for key, answer in answers.items()}
        any_line = next(iter(inputs.values()))
        return Reading(self._test, any_line.label, any_line.subject, any_line.trial, probabilities)


def open_and_sealed(
    windows: WindowSet, fold: Fold, lines: tuple[Line, ...], labelled: Int64Array | None = None
) -> tuple[FitData, SealedTest, Normaliser]:
    """Part a fold into what a fit may see and what it may not.

    Parameters
    ----------
    windows : WindowSet
        All windows.
    fold : Fold
        Who and what is trained, validated and tested on.
    lines : tuple of {'population', 'personal'}
        Normalisations.
    labelled : ndarray of int64, shape (n,), optional
        Training windows whose labels may be used; all when left out.

    Returns
    -------
    data : FitData
        Training and validation windows along every line.
    sealed : SealedTest
        The test windows.
    population : Normaliser
        Statistics of the training windows, in nats or dB.
    """
    population = population_normaliser(windows, fold.train)
    train, known, validation = (
        tuple(normalised(windows, part, line, population) for line in lines)
        for part in (fold.train, fold.train if labelled is None else labelled, fold.validation)
    )
    return FitData(train, known, validation, windows.n_classes), SealedTest(windows, fold.test, population), population

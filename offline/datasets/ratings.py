"""From ratings on a scale to classes: the choice that moves a majority baseline by sixteen points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from offline.datasets.dataset import UNLABELLED
from offline.datasets.window_set import Int64Array
from sclcm_core.types import FloatArray

Convention = Literal["at_least", "above", "drop_between", "subject_median"]

CONVENTIONS: tuple[str, ...] = get_args(Convention)
"""Known ways to cut a scale in two."""


@dataclass(frozen=True, slots=True)
class RatingScale:
    """How ratings become the classes low (0) and high (1).

    Parameters
    ----------
    convention : {'at_least', 'above', 'drop_between', 'subject_median'}
        High is what is at least the threshold; what is above it; what is at least the upper bound, where ratings between the
        bounds belong to no class; or what is above the median of the subject's own ratings.
    threshold : float
        For ``'at_least'`` and ``'above'``, in points of the scale.
    bounds : (float, float)
        For ``'drop_between'``: low is at most the first, high at least the second, in points of the scale.

    Notes
    -----
    On DEAP's valence, TorchEEG's usual is ``at_least`` 5, SCLCM's ``above`` 5, EEGain's ``above`` 4.5, LibEER's and SCLCM's
    second one ``drop_between``. The subject's median uses ratings of all trials, those of the test included.
    """

    convention: str
    threshold: float
    bounds: tuple[float, float]

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise ValueError(f"convention must be one of {', '.join(CONVENTIONS)}; got '{self.convention}'")
        if len(self.bounds) != 2 or not self.bounds[0] < self.bounds[1]:
            raise ValueError(f"bounds must be two rising numbers; got {self.bounds}")

    def labels(self, ratings: FloatArray) -> Int64Array:
        """Return the class of each rating of one subject.

        Parameters
        ----------
        ratings : ndarray, shape (n_trials,)
            Ratings in points of the scale, without unit, none missing.

        Returns
        -------
        ndarray of int64, shape (n_trials,)
            Low 0, high 1, neither -1.
        """
        if self.convention == "drop_between":
            low, high = self.bounds
            return np.where(ratings >= high, 1, np.where(ratings <= low, 0, UNLABELLED)).astype(np.int64)
        if self.convention == "at_least":
            return (ratings >= self.threshold).astype(np.int64)
        threshold = np.median(ratings) if self.convention == "subject_median" else self.threshold
        return (ratings > threshold).astype(np.int64)

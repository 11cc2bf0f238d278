"""What an audit classifies: single windows, or the course of a whole trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError
from sclcm_core.types import Float64Array

Unit = Literal["window", "trial course"]

_FEWEST_POINTS = 3


@dataclass(frozen=True, slots=True)
class View:
    """Rows to classify, and the ids of each.

    Parameters
    ----------
    unit : {'window', 'trial course'}
        What a row is.
    x : ndarray of float64, shape (n, n_features)
        Features in nats or dB.
    as_measured : ndarray of float64, shape (n, n_features)
        The same before anything of the subject was taken off: what tells subjects is asked of these. A rest that is taken off
        leaves its own error in all windows of its subject, by which even equal subjects could be told.
    label, subject, stimulus, trial : ndarray of int64, shape (n,)
        As in :class:`~offline.datasets.window_set.WindowSet`. Decisions are averaged over the rows of a trial.
    """

    unit: Unit
    x: Float64Array
    as_measured: Float64Array
    label: Int64Array
    subject: Int64Array
    stimulus: Int64Array
    trial: Int64Array


def window_view(windows: WindowSet) -> View:
    """Look at single windows: the mean of their frames, against the subject's own rest where there is one.

    Parameters
    ----------
    windows : WindowSet
        The windows.

    Returns
    -------
    View
        One row a usable window.
    """
    chosen = np.flatnonzero(windows.usable)
    levels = windows.features[chosen].mean(axis=-1, dtype=np.float64)
    x = _against_rest(windows, levels.copy(), windows.subject[chosen])
    ids = (ids[chosen] for ids in (windows.label, windows.subject, windows.stimulus, windows.trial))
    return View("window", x.reshape(len(chosen), -1), levels.reshape(len(chosen), -1), *ids)


def _against_rest(windows: WindowSet, x: Float64Array, subject: Int64Array) -> Float64Array:
    if not set(np.unique(subject).tolist()) <= set(windows.baseline_frames):
        return x
    for number in np.unique(subject):
        x[subject == number] -= windows.baseline_frames[int(number)].mean(axis=0)
    return x


def course_view(windows: WindowSet) -> View:
    """Look at the course of each trial: its windows one after the other, without their mean.

    What a band's level is does not count here, only how it rises and falls: this is what a model sees that takes whole trials,
    each scaled over its own time, and it is where a film clip leaves its mark on everybody who watches it.

    Parameters
    ----------
    windows : WindowSet
        The windows.

    Returns
    -------
    View
        One row a trial, over the moments that all trials have.

    Raises
    ------
    DatasetError
        When the trials share fewer than three moments.
    """
    chosen = np.flatnonzero(windows.usable)
    moments, first = _common_moments(windows, chosen)
    x = windows.features[moments].mean(axis=-1, dtype=np.float64)
    x -= x.mean(axis=1, keepdims=True)
    ids = (ids[first] for ids in (windows.label, windows.subject, windows.stimulus, windows.trial))
    x = x.reshape(len(first), -1)
    return View("trial course", x, x, *ids)


def _common_moments(windows: WindowSet, chosen: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return the windows of each trial at the moments that all have, (n_trials, n_moments), and a window of each trial."""
    trial = windows.trial[chosen]
    moment = np.round(windows.t0[chosen] - _stimulus_starts(windows, chosen), 6)
    trials, first = np.unique(trial, return_index=True)
    moments, column, counts = np.unique(moment, return_inverse=True, return_counts=True)
    common = np.flatnonzero(counts == len(trials))
    if len(common) < _FEWEST_POINTS:
        raise DatasetError(
            f"The {len(trials)} trials of {windows.dataset.title} share {len(common)} moments; a course needs {_FEWEST_POINTS}.",
            "Take shorter windows, or audit single windows only.",
        )
    table = np.full((len(trials), len(moments)), -1, np.int64)
    table[np.searchsorted(trials, trial), column] = chosen
    return table[:, common], chosen[first]


def _stimulus_starts(windows: WindowSet, chosen: Int64Array) -> Float64Array:
    """Return for each window when its stimulus starts after the start of the recording, which may begin with a rest."""
    _, member = np.unique(windows.stimulus[chosen], return_inverse=True)
    earliest = np.full(member.max() + 1, np.inf)
    np.minimum.at(earliest, member, windows.t0[chosen])
    return earliest[member]

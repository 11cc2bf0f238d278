"""From windows to network inputs, along each line of normalisation."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from offline.config import Line
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.typicality import mean_frames
from sclcm_core.types import Float32Array, Float64Array


@dataclass(frozen=True, slots=True)
class Inputs:
    """Normalised windows with their labels and ids.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    label, subject, trial, stimulus, recording, window : ndarray of int64, shape (n,)
        Class, ids, and the number of the window in its set.
    t0 : ndarray of float64, shape (n,)
        Start of the window in its recording, in s.
    """

    features: Float32Array
    label: Int64Array
    subject: Int64Array
    trial: Int64Array
    stimulus: Int64Array
    recording: Int64Array
    window: Int64Array
    t0: Float64Array

    def __len__(self) -> int:
        return len(self.label)

    def select(self, indices: Int64Array) -> Inputs:
        """Return some of the windows, in the order of `indices`."""
        return Inputs(*(getattr(self, field.name)[indices] for field in fields(self)))

    @property
    def mean_frame(self) -> Float32Array:
        """Features averaged over frames and laid out flat, shape (n, n_bands * n_columns), in nats or dB: what simple methods look at."""
        return mean_frames(self.features).astype(np.float32, copy=False)


def population_normaliser(windows: WindowSet, indices: Int64Array) -> Normaliser:
    """Take the statistics of the training windows.

    Parameters
    ----------
    windows : WindowSet
        Windows, not normalised.
    indices : ndarray of int64, shape (n,)
        Training windows, and no others.

    Returns
    -------
    Normaliser
        Mean and standard deviation over all their frames, per band and column, in nats or dB.
    """
    frames = np.moveaxis(windows.features[indices], -1, 1)  # (n, n_frames, n_bands, n_columns)
    return _fitted(windows, frames.reshape(-1, *frames.shape[2:]))


def personal_normaliser(windows: WindowSet, subject: int, session: int) -> Normaliser:
    """Take the statistics of a person's rest, as the live program does from the first minute.

    Parameters
    ----------
    windows : WindowSet
        Windows with the baselines of their subjects.
    subject, session : int
        Whose, and in which visit.

    Returns
    -------
    Normaliser
        In nats or dB.

    Raises
    ------
    DatasetError
        When the subject has no baseline.
    """
    frames = windows.rest_of(subject, session)
    if frames is None:
        raise DatasetError(
            f"Subject '{windows.subject_names[subject]}' of {windows.dataset.title} has no rest baseline.",
            "Leave 'personal' out of the run config's lines.",
        )
    return _fitted(windows, frames)


def _fitted(windows: WindowSet, frames: Float32Array) -> Normaliser:
    found = Normaliser.fit(frames)
    return found.pooled() if windows.spec.is_raw else found


def normalised(windows: WindowSet, indices: Int64Array, line: Line, population: Normaliser) -> Inputs:
    """Normalise windows.

    Parameters
    ----------
    windows : WindowSet
        Windows, not normalised.
    indices : ndarray of int64, shape (n,)
        Which of them.
    line : {'population', 'personal', 'window'}
        By the training people's statistics, each by the person's own, or each window by its own.
    population : Normaliser
        The training people's statistics.

    Returns
    -------
    Inputs
        In the order of `indices`.
    """
    chosen = windows.select(indices)
    ids = (chosen.label, chosen.subject, chosen.trial, chosen.stimulus, chosen.recording)
    features = standardised(chosen.features) if line == "window" else _by_people(chosen, line, population)
    return Inputs(features, *ids, indices, chosen.t0)


def _by_people(chosen: WindowSet, line: Line, population: Normaliser) -> Float32Array:
    features = np.empty(chosen.features.shape, np.float32)
    for person, session in np.unique(np.stack([chosen.subject, chosen.session], axis=1), axis=0).tolist():
        mine = np.flatnonzero((chosen.subject == person) & (chosen.session == session))
        normaliser = population if line == "population" else personal_normaliser(chosen, person, session)
        features[mine] = np.moveaxis(normaliser.transform(np.moveaxis(chosen.features[mine], -1, 1)), 1, -1)
    return features


def standardised(features: Float32Array) -> Float32Array:
    """Standardise each band and column over the window's own time, as the original SCLCM does.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Features in nats or dB.

    Returns
    -------
    ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Mean 0 and standard deviation 1 over the frames, without unit; 0 where nothing changes.
    """
    centred = features - features.mean(axis=-1, keepdims=True)
    sd = features.std(axis=-1, keepdims=True)
    out: Float32Array = np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0)
    return out


def joined(parts: list[Inputs]) -> Inputs:
    """Put inputs one after the other.

    Parameters
    ----------
    parts : list of Inputs
        At least one.

    Returns
    -------
    Inputs
        All windows; those of two lines appear once in each.
    """
    return Inputs(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Inputs)))


def share_of_trials(windows: WindowSet, indices: Int64Array, share: float, rng: np.random.Generator) -> Int64Array:
    """Choose some of the trials, as if only these had been labelled.

    Parameters
    ----------
    windows : WindowSet
        All windows.
    indices : ndarray of int64, shape (n,)
        Those to choose from.
    share : float
        Share of the trials of each class, in 0..1; at least one trial a class.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    ndarray of int64, shape (n_chosen,)
        All windows of the chosen trials.
    """
    trial, label = windows.trial[indices], windows.label[indices]
    chosen: list[Int64Array] = []
    for value in np.unique(label):
        trials = np.unique(trial[label == value])
        chosen.append(rng.permutation(trials)[: max(1, round(share * len(trials)))])
    return indices[np.isin(trial, np.concatenate(chosen))]

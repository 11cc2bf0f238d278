"""What a data set is: its card, its sources on disk, and the labelled recordings that it yields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings import Recording
from sclcm_core.types import BoolArray, Float32Array

Progress = Callable[[int, int, str], None]
"""Called with the number of steps done, the number of all steps, and what was just done."""

UNLABELLED = -1
"""Label of a recording that belongs to no class: rest, or a rating between two classes."""


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """What must be said of a data set wherever a result or a model made from it is shown.

    Parameters
    ----------
    name : str
        Name in the registry.
    title : str
        Name in the literature.
    licence : str
        Under which terms it may be used.
    attribution : str
        Whom to cite.
    simulated : bool
        True when no person was measured.
    target : str
        What the labels mean: ``"emotion"``, ``"workload"``, ...
    options : tuple of (str, str)
        Choices that change labels or signals, such as the threshold put to ratings.
    live : bool
        False when the features were computed by the authors of the data set: no live stream can be made to give the same, and
        no model trained on them may run live.
    """

    name: str
    title: str
    licence: str
    attribution: str
    simulated: bool
    target: str
    options: tuple[tuple[str, str], ...] = ()
    live: bool = True


@dataclass(frozen=True, slots=True)
class LabelledRecording:
    """One presentation of one stimulus to one subject.

    Parameters
    ----------
    recording : Recording
        The signal, in µV.
    subject : str
        Who was measured.
    session : int
        Which visit of the subject, from 1.
    trial : str
        Which presentation in the session.
    stimulus : str
        What was presented; equal for all subjects who saw the same.
    label : int
        Index of the class, or -1 when it belongs to none.
    baseline_s : float
        Leading seconds that serve as the subject's rest baseline; infinite when all of it does.
    """

    recording: Recording
    subject: str
    session: int
    trial: str
    stimulus: str
    label: int
    baseline_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """What is read in one go, usually one file.

    Parameters
    ----------
    key : str
        Unique name in the data set; letters, digits, ``.``, ``_`` and ``-`` only.
    subject : str or None
        Whose recordings it holds; None when it holds those of several subjects.
    session : int
        Which visit of the subject, from 1.
    paths : tuple of Path
        The files that it depends on; none when it is made in memory.
    """

    key: str
    subject: str | None
    session: int = 1
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingFrames:
    """The frames of one labelled recording, and what is known of it.

    Parameters
    ----------
    subject, session, trial, stimulus, label, baseline_s
        As in :class:`LabelledRecording`.
    values : ndarray of float32, shape (n, n_bands, n_columns)
        Features in nats or dB; frame ``k`` starts ``k * hop`` after the start of the recording.
    faults : dict of int to str
        Why a frame must not be trusted, by its number; frames that can be are left out.
    simulated : bool
        Whether the recording says that it was simulated.
    """

    subject: str
    session: int
    trial: str
    stimulus: str
    label: int
    baseline_s: float
    values: Float32Array
    faults: dict[int, str]
    simulated: bool = False

    @property
    def ok(self) -> BoolArray:
        """Marks of the frames that can be trusted, shape (n,)."""
        ok = np.ones(len(self.values), np.bool_)
        ok[list(self.faults)] = False
        return ok

    def windows(self, n_frames: int) -> Float32Array:
        """Return every sequence of frames as a view.

        Parameters
        ----------
        n_frames : int
            How many consecutive frames make a window.

        Returns
        -------
        ndarray of float32, shape (n - n_frames + 1, n_bands, n_columns, n_frames)
            A read-only view, in nats or dB: nothing is copied, and nothing is read from a mapped file until it is used.
        """
        return np.lib.stride_tricks.sliding_window_view(self.values, n_frames, axis=0)


class Dataset(Protocol):
    """What every data set of the registry offers; :class:`LocalDataset` supplies most of it."""

    @property
    def name(self) -> str:
        """Name in the registry."""

    @property
    def title(self) -> str:
        """Name in the literature."""

    @property
    def licence(self) -> str:
        """Under which terms it may be used."""

    @property
    def attribution(self) -> str:
        """Whom to cite."""

    @property
    def where(self) -> str:
        """Where to get it or to ask for it."""

    @property
    def simulated(self) -> bool:
        """True when no person was measured."""

    @property
    def target(self) -> str:
        """What the labels mean."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels; empty when the folder says them (see `resolve`)."""

    @property
    def default_root(self) -> Path | None:
        """Folder that is read when none is named; None when it needs no folder."""

    @property
    def passband(self) -> tuple[float, float] | None:
        """Band in Hz that the authors' filters left; None when unknown or unfiltered."""

    def resolve(self, root: Path | None) -> Dataset:
        """Return the data set with what only the folder can say (class names, target)."""

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return what there is to read, sorted; raise DatasetError when the folder is not the data set."""

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read one source."""

    def recordings(self, root: Path | None) -> Iterator[LabelledRecording]:
        """Read all sources, one after the other."""

    def frames(self, source: Source, spec: FeatureSpec) -> Iterator[RecordingFrames]:
        """Compute the frames of one source."""

    def card(self) -> DatasetCard:
        """Return what must be said of the data set."""

    def fingerprint(self, source: Source) -> str:
        """Return a hash of everything that the content of a source depends on."""


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Return a key that sorts numbers in names as numbers: ``"2_b"`` before ``"10_a"``.

    Parameters
    ----------
    text : str
        A file name or an id.

    Returns
    -------
    tuple
        To be passed to :func:`sorted`. Sorted as plain text, SEED's subject 10 comes before subject 2.
    """
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(part)) if part.isdigit() else (1, part.lower()) for part in parts if part)

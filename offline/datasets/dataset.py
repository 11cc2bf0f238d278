"""What a data set is: its card, its sources on disk, and the labelled recordings that it yields."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from sclcm_core.errors import DatasetError
from sclcm_core.recordings import Recording

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
    """

    name: str
    title: str
    licence: str
    attribution: str
    simulated: bool
    target: str
    options: tuple[tuple[str, str], ...] = ()


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

    def card(self) -> DatasetCard:
        """Return what must be said of the data set."""

    def fingerprint(self, source: Source) -> str:
        """Return a hash of everything that the content of a source depends on."""


class LocalDataset(ABC):
    """A data set in a folder of this machine.

    Options of a data set are the fields of its (frozen) dataclass. A change to how files are read or labelled must raise
    `loader_version`, so that caches of the former meaning are not used.
    """

    name: str
    title: str
    licence: str
    attribution: str
    where: str
    simulated: bool = False
    target: str = "emotion"
    default_root: Path | None = None
    loader_version: int = 1

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""

    @property
    def passband(self) -> tuple[float, float] | None:
        """Band in Hz that the authors' filters left; None when unknown or unfiltered."""
        return None

    @abstractmethod
    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return what there is to read, sorted; raise DatasetError when the folder is not the data set."""

    @abstractmethod
    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read one source."""

    def resolve(self, root: Path | None) -> Self:
        """Return the data set with what only the folder can say; most folders say nothing."""
        return self

    def recordings(self, root: Path | None) -> Iterator[LabelledRecording]:
        """Read all sources, one after the other."""
        for source in self.sources(root):
            yield from self.read(source)

    def options(self) -> dict[str, str]:
        """Return the options and their values as text."""
        if not dataclasses.is_dataclass(self):
            return {}
        return {field.name: str(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def card(self) -> DatasetCard:
        """Return what must be said of the data set."""
        options = tuple(self.options().items())
        return DatasetCard(self.name, self.title, self.licence, self.attribution, self.simulated, self.target, options=options)

    def fingerprint(self, source: Source) -> str:
        """Return a hash of everything that the content of a source depends on.

        Files count by name, size and time of change: reading all of SEED to hash it would take as long as its features.
        """
        files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in source.paths]
        facts = [self.name, self.loader_version, self.options(), source.key, files]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

    def require_root(self, root: Path | None) -> Path:
        """Return the folder of the data set, or say that it is missing and where to get it."""
        folder = root or self.default_root
        if folder is None:
            raise self.error(f"No folder was named for {self.title}.")
        if not folder.is_dir():
            raise self.error(f"The folder '{folder}' for {self.title} does not exist.")
        return folder

    def error(self, what: str) -> DatasetError:
        """Return an error that ends with where the data set is to be had."""
        return DatasetError(what, f"Name the folder that holds it; {self.where}")


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

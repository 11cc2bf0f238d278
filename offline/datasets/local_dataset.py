"""What all data sets in folders have in common."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from offline.datasets.dataset import DatasetCard, LabelledRecording, RecordingFrames, Source
from offline.datasets.frames import compute_frames
from offline.datasets.read_ahead import read_ahead
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.simulation.sidecar import SIDECAR

_SIMULATED = "Simulated signals in the files of the data set; no person was measured."


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
    live: bool = True
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
        """Return the data set with what only the folder can say; here, that its signals were simulated."""
        folder = root or self.default_root
        if folder is None or not (folder / SIDECAR).exists():
            return self
        resolved = copy.copy(self)
        said = {"simulated": True, "title": f"{self.title} (simulated)", "licence": "MIT", "attribution": _SIMULATED}
        for name, value in said.items():
            object.__setattr__(resolved, name, value)  # options stay what they are; only what is said of the data changes
        return resolved

    def recordings(self, root: Path | None) -> Iterator[LabelledRecording]:
        """Read all sources, one after the other."""
        for source in self.sources(root):
            yield from self.read(source)

    def frames(self, source: Source, spec: FeatureSpec) -> Iterator[RecordingFrames]:
        """Compute the frames of one source, a recording at a time, the next one read meanwhile."""
        for labelled in read_ahead(iter(self.read(source))):
            yield compute_frames(labelled, spec)

    def options(self) -> dict[str, str]:
        """Return the options and their values as text."""
        if not dataclasses.is_dataclass(self):
            return {}
        return {field.name: str(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def card(self) -> DatasetCard:
        """Return what must be said of the data set."""
        options = tuple(self.options().items())
        return DatasetCard(
            name=self.name,
            title=self.title,
            licence=self.licence,
            attribution=self.attribution,
            simulated=self.simulated,
            target=self.target,
            options=options,
            live=self.live,
        )

    def fingerprint(self, source: Source) -> str:
        """Return a hash of everything that the content of a source depends on.

        Files count by name, size and time of change: reading all of SEED to hash it would take as long as its features.
        """
        files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in source.paths]
        facts = [self.name, self.loader_version, self.options(), source.key, source.subject, source.session, files]
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

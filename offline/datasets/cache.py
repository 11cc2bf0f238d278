"""Frames on disk: computed once, mapped into memory ever after, whoever else reads or writes meanwhile."""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import Dataset, RecordingFrames, Source
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.types import Float32Array

logger = logging.getLogger(__name__)

_FORMAT = 2
"""Raised when the same spec gives other bits than before; entries of an earlier format are computed again."""
_FRAMES, _INDEX = "frames.npy", "index.json"
_UNFINISHED = ".unfinished-"
_STALE_S = 24 * 3600.0
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class FrameCache:
    """A folder of frames, one entry a source.

    An entry ``<data set>/<spec>/<source>-<fingerprint>/`` holds ``frames.npy`` (n, n_bands, n_columns) float32, the frames of
    all recordings of the source one after the other, and ``index.json``, which says what they are. It is written under
    another name and renamed when complete, so that it is there as a whole or not at all: writers may race and die.

    Parameters
    ----------
    folder : Path
        Where the entries are.
    """

    folder: Path

    def entry_dir(self, dataset: Dataset, source: Source, spec: FeatureSpec) -> Path:
        """Return where the entry of a source is or will be."""
        name = f"{source.key}-{dataset.fingerprint(source)}"
        return self.folder / dataset.name / spec.cache_key() / name

    def load(self, dataset: Dataset, source: Source, spec: FeatureSpec) -> list[RecordingFrames] | None:
        """Return the frames of a source, mapped from disk, or None when they are not there or damaged.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        source : Source
            One of its sources.
        spec : FeatureSpec
            What was computed.

        Returns
        -------
        list of RecordingFrames or None
            Frames whose values are views of the mapped file.
        """
        entry = self.entry_dir(dataset, source, spec)
        if not entry.is_dir():
            return None
        try:
            index = json.loads((entry / _INDEX).read_text(encoding="utf-8"))
            values = np.load(entry / _FRAMES, mmap_mode="r")
            return _unpack(index, values)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("the cache entry %s is damaged (%s) and will be computed again", entry, error)
            return None

    def store(self, dataset: Dataset, source: Source, spec: FeatureSpec, recordings: Sequence[RecordingFrames]) -> None:
        """Write the frames of a source.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        source : Source
            One of its sources.
        spec : FeatureSpec
            What was computed.
        recordings : sequence of RecordingFrames
            The frames of all its recordings.
        """
        entry = self.entry_dir(dataset, source, spec)
        unfinished = entry.with_name(f"{_UNFINISHED}{entry.name}-{uuid.uuid4().hex}")
        unfinished.mkdir(parents=True)
        try:
            _write(unfinished, dataset, source, spec, recordings)
            _publish(unfinished, entry)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def remove_unfinished(self) -> None:
        """Remove what writers that died a day ago or earlier left behind."""
        for path in self.folder.glob(f"*/*/{_UNFINISHED}*"):
            if time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path, ignore_errors=True)


def _write(folder: Path, dataset: Dataset, source: Source, spec: FeatureSpec, recordings: Sequence[RecordingFrames]) -> None:
    if not recordings:
        raise DatasetError(f"Source '{source.key}' of {dataset.title} holds no recording.", "Remove its file.")
    with (folder / _FRAMES).open("wb") as file:
        np.save(file, np.concatenate([frames.values for frames in recordings]))
        file.flush()
        os.fsync(file.fileno())
    facts = {"format": _FORMAT, "dataset": asdict(dataset.card()), "source": source.key}
    index = facts | {"spec": spec.model_dump(mode="json"), "recordings": _pack(recordings)}
    with (folder / _INDEX).open("w", encoding="utf-8") as file_of_text:
        json.dump(index, file_of_text, indent=1, allow_nan=False)
        file_of_text.flush()
        os.fsync(file_of_text.fileno())


def _publish(unfinished: Path, entry: Path) -> None:
    """Give the entry its name; another writer may have been quicker, or a damaged one may stand in the way."""
    for _ in range(_ATTEMPTS):
        try:
            unfinished.rename(entry)
            return
        except OSError:
            if _is_whole(entry):
                return
            shutil.rmtree(entry, ignore_errors=True)
    raise DatasetError(f"The cache entry '{entry}' cannot be written.", "Check the rights and the free space of its folder.")


def _is_whole(entry: Path) -> bool:
    try:
        _unpack(json.loads((entry / _INDEX).read_text(encoding="utf-8")), np.load(entry / _FRAMES, mmap_mode="r"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _pack(recordings: Sequence[RecordingFrames]) -> list[dict[str, Any]]:
    """Describe recordings in JSON's terms; a baseline without end is written as null."""
    stops = np.cumsum([len(frames.values) for frames in recordings]).tolist()
    return [
        {
            "subject": frames.subject,
            "session": frames.session,
            "trial": frames.trial,
            "stimulus": frames.stimulus,
            "label": int(frames.label),
            "baseline_s": frames.baseline_s if math.isfinite(frames.baseline_s) else None,
            "simulated": frames.simulated,
            "start": stop - len(frames.values),
            "stop": stop,
            "faults": {str(number): text for number, text in frames.faults.items()},
        }
        for frames, stop in zip(recordings, stops, strict=True)
    ]


def _unpack(index: dict[str, Any], mapped: Float32Array) -> list[RecordingFrames]:
    values = np.asarray(mapped)  # a plain view of the map: np.memmap's own indexing is ten times slower
    if index["format"] != _FORMAT or values.dtype != np.float32 or len(values) != index["recordings"][-1]["stop"]:
        raise ValueError(f"format {index['format']}, {values.dtype}, {len(values)} frames")
    return [
        RecordingFrames(
            subject=facts["subject"],
            session=facts["session"],
            trial=facts["trial"],
            stimulus=facts["stimulus"],
            label=facts["label"],
            baseline_s=math.inf if facts["baseline_s"] is None else facts["baseline_s"],
            values=values[facts["start"] : facts["stop"]],
            faults={int(number): text for number, text in facts["faults"].items()},
            simulated=facts["simulated"],
        )
        for facts in index["recordings"]
    ]

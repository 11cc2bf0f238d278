"""The features that the authors of SEED-V distribute."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import LabelledRecording, RecordingFrames, Source, natural_key
from offline.datasets.dated_files import warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.published_features import faults_of, select_features
from offline.datasets.seed import SEED_WHERE, subfolder
from offline.datasets.seed_iv import clip_name
from offline.datasets.seed_v import CLASS_NAMES, CLIP_LABELS, N_CLIPS, SEED_V_ATTRIBUTION
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings.plain_pickle import load_plain
from sclcm_core.types import FloatArray

_NAME = re.compile(r"(\d+)_123\.npz")
_N_CHANNELS, _N_BANDS = 62, 5
_WINDOW_S = 4.0


@dataclass(frozen=True)
class SeedVFeatures(LocalDataset):
    """SEED-V's ``EEG_DE_features``: differential entropy of windows of 4 s, smoothed by the authors.

    Files ``<subject>_123.npz`` hold all three sessions: ``data`` and ``label`` are pickles of dictionaries from the number of
    the trial (0 to 44) to (n_windows, 310), channel by channel, and to the label of each window. They are read without
    executing anything.

    Notes
    -----
    As with SEED's, no live stream gives these numbers: ``live`` is False.

    Source: Liu et al. 2021, doi:10.1109/TCDS.2021.3071170.
    """

    name = "seed-v-features"
    title = "SEED-V (features of the authors)"
    licence = "SEED licence form; research only, no redistribution"
    attribution = SEED_V_ATTRIBUTION
    where = SEED_WHERE
    live = False
    class_names = CLASS_NAMES
    default_root = Path("data/SEED-V")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every subject."""
        folder = subfolder(self.require_root(root), "EEG_DE_features")
        found = [(path, match[1]) for path in folder.glob("*.npz") if (match := _NAME.fullmatch(path.name))]
        if not found:
            raise self.error(f"The folder '{folder}' holds no files like 1_123.npz.")
        warn_of_counts(self.title, folder, {subject: 1 for _, subject in found}, 16, 1)
        found.sort(key=lambda item: natural_key(item[1]))
        return [Source(path.stem, subject, paths=(path,)) for path, subject in found]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Refuse: there are no signals in these files."""
        raise DatasetError(f"{self.title} holds features, not signals.", "Read the data set 'seed-v' instead.")

    def frames(self, source: Source, spec: FeatureSpec) -> Iterator[RecordingFrames]:
        """Read the frames of a subject."""
        if spec.pairs or spec.kind != "de":
            raise DatasetError(f"{self.title} holds differential entropy of channels only.", "Set kind to 'de', without pairs.")
        selection = select_features(spec, _WINDOW_S, self.title)
        (path,) = source.paths
        data, labels = _load(path)
        for trial in range(len(CLIP_LABELS) * N_CLIPS):
            session, number = trial // N_CLIPS + 1, trial % N_CLIPS + 1
            values = selection.columns({"de": _trial(path, data, trial)})
            label = _label(path, labels, trial, CLIP_LABELS[session - 1][number - 1])
            name = clip_name(session, number)
            yield RecordingFrames(str(source.subject), session, name, name, label, 0.0, values, faults_of(values))


def _load(path: Path) -> tuple[dict[int, Any], dict[int, Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            found = [load_plain(content[name].tobytes()) for name in ("data", "label")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"'{path}' holds no readable 'data' and 'label' ({error}).", "Copy the original file again."
        ) from error
    data, labels = found
    if not (isinstance(data, dict) and isinstance(labels, dict)):
        raise DatasetError(f"'data' and 'label' of '{path}' are no dictionaries.", "Copy the original file again.")
    return data, labels


def _trial(path: Path, data: dict[int, Any], trial: int) -> FloatArray:
    """Return the features of a trial, shape (62, n, 5)."""
    array = np.asarray(data.get(trial, np.empty(0)))
    if array.ndim != 2 or array.shape[1] != _N_CHANNELS * _N_BANDS or array.dtype.kind not in "fiu":
        raise DatasetError(
            f"'data' of '{path}', trial {trial}, is {array.dtype} {array.shape} instead of (n, {_N_CHANNELS * _N_BANDS}).",
            "Copy the original file again.",
        )
    return array.reshape(len(array), _N_CHANNELS, _N_BANDS).transpose(1, 0, 2)


def _label(path: Path, labels: dict[int, Any], trial: int, published: int) -> int:
    found = np.unique(np.asarray(labels.get(trial, np.empty(0))))
    if found.tolist() != [published]:
        raise DatasetError(
            f"'label' of '{path}', trial {trial}, is {found.tolist()}; published is {published}.",
            "Copy the original file again.",
        )
    return published

"""The features that the authors of SEED and SEED-IV distribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import LabelledRecording, RecordingFrames, Source
from offline.datasets.dated_files import dated_files, warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.published_features import Selection, faults_of, select_features
from offline.datasets.seed import N_CLIPS, SEED_ATTRIBUTION, SEED_WHERE, read_labels
from offline.datasets.seed_iv import CLIP_LABELS, SEED_IV_ATTRIBUTION, clip_name, session_sources
from offline.datasets.seed_iv import N_CLIPS as N_CLIPS_IV
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings.matlab_v5 import list_variables, load_numbers
from sclcm_core.types import FloatArray

SMOOTHINGS = ("movingAve", "LDS")
_ROWS = {"de": 62, "psd": 62, "dasm": 27, "rasm": 27, "dcau": 23}
_N_BANDS = 5


@dataclass(frozen=True)
class PublishedFeatures(LocalDataset):
    """Features from MATLAB files with variables such as ``de_LDS7``, (n_rows, n_windows, 5).

    Parameters
    ----------
    smoothing : {'movingAve', 'LDS'}
        Moving average, or linear dynamical system; the latter looks at the whole trial.

    Notes
    -----
    The authors' differential entropy is the logarithm of the energy of a short-time Fourier transform (Duan et al. 2013,
    doi:10.1109/NER.2013.6695876): it differs from that of this program by an affine map, and is smoothed over the trial. No live
    stream gives the same numbers: ``live`` is False, and models trained on them are for comparison only.
    """

    smoothing: str = "movingAve"

    live = False
    licence = "SEED licence form; research only, no redistribution"
    where = SEED_WHERE

    def __post_init__(self) -> None:
        if self.smoothing not in SMOOTHINGS:
            raise ValueError(f"smoothing must be 'movingAve' or 'LDS'; got '{self.smoothing}'")

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Refuse: there are no signals in these files."""
        raise DatasetError(f"{self.title} holds features, not signals.", "Read the recordings of the data set instead.")

    def _frames(self, source: Source, selection: Selection, trials: Sequence[tuple[str, int]]) -> Iterator[RecordingFrames]:
        """Read one file; `trials` are the name and label of each, in the order of their numbers."""
        path = source.paths[0]
        wanted = [f"{kind}_{self.smoothing}{k + 1}" for kind in selection.rows for k in range(len(trials))]
        content = _load(path, wanted, self)
        for number, (name, label) in enumerate(trials, start=1):
            arrays = {kind: _array(path, content, f"{kind}_{self.smoothing}{number}", kind) for kind in selection.rows}
            _check_lengths(path, number, arrays)
            values = selection.columns(arrays)
            yield RecordingFrames(str(source.subject), source.session, name, name, label, 0.0, values, faults_of(values))


@dataclass(frozen=True)
class SeedFeatures(PublishedFeatures):
    """SEED's ``ExtractedFeatures`` (windows of 1 s) and ``ExtractedFeatures_4s``.

    Which of the two is read follows from the spec's window.

    Parameters
    ----------
    smoothing : {'movingAve', 'LDS'}
        See :class:`PublishedFeatures`.

    Notes
    -----
    Source: Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497.
    """

    name = "seed-features"
    title = "SEED (features of the authors)"
    attribution = SEED_ATTRIBUTION
    class_names = ("negative", "neutral", "positive")
    default_root = Path("data/SEED")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every visit of every subject, with the files of both window lengths where they are there."""
        base = self.require_root(root)
        folders = [folder for folder in (self._folder(base, 1.0), self._folder(base, 4.0)) if folder is not None]
        if not folders:
            raise self.error(f"'{base}' holds no folder ExtractedFeatures, ExtractedFeatures_1s or ExtractedFeatures_4s.")
        files = dated_files(folders[0], self)
        labels_path = folders[0] / "label.mat"
        read_labels(labels_path, self)
        warn_of_counts(self.title, folders[0], Counter(file.subject for file in files), 15, 3)
        seen: Counter[str] = Counter()
        sources = []
        for file in files:
            seen[file.subject] += 1
            others = [path for folder in folders[1:] if (path := folder / file.path.name).is_file()]
            sources.append(Source(file.path.stem, file.subject, seen[file.subject], (file.path, labels_path, *others)))
        return sources

    def frames(self, source: Source, spec: FeatureSpec) -> Iterator[RecordingFrames]:
        """Read the frames of a visit."""
        window_s = 4.0 if spec.window_s == 4.0 else 1.0
        paths = [path for path in source.paths if path.parent.name in _folder_names(window_s)]
        if not paths:
            raise DatasetError(
                f"Of '{source.paths[0].name}' there are no features of windows of {window_s:g} s.",
                f"Copy the folder {_folder_names(window_s)[0]} beside '{source.paths[0].parent}', or choose the other window.",
            )
        labels = read_labels(source.paths[1], self)
        trials = [(f"clip{number:02d}", labels[number - 1]) for number in range(1, N_CLIPS + 1)]
        chosen = Source(source.key, source.subject, source.session, (paths[0],))
        yield from self._frames(chosen, select_features(spec, window_s, self.title), trials)

    def _folder(self, base: Path, window_s: float) -> Path | None:
        candidates = [parent / name for parent in (base, base.parent) for name in _folder_names(window_s)]
        return next((folder for folder in candidates if folder.is_dir()), None)


def _folder_names(window_s: float) -> tuple[str, ...]:
    return ("ExtractedFeatures_4s",) if window_s == 4.0 else ("ExtractedFeatures", "ExtractedFeatures_1s")


@dataclass(frozen=True)
class SeedIVFeatures(PublishedFeatures):
    """SEED-IV's ``eeg_feature_smooth``: windows of 4 s.

    Parameters
    ----------
    smoothing : {'movingAve', 'LDS'}
        See :class:`PublishedFeatures`.

    Notes
    -----
    Source: Zheng et al. 2019, doi:10.1109/TCYB.2018.2797176.
    """

    name = "seed-iv-features"
    title = "SEED-IV (features of the authors)"
    attribution = SEED_IV_ATTRIBUTION
    class_names = ("neutral", "sad", "fear", "happy")
    default_root = Path("data/SEED_IV")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every session of every subject."""
        base = self.require_root(root)
        folder = base / "eeg_feature_smooth"
        return session_sources(folder if folder.is_dir() else base, self)

    def frames(self, source: Source, spec: FeatureSpec) -> Iterator[RecordingFrames]:
        """Read the frames of a session."""
        if spec.pairs:
            raise DatasetError(f"{self.title} holds no {', '.join(spec.pairs)}.", "Leave the pairs out of the features.")
        labels = CLIP_LABELS[source.session - 1]
        trials = [(clip_name(source.session, number), labels[number - 1]) for number in range(1, N_CLIPS_IV + 1)]
        yield from self._frames(source, select_features(spec, 4.0, self.title), trials)


def _load(path: Path, names: Sequence[str], dataset: LocalDataset) -> dict[str, Any]:
    try:
        found = list_variables(path)
        return {name: load_numbers(path, found[name]) for name in names if name in found}
    except Exception as error:  # a foreign or damaged file fails in any way
        raise DatasetError(f"'{path}' cannot be read ({error}).", f"Copy it again; {dataset.where}") from error


def _array(path: Path, content: dict[str, Any], name: str, kind: str) -> FloatArray:
    if name not in content:
        raise DatasetError(f"'{path}' has no variable '{name}'.", "Copy the original file again.")
    array = np.asarray(content[name])
    shape = (_ROWS[kind], "n", _N_BANDS)
    if array.ndim != 3 or (array.shape[0], array.shape[2]) != (_ROWS[kind], _N_BANDS) or array.dtype.kind not in "fiu":
        raise DatasetError(f"'{name}' of '{path}' is {array.dtype} {array.shape} instead of {shape}.", "Copy the file again.")
    return array


def _check_lengths(path: Path, number: int, arrays: dict[str, FloatArray]) -> None:
    lengths = {kind: array.shape[1] for kind, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DatasetError(
            f"'{path}', trial {number}: kinds of features of different lengths: {lengths}.", "Copy the file again."
        )

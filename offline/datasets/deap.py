"""DEAP: forty music videos, rated by each viewer (Koelstra et al. 2012); the preprocessed files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import LabelledRecording, Source, natural_key
from offline.datasets.dated_files import warn_of_counts, warn_of_unfinished
from offline.datasets.deap_ratings import N_VIDEOS, compare_ratings, find_ratings, read_ratings
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.ratings import RatingScale
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.recordings.deap import BASELINE_S, RATINGS, SFREQ, deap_arrays, deap_trials
from sclcm_core.recordings.matlab_v5 import list_variables, load_numbers
from sclcm_core.recordings.plain_pickle import load_plain
from sclcm_core.simulation.sidecar import SIDECAR
from sclcm_core.types import FloatArray

DEAP_WHERE = "apply for it at https://www.eecs.qmul.ac.uk/mmv/datasets/deap/ (a signed licence form; it may not be passed on)."
DEAP_ATTRIBUTION = (
    "Koelstra S, Muehl C, Soleymani M, et al. DEAP: A Database for Emotion Analysis using Physiological Signals. IEEE Trans. "
    "Affective Computing 3(1):18-31, 2012, doi:10.1109/T-AFFC.2011.15."
)
_NAME = re.compile(r"s(\d\d)\.(dat|mat)")
_FOLDERS = {"python": "data_preprocessed_python", "matlab": "data_preprocessed_matlab"}
_SUFFIXES = {"python": ".dat", "matlab": ".mat"}
_N_TIMES = 8064


@dataclass(frozen=True)
class DeapRatings(LocalDataset):
    """What the preprocessed and the original files of DEAP have in common: how ratings become labels.

    Parameters
    ----------
    dimension : {'valence', 'arousal', 'dominance', 'liking'}
        Which rating is classified into low and high.
    convention, threshold, bounds
        See :class:`~offline.datasets.ratings.RatingScale`. Say which one was used wherever a result is shown.
    """

    dimension: str = "valence"
    convention: str = "at_least"
    threshold: float = 5.0
    bounds: tuple[float, float] = (3.5, 6.5)

    licence = "DEAP end user licence agreement; research only, no redistribution"
    attribution = DEAP_ATTRIBUTION
    where = DEAP_WHERE
    default_root = Path("data/DEAP")

    def __post_init__(self) -> None:
        if self.dimension not in RATINGS:
            raise ValueError(f"there is no rating '{self.dimension}'. {nearest(self.dimension, RATINGS)}")
        object.__setattr__(self, "bounds", tuple(self.bounds))
        self.scale()

    def scale(self) -> RatingScale:
        """Return how ratings become labels."""
        return RatingScale(self.convention, self.threshold, self.bounds)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Low and high of the chosen dimension."""
        return (f"low {self.dimension}", f"high {self.dimension}")

    def labels(self, path: Path, ratings: FloatArray) -> list[int]:
        """Return the label of each trial of a subject.

        Parameters
        ----------
        path : Path
            Where the ratings are from.
        ratings : ndarray, shape (n_trials, 4)
            Valence, arousal, dominance, liking, 1 to 9.

        Returns
        -------
        list of int
            Low 0, high 1, neither -1.
        """
        column = self.column(ratings)
        outside = ~((column >= 1) & (column <= 9))
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            raise DatasetError(
                f"'{path}': the {self.dimension} of video {first + 1} is {column[first]:g}, which is no rating from 1 to 9.",
                "Copy the original file again; a missing rating cannot be made up.",
            )
        return [int(label) for label in self.scale().labels(column)]

    def column(self, ratings: FloatArray) -> FloatArray:
        """Return the ratings of the chosen dimension.

        Parameters
        ----------
        ratings : ndarray, shape (n_trials, 4)
            Valence, arousal, dominance, liking, 1 to 9 without unit.

        Returns
        -------
        ndarray, shape (n_trials,)
            1 to 9, without unit.
        """
        chosen: FloatArray = ratings[:, RATINGS.index(self.dimension)]
        return chosen


@dataclass(frozen=True)
class Deap(DeapRatings):
    """DEAP's preprocessed files: 32 subjects, 40 videos of a minute each; 32 EEG channels at 128 Hz, 4-45 Hz.

    ``data_preprocessed_python/sNN.dat`` or ``data_preprocessed_matlab/sNN.mat`` hold ``data`` (40, 40, 8064) and ``labels``
    (40, 4), trials in the order of the videos' numbers; the first three seconds are rest. Channels 32 to 39 are peripheral and
    kept under their names.

    Parameters
    ----------
    dimension, convention, threshold, bounds
        See :class:`DeapRatings`.
    files : {'python', 'matlab'}
        Which of the two formats is read.
    ratings : {'file', 'participant_ratings'}
        Whether labels come from the signal files or from ``participant_ratings.csv``; where both are there they are compared.

    Notes
    -----
    The authors' high-pass at 4 Hz leaves 1.4 % of the power between 1 and 4 Hz: the delta band is refused.

    Source: Koelstra et al. 2012, doi:10.1109/T-AFFC.2011.15.
    """

    files: str = "python"
    ratings: str = "file"

    name = "deap"
    title = "DEAP"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.files not in _FOLDERS:
            raise ValueError(f"files must be 'python' or 'matlab'; got '{self.files}'")
        if self.ratings not in ("file", "participant_ratings"):
            raise ValueError(f"ratings must be 'file' or 'participant_ratings'; got '{self.ratings}'")

    @property
    def passband(self) -> tuple[float, float]:
        """The authors' filters left 4 to 45 Hz."""
        return (4.0, 45.0)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every subject."""
        base = self.require_root(root)
        folder = base / _FOLDERS[self.files] if (base / _FOLDERS[self.files]).is_dir() else base
        suffix = _SUFFIXES[self.files]
        paths = [path for path in folder.glob(f"s*{suffix}") if _NAME.fullmatch(path.name)]
        if not paths:
            warn_of_unfinished(folder, 0)
            raise self.error(f"The folder '{folder}' holds no files like s01{suffix}.")
        ratings_path = find_ratings(base)
        if ratings_path is None and self.ratings == "participant_ratings":
            raise self.error(f"'{base}' holds no metadata_csv/participant_ratings.csv.")
        warn_of_counts(self.title, folder, {path.stem: 1 for path in paths}, 32, 1)
        extra = () if ratings_path is None else (ratings_path,)
        paths.sort(key=lambda path: natural_key(path.name))
        return [Source(path.stem, path.stem, paths=(path, *extra)) for path in paths]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the forty trials of a subject."""
        path, *ratings_paths = source.paths
        content = _load(path, self)
        data, stored = deap_arrays(path, content)
        _check_shape(path, data, self)
        labels = self.labels(path, self._ratings(path, stored, ratings_paths))
        trials = deap_trials(path, content)
        for number, label in enumerate(labels, start=1):
            name = f"video{number:02d}"
            recording = trials.choose(str(number))
            yield LabelledRecording(recording, str(source.subject), 1, name, name, label, BASELINE_S)

    def stated_ratings(self, source: Source) -> FloatArray:
        """Return what a subject said of the forty videos.

        Parameters
        ----------
        source : Source
            One of `sources`.

        Returns
        -------
        ndarray, shape (40, 4)
            Valence, arousal, dominance and liking, 1 to 9 without unit; those that the labels are made from.
        """
        path, *ratings_paths = source.paths
        _, stored = deap_arrays(path, _load(path, self))
        return self._ratings(path, stored, ratings_paths)

    def _ratings(self, path: Path, stored: FloatArray, ratings_paths: Sequence[Path]) -> FloatArray:
        if not ratings_paths:
            return stored
        everyone = read_ratings(ratings_paths[0])
        number = int(path.stem[1:])
        if number not in everyone:
            raise DatasetError(
                f"'{ratings_paths[0]}' holds no ratings of participant {number}.", "Copy the original file again."
            )
        stated = everyone[number].values
        compare_ratings(path, stored, stated)
        return stated[: len(stored)] if self.ratings == "participant_ratings" else stored


def _load(path: Path, dataset: LocalDataset) -> Any:
    try:
        if path.suffix == ".dat":
            return load_plain(path.read_bytes())
        found = list_variables(path)
        return {name: load_numbers(path, found[name]) for name in ("data", "labels") if name in found}
    except Exception as error:  # a damaged file fails in any way
        raise DatasetError(f"'{path}' is not a file of DEAP: {error}.", f"Copy it again; {dataset.where}") from error


def _check_shape(path: Path, data: FloatArray, dataset: LocalDataset) -> None:
    n_trials, _, n_times = data.shape
    is_original = not (path.parent / SIDECAR).exists()
    if n_trials != N_VIDEOS or (is_original and n_times != _N_TIMES) or n_times <= BASELINE_S * SFREQ:
        raise DatasetError(
            f"'data' of '{path}' is {data.shape} instead of ({N_VIDEOS}, 40, {_N_TIMES}).", f"Copy it again; {dataset.where}"
        )

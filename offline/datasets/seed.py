"""SEED: fifteen film clips of three emotions (Zheng & Lu 2015)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.datasets.channel_order import check_channel_order
from offline.datasets.dataset import LabelledRecording, Source
from offline.datasets.dated_files import dated_files, warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError
from sclcm_core.recordings.matlab import open_mat
from sclcm_core.recordings.matlab_v5 import list_variables, load_numbers
from sclcm_core.recordings.trials import Trials

logger = logging.getLogger(__name__)

N_CLIPS = 15
CLIP_SECONDS = (235, 233, 206, 238, 185, 195, 237, 216, 265, 237, 235, 233, 235, 238, 206)
"""Length of each clip in s."""

CLIP_LABELS = (1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1)
"""Emotion of each clip as published: positive 1, neutral 0, negative -1."""

SEED_WHERE = "apply for it at https://bcmi.sjtu.edu.cn/home/seed/ (a signed licence form; it may not be passed on)."
SEED_ATTRIBUTION = (
    "Zheng W-L, Lu B-L. Investigating Critical Frequency Bands and Channels for EEG-based Emotion Recognition with Deep Neural "
    "Networks. IEEE Trans. Autonomous Mental Development 7(3):162-175, 2015, doi:10.1109/TAMD.2015.2431497. "
    "Duan R-N, Zhu J-Y, Lu B-L. Differential entropy feature for EEG-based emotion classification. NER 2013, "
    "doi:10.1109/NER.2013.6695876."
)
_LONGEST_DIFFERENCE_S = 1.5


@dataclass(frozen=True)
class Seed(LocalDataset):
    """SEED's ``Preprocessed_EEG``: 15 subjects, 3 visits, the same 15 clips each time; 62 channels at 200 Hz.

    Files ``<subject>_<YYYYMMDD>.mat`` hold ``<initials>_eeg1`` to ``_eeg15``, (62, 200 s + 1) each, beside ``label.mat``. The
    visit is the rank of the date; the clip is the number at the end of the variable's name, whatever the order in the file.

    Notes
    -----
    All subjects see the same fifteen clips, three times, in the same order: a split by subject alone cannot tell recognising a
    clip from recognising an emotion.

    Source: Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497.
    """

    name = "seed"
    title = "SEED"
    licence = "SEED licence form; research only, no redistribution"
    attribution = SEED_ATTRIBUTION
    where = SEED_WHERE
    class_names = ("negative", "neutral", "positive")
    default_root = Path("data/SEED")

    @property
    def passband(self) -> tuple[float, float]:
        """The authors' filter left 0 to 75 Hz."""
        return (0.0, 75.0)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every visit of every subject."""
        folder = subfolder(self.require_root(root), "Preprocessed_EEG")
        files = dated_files(folder, self)
        check_channel_order(folder)
        labels_path = folder / "label.mat"
        read_labels(labels_path, self)
        warn_of_counts(self.title, folder, Counter(file.subject for file in files), 15, 3)
        seen: Counter[str] = Counter()
        sources = []
        for file in files:
            seen[file.subject] += 1
            sources.append(Source(file.path.stem, file.subject, seen[file.subject], (file.path, labels_path)))
        return sources

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the fifteen trials of a visit, one at a time."""
        path, labels_path = source.paths
        labels = read_labels(labels_path, self)
        for number, trials in numbered_trials(path, N_CLIPS, self):
            recording = trials.choose(str(number))
            if not recording.simulated:
                _warn_of_length(path, number, recording.duration_s)
            name = f"clip{number:02d}"
            yield LabelledRecording(recording, str(source.subject), source.session, name, name, labels[number - 1])


def subfolder(root: Path, name: str) -> Path:
    """Return the folder of this name in `root`, or `root` itself when it is that folder or holds its files directly.

    Parameters
    ----------
    root : Path
        What the user named.
    name : str
        Name that the folder has in the data set.

    Returns
    -------
    Path
        Where the files should be.
    """
    return root / name if (root / name).is_dir() else root


def read_labels(path: Path, dataset: LocalDataset) -> list[int]:
    """Read SEED's ``label.mat``.

    Parameters
    ----------
    path : Path
        The file.
    dataset : LocalDataset
        For the text of errors.

    Returns
    -------
    list of int
        The label of each clip: negative 0, neutral 1, positive 2.
    """
    if not path.exists():
        raise dataset.error(f"'{path}' is missing.")
    try:
        values = load_numbers(path, list_variables(path)["label"]).ravel()
    except Exception as error:  # a foreign or damaged file fails in any way
        raise DatasetError(
            f"'{path}' holds no readable variable 'label' ({error}).", "Copy the original file again."
        ) from error
    if values.shape != (N_CLIPS,) or not np.isin(values, (-1, 0, 1)).all():
        raise DatasetError(
            f"'label' of '{path}' is {values.tolist()} instead of {N_CLIPS} values of -1, 0, 1.",
            "Copy the original file again.",
        )
    if tuple(values) != CLIP_LABELS:
        logger.warning("'%s' differs from the published labels of SEED; the labels of the file are used", path)
    return [int(value) + 1 for value in values]


def numbered_trials(path: Path, n_trials: int, dataset: LocalDataset) -> Iterator[tuple[int, Trials]]:
    """Open a file of SEED or SEED-IV and go through its trials by number.

    Parameters
    ----------
    path : Path
        The file.
    n_trials : int
        How many it must hold.
    dataset : LocalDataset
        For the text of errors.

    Yields
    ------
    number : int
        From 1.
    trials : Trials
        The opened file.
    """
    trials = open_mat(path)
    expected = [str(number) for number in range(1, n_trials + 1)]
    missing, foreign = set(expected) - set(trials.names), set(trials.names) - set(expected)
    if missing or foreign:
        absent = ", ".join(f"*_eeg{number}" for number in sorted(missing, key=int)) or "none"
        extra = ", ".join(sorted(foreign)) or "none"
        raise DatasetError(
            f"'{path}' holds {len(trials.names)} trials; {dataset.title} has {n_trials}. Missing variables: {absent}; "
            f"foreign trials: {extra}.",
            f"Replace the file by the original; {dataset.where}",
        )
    for number in range(1, n_trials + 1):
        yield number, trials


def _warn_of_length(path: Path, number: int, duration_s: float) -> None:
    published_s = CLIP_SECONDS[number - 1]
    if abs(duration_s - published_s) > _LONGEST_DIFFERENCE_S:
        logger.warning("'%s': clip %d lasts %.1f s; published are %d s", path, number, duration_s, published_s)

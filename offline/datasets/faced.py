"""FACED: twenty-eight clips of nine emotions, 123 subjects (Chen et al. 2023)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.datasets.dataset import LabelledRecording, Source, natural_key
from offline.datasets.dated_files import warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.seed import subfolder
from sclcm_core.errors import DatasetError
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.plain_pickle import load_plain
from sclcm_core.types import FloatArray

logger = logging.getLogger(__name__)

EMOTIONS = ("anger", "disgust", "fear", "sadness", "neutral", "amusement", "inspiration", "joy", "tenderness")
CLIP_EMOTIONS = tuple(np.repeat(range(9), (3, 3, 3, 3, 4, 3, 3, 3, 3)).tolist())
"""Emotion of each of the 28 clips, an index into `EMOTIONS`."""

VALENCES = ("negative", "neutral", "positive")
_FRONT = "Fp1 Fp2 Fz F3 F4 F7 F8 FC1 FC2 FC5 FC6 Cz C3 C4 T7 T8".split()
_BACK = "CP1 CP2 CP5 CP6 Pz P3 P4 P7 P8 PO3 PO4 Oz O1 O2".split()
_ORDERS = {"middle": (*_FRONT, "A1", "A2", *_BACK), "last": (*_FRONT, *_BACK, "A2", "A1")}
_PLACES = {"middle": "after T8", "last": "at the end"}
UNSETTLED = tuple(
    one if one == other else f"{one}|{other}" for one, other in zip(_ORDERS["last"], _ORDERS["middle"], strict=True)
)
"""Channel names where it is not settled which of two a channel is: ``"CP1|A1"``."""

_CLEAR_DIFFERENCE = 0.3
_NAME = re.compile(r"sub(\d{3})\.pkl")
_SHAPE = (28, 32, 7500)
_SFREQ = 250.0


@dataclass(frozen=True)
class Faced(LocalDataset):
    """FACED's ``Processed_data``: 123 subjects, 28 clips of 30 s; 32 channels at 250 Hz.

    Files ``subNNN.pkl`` hold an array (28, 32, 7500); they are read without executing anything.

    Parameters
    ----------
    classes : {'valence', 'emotion'}
        Three classes (negative, neutral, positive) or all nine emotions.
    mastoids : {'by_signal', 'middle', 'last'}
        Where the two mastoid channels stand. Public readers disagree: after T8, or at the end. Usually each file tells: the
        seventeenth and eighteenth channels are either CP1 and CP2, which see much the same, or the mastoids, which lie on
        opposite sides of the head; the last two are then the mastoids, or O1 and O2. The first sixteen channels, T7 and T8
        among them, are the same either way. Where the signal does not tell, the others can only be used once this is said.

    Notes
    -----
    All subjects see the same clips, two to four of each emotion.

    Source: Chen et al. 2023, doi:10.1038/s41597-023-02650-w.
    """

    classes: str = "valence"
    mastoids: str = "by_signal"

    name = "faced"
    title = "FACED"
    licence = "Creative Commons, by registration at Synapse; see its terms"
    attribution = (
        "Chen J, Wang X, Huang C, et al. A Large Finer-grained Affective Computing EEG Dataset. Scientific Data 10:740, 2023, "
        "doi:10.1038/s41597-023-02650-w."
    )
    where = "register and download Processed_data at https://www.synapse.org/Synapse:syn50614194."
    default_root = Path("data/FACED")
    loader_version = 2

    def __post_init__(self) -> None:
        if self.classes not in ("valence", "emotion"):
            raise ValueError(f"classes must be 'valence' or 'emotion'; got '{self.classes}'")
        if self.mastoids not in ("by_signal", *_ORDERS):
            raise ValueError(f"mastoids must be 'by_signal', 'middle' or 'last'; got '{self.mastoids}'")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The three valences or the nine emotions."""
        return VALENCES if self.classes == "valence" else EMOTIONS

    @property
    def passband(self) -> tuple[float, float]:
        """The authors' filters left 0.05 to 47 Hz."""
        return (0.05, 47.0)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every subject."""
        folder = subfolder(self.require_root(root), "Processed_data")
        found = [(path, match[1]) for path in folder.glob("*.pkl") if (match := _NAME.fullmatch(path.name))]
        if not found:
            raise self.error(f"The folder '{folder}' holds no files like sub000.pkl.")
        warn_of_counts(self.title, folder, {subject: 1 for _, subject in found}, 123, 1)
        found.sort(key=lambda item: natural_key(item[1]))
        return [Source(path.stem, subject, paths=(path,)) for path, subject in found]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the 28 clips of a subject."""
        (path,) = source.paths
        data = _load(path, self)
        ch_names = self._ch_names(path, data)
        for number, (samples, emotion) in enumerate(zip(data, CLIP_EMOTIONS, strict=True), start=1):
            name = f"clip{number:02d}"
            recording = finish(path, samples.T, _SFREQ, ch_names)
            yield LabelledRecording(recording, str(source.subject), 1, name, name, self._label(emotion))

    def _ch_names(self, path: Path, data: FloatArray) -> tuple[str, ...]:
        if self.mastoids in _ORDERS:
            return _ORDERS[self.mastoids]
        order = mastoid_order(data)
        if order is None:
            logger.warning("'%s' does not tell where its mastoids stand; if you know, say so by the option mastoids", path)
            return UNSETTLED
        logger.info("'%s': the mastoids stand %s by what the channels share", path, _PLACES[order])
        return _ORDERS[order]

    def _label(self, emotion: int) -> int:
        neutral = EMOTIONS.index("neutral")
        return emotion if self.classes == "emotion" else 1 + int(np.sign(emotion - neutral))


def mastoid_order(data: FloatArray) -> str | None:
    """Tell from the signal where the mastoid channels stand.

    Parameters
    ----------
    data : ndarray, shape (n_clips, 32, n_times)
        Potentials in µV.

    Returns
    -------
    {'middle', 'last'} or None
        None when both pairs of channels that could be the mastoids share about the same.
    """
    middle, last = (_mean_correlation(data[:, first], data[:, second]) for first, second in ((16, 17), (30, 31)))
    if not abs(middle - last) > _CLEAR_DIFFERENCE:
        return None
    return "last" if middle > last else "middle"


def _mean_correlation(one: FloatArray, other: FloatArray) -> float:
    """Return the correlation of two channels, (n_clips, n_times) each, averaged over clips; flat clips count as 0."""
    first, second = (x - x.mean(axis=1, keepdims=True) for x in (one, other))
    shared = np.einsum("kt,kt->k", first, second)
    size = np.sqrt(np.einsum("kt,kt->k", first, first) * np.einsum("kt,kt->k", second, second))
    return float(np.mean(np.divide(shared, size, out=np.zeros(len(size)), where=size > 0)))


def _load(path: Path, dataset: LocalDataset) -> FloatArray:
    try:
        data = np.asarray(load_plain(path.read_bytes()))
    except ValueError as error:
        raise DatasetError(f"'{path}' is not a file of FACED: {error}.", f"Copy it again; {dataset.where}") from error
    if data.shape != _SHAPE or data.dtype.kind not in "fiu":
        raise DatasetError(
            f"'{path}' holds {data.dtype} {data.shape} instead of numbers {_SHAPE}.", f"Copy it again; {dataset.where}"
        )
    return data

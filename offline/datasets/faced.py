"""FACED: twenty-eight clips of nine emotions, 123 subjects (Chen et al. 2023)."""

from __future__ import annotations

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

EMOTIONS = ("anger", "disgust", "fear", "sadness", "neutral", "amusement", "inspiration", "joy", "tenderness")
CLIP_EMOTIONS = tuple(np.repeat(range(9), (3, 3, 3, 3, 4, 3, 3, 3, 3)).tolist())
"""Emotion of each of the 28 clips, an index into `EMOTIONS`."""

VALENCES = ("negative", "neutral", "positive")
_FRONT = "Fp1 Fp2 Fz F3 F4 F7 F8 FC1 FC2 FC5 FC6 Cz C3 C4 T7 T8".split()
_BACK = "CP1 CP2 CP5 CP6 Pz P3 P4 P7 P8 PO3 PO4 Oz O1 O2".split()
_ORDERS = {"middle": (*_FRONT, "A1", "A2", *_BACK), "last": (*_FRONT, *_BACK, "A2", "A1")}
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
    mastoids : {'unsettled', 'middle', 'last'}
        Where the two mastoid channels stand. Public readers disagree: after T8, or at the end. The first sixteen channels, T7
        and T8 among them, are the same either way; the others can only be used once this is said.

    Notes
    -----
    All subjects see the same clips, two to four of each emotion.

    Source: Chen et al. 2023, doi:10.1038/s41597-023-02650-w.
    """

    classes: str = "valence"
    mastoids: str = "unsettled"

    name = "faced"
    title = "FACED"
    licence = "Creative Commons, by registration at Synapse; see its terms"
    attribution = (
        "Chen J, Wang X, Huang C, et al. A Large Finer-grained Affective Computing EEG Dataset. Scientific Data 10:740, 2023, "
        "doi:10.1038/s41597-023-02650-w."
    )
    where = "register and download Processed_data at https://www.synapse.org/Synapse:syn50614194."
    default_root = Path("data/FACED")

    def __post_init__(self) -> None:
        if self.classes not in ("valence", "emotion"):
            raise ValueError(f"classes must be 'valence' or 'emotion'; got '{self.classes}'")
        if self.mastoids not in ("unsettled", *_ORDERS):
            raise ValueError(f"mastoids must be 'unsettled', 'middle' or 'last'; got '{self.mastoids}'")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The three valences or the nine emotions."""
        return VALENCES if self.classes == "valence" else EMOTIONS

    @property
    def passband(self) -> tuple[float, float]:
        """The authors' filters left 0.05 to 47 Hz."""
        return (0.05, 47.0)

    @property
    def ch_names(self) -> tuple[str, ...]:
        """Channel names; ``"CP1|A1"`` where it is not settled which of the two it is."""
        if self.mastoids != "unsettled":
            return _ORDERS[self.mastoids]
        pairs = zip(_ORDERS["last"], _ORDERS["middle"], strict=True)
        return tuple(one if one == other else f"{one}|{other}" for one, other in pairs)

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
        for number, (samples, emotion) in enumerate(zip(data, CLIP_EMOTIONS, strict=True), start=1):
            name = f"clip{number:02d}"
            recording = finish(path, samples.T, _SFREQ, self.ch_names)
            yield LabelledRecording(recording, str(source.subject), 1, name, name, self._label(emotion))

    def _label(self, emotion: int) -> int:
        neutral = EMOTIONS.index("neutral")
        return emotion if self.classes == "emotion" else 1 + int(np.sign(emotion - neutral))


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

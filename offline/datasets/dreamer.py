"""DREAMER: eighteen film clips, rated by each viewer, measured with a consumer headset (Katsigiannis & Ramzan 2018)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.ratings import RatingScale
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.recordings import Recording
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.matlab_v5 import look_through
from sclcm_core.types import FloatArray

CH_NAMES = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
_SFREQ = 128.0
_N_SUBJECTS, _N_CLIPS = 23, 18
_SCORES = {"valence": "ScoreValence", "arousal": "ScoreArousal", "dominance": "ScoreDominance"}


@dataclass(frozen=True)
class Dreamer(LocalDataset):
    """DREAMER: 23 subjects, 18 clips; an Emotiv EPOC with 14 channels at 128 Hz.

    ``DREAMER.mat`` holds, for every subject and clip, 61 s of rest before the clip, (n, 14), and the clip, (n, 14).

    Parameters
    ----------
    dimension : {'valence', 'arousal', 'dominance'}
        Which rating, 1 to 5, is classified into low and high.
    convention, threshold, bounds
        See :class:`~offline.datasets.ratings.RatingScale`.

    Notes
    -----
    The file is one structure of about 450 MB that unpacks to three times as much: it is read as a whole.

    Source: Katsigiannis & Ramzan 2018, doi:10.1109/JBHI.2017.2688239.
    """

    dimension: str = "valence"
    convention: str = "at_least"
    threshold: float = 3.0
    bounds: tuple[float, float] = (2.0, 4.0)

    name = "dreamer"
    title = "DREAMER"
    licence = "CC BY-NC-SA 4.0, on request"
    attribution = (
        "Katsigiannis S, Ramzan N. DREAMER: A Database for Emotion Recognition Through EEG and ECG Signals From Wireless Low-cost "
        "Off-the-Shelf Devices. IEEE J. Biomedical and Health Informatics 22(1):98-107, 2018, doi:10.1109/JBHI.2017.2688239."
    )
    where = "request it at https://zenodo.org/record/546113."
    default_root = Path("data/DREAMER")

    def __post_init__(self) -> None:
        if self.dimension not in _SCORES:
            raise ValueError(f"there is no rating '{self.dimension}'. {nearest(self.dimension, _SCORES)}")
        object.__setattr__(self, "bounds", tuple(self.bounds))
        self.scale()

    def scale(self) -> RatingScale:
        """Return how ratings become labels."""
        return RatingScale(self.convention, self.threshold, self.bounds)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Low and high of the chosen dimension."""
        return (f"low {self.dimension}", f"high {self.dimension}")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return the one file."""
        path = self.require_root(root) / "DREAMER.mat"
        if not path.is_file():
            raise self.error(f"'{path}' is missing.")
        return [Source("DREAMER", None, paths=(path,))]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read every subject: the rest before each clip, and the clip."""
        (path,) = source.paths
        for number, subject in enumerate(_subjects(path, self), start=1):
            yield from self._read_subject(path, f"{number:02d}", subject)

    def _read_subject(self, path: Path, name: str, subject: Any) -> Iterator[LabelledRecording]:
        where = f"'{path}', subject {name}"
        eeg = _field(subject, "EEG", where)[0, 0]
        rests, clips = (_field(eeg, part, where)[0, 0] for part in ("baseline", "stimuli"))
        labels = self.scale().labels(_scores(subject, _SCORES[self.dimension], where))
        if not len(rests) == len(clips) == len(labels) == _N_CLIPS:
            raise DatasetError(
                f"{where}: {len(clips)} clips, {len(rests)} rests, {len(labels)} ratings instead of {_N_CLIPS} each.",
                f"Copy the original file again; {self.where}",
            )
        for clip, label in enumerate(labels.tolist(), start=1):
            stimulus = f"clip{clip:02d}"
            rest = _recording(path, rests[clip - 1, 0], f"{where}, baseline {clip}")
            yield LabelledRecording(rest, name, 1, f"rest before {stimulus}", "rest", UNLABELLED, np.inf)
            shown = _recording(path, clips[clip - 1, 0], f"{where}, stimuli {clip}")
            yield LabelledRecording(shown, name, 1, stimulus, stimulus, label)


def _subjects(path: Path, dataset: LocalDataset) -> list[Any]:
    import scipy.io

    try:
        look_through(path)  # some damaged files would end the process in scipy
        whole = scipy.io.loadmat(path, variable_names=["DREAMER"])["DREAMER"][0, 0]
        data = whole["Data"][0]
    except Exception as error:  # a foreign or damaged file fails in any way
        raise DatasetError(
            f"'{path}' holds no structure DREAMER.Data ({error!r}).", f"Copy it again; {dataset.where}"
        ) from error
    _check(path, whole, len(data), dataset)
    return list(data)


def _check(path: Path, whole: Any, n_subjects: int, dataset: LocalDataset) -> None:
    fields = whole.dtype.names or ()
    if n_subjects != _N_SUBJECTS:
        raise DatasetError(
            f"'Data' of '{path}' holds {n_subjects} subjects instead of {_N_SUBJECTS}.", f"Copy it again; {dataset.where}"
        )
    if "EEG_SamplingRate" in fields and float(np.ravel(whole["EEG_SamplingRate"])[0]) != _SFREQ:
        rate = float(np.ravel(whole["EEG_SamplingRate"])[0])
        raise DatasetError(f"'EEG_SamplingRate' of '{path}' is {rate:g} instead of {_SFREQ:g} Hz.", "Copy the original again.")
    if "EEG_Electrodes" in fields:
        found = tuple(str(np.ravel(cell)[0]) for cell in np.ravel(whole["EEG_Electrodes"]))
        if found != CH_NAMES:
            raise DatasetError(
                f"'EEG_Electrodes' of '{path}' is {', '.join(found)} instead of {', '.join(CH_NAMES)}.",
                "Copy the original file again.",
            )


def _field(struct: Any, name: str, where: str) -> Any:
    if name not in (struct.dtype.names or ()):
        raise DatasetError(f"{where}: there is no field '{name}'.", "Copy the original file again.")
    return struct[name]


def _scores(subject: Any, name: str, where: str) -> FloatArray:
    values = np.ravel(_field(subject, name, where)[0, 0]).astype(np.float64)
    if not ((values >= 1) & (values <= 5)).all():
        raise DatasetError(
            f"{where}: '{name}' holds {values.tolist()}, not ratings from 1 to 5.", "Copy the original file again."
        )
    return values


def _recording(path: Path, samples: Any, where: str) -> Recording:
    data = np.asarray(samples)
    if data.ndim != 2 or data.shape[1] != len(CH_NAMES) or data.dtype.kind not in "fiu":
        raise DatasetError(
            f"{where} is {data.dtype} {data.shape} instead of numbers (n, {len(CH_NAMES)}).", "Copy the original file again."
        )
    return finish(path, data.astype(np.float64), _SFREQ, CH_NAMES)

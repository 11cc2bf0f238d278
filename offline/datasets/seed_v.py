"""SEED-V: fifteen film clips of five emotions in each of three sessions (Liu et al. 2021)."""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import LabelledRecording, Source, natural_key
from offline.datasets.dated_files import warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.seed import SEED_WHERE, subfolder
from offline.datasets.seed_iv import clip_name
from sclcm_core.errors import DatasetError
from sclcm_core.montage import SEED_CHANNELS, find_channels
from sclcm_core.recordings import Recording
from sclcm_core.recordings.finish import finish

logger = logging.getLogger(__name__)

N_CLIPS = 15
CLIP_LABELS = (
    (4, 1, 3, 2, 0, 4, 1, 3, 2, 0, 4, 1, 3, 2, 0),
    (2, 1, 3, 0, 4, 4, 0, 3, 2, 1, 3, 4, 1, 2, 0),
    (2, 1, 3, 0, 4, 4, 0, 3, 2, 1, 3, 4, 1, 2, 0),
)
"""Emotion of each clip of each session, from the read-me of the data set."""

STARTS_S = (
    (30, 132, 287, 555, 773, 982, 1271, 1628, 1730, 2025, 2227, 2435, 2667, 2932, 3204),
    (30, 299, 548, 646, 836, 1000, 1091, 1392, 1657, 1809, 1966, 2186, 2333, 2490, 2741),
    (30, 353, 478, 674, 825, 908, 1200, 1346, 1451, 1711, 2055, 2307, 2457, 2726, 2888),
)
ENDS_S = (
    (102, 228, 524, 742, 920, 1240, 1568, 1697, 1994, 2166, 2401, 2607, 2901, 3172, 3359),
    (267, 488, 614, 773, 967, 1059, 1331, 1622, 1777, 1908, 2153, 2302, 2428, 2709, 2817),
    (321, 418, 643, 764, 877, 1147, 1284, 1418, 1679, 1996, 2275, 2425, 2664, 2857, 3066),
)
"""When each clip starts and ends in the recording of its session, in s."""

SEED_V_ATTRIBUTION = (
    "Liu W, Qiu J-L, Zheng W-L, Lu B-L. Comparing Recognition Performance and Robustness of Multimodal Deep Learning Models for "
    "Multimodal Emotion Recognition. IEEE Trans. Cognitive and Developmental Systems 14(2):715-729, 2021, "
    "doi:10.1109/TCDS.2021.3071170."
)
CLASS_NAMES = ("disgust", "fear", "sad", "neutral", "happy")
_NAME = re.compile(r"(\d+)_([123])_\d{8}\.cnt")
_SFREQ = 1000.0


@dataclass(frozen=True)
class SeedV(LocalDataset):
    """SEED-V's ``EEG_raw``: 16 subjects, 3 sessions; Neuroscan files of 66 channels at 1000 Hz, of which 62 are EEG.

    Files ``<subject>_<session>_<date>.cnt`` hold a whole session; clips are cut by the published seconds. The rate is left as it
    is: the extractor resamples with a filter, where picking every fifth sample would fold 100-500 Hz into the bands.

    Notes
    -----
    Source: Liu et al. 2021, doi:10.1109/TCDS.2021.3071170.
    """

    name = "seed-v"
    title = "SEED-V"
    licence = "SEED licence form; research only, no redistribution"
    attribution = SEED_V_ATTRIBUTION
    where = SEED_WHERE
    class_names = CLASS_NAMES
    default_root = Path("data/SEED-V")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every session of every subject."""
        folder = subfolder(self.require_root(root), "EEG_raw")
        found = [(path, match) for path in folder.glob("*.cnt") if (match := _NAME.fullmatch(path.name))]
        if not found:
            raise self.error(f"The folder '{folder}' holds no files like 1_1_20180804.cnt.")
        found.sort(key=lambda item: natural_key(item[0].name))
        warn_of_counts(self.title, folder, Counter(match[1] for _, match in found), 16, 3)
        return [Source(path.stem, match[1], int(match[2]), (path,)) for path, match in found]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the fifteen trials of a session, one at a time."""
        (path,) = source.paths
        raw = _open(path)
        row = source.session - 1
        _check(path, raw, ENDS_S[row][-1])
        for number, (start_s, end_s) in enumerate(zip(STARTS_S[row], ENDS_S[row], strict=True), start=1):
            name = clip_name(source.session, number)
            recording = _cut(path, raw, start_s, end_s)
            yield LabelledRecording(recording, str(source.subject), source.session, name, name, CLIP_LABELS[row][number - 1])


def _open(path: Path) -> Any:
    import mne

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return mne.io.read_raw_cnt(path, preload=False, verbose="CRITICAL")
        except Exception as error:  # mne raises whatever the damage led to
            raise DatasetError(f"'{path}' cannot be read as a Neuroscan file ({error}).", "Copy it again.") from error


def _check(path: Path, raw: Any, last_end_s: int) -> None:
    sfreq, duration_s = float(raw.info["sfreq"]), raw.n_times / float(raw.info["sfreq"])
    if sfreq != _SFREQ:
        raise DatasetError(f"'{path}' has {sfreq:g} Hz; SEED-V has {_SFREQ:g} Hz.", "Replace the file by the original.")
    if duration_s < last_end_s:
        raise DatasetError(
            f"'{path}' lasts {duration_s:.1f} s; its last clip ends at {last_end_s} s.", "The file is cut short; copy it again."
        )
    _, missing = find_channels(SEED_CHANNELS, raw.ch_names)
    if missing:
        raise DatasetError(f"'{path}' has no channel {', '.join(missing)}.", "Replace the file by the original.")


def _cut(path: Path, raw: Any, start_s: int, end_s: int) -> Recording:
    """Return a clip with its channels in SEED's order; M1, M2, VEO and HEO are left out."""
    picks, _ = find_channels(SEED_CHANNELS, raw.ch_names)
    sfreq = float(raw.info["sfreq"])
    volts = raw.get_data(picks=sorted(picks), start=round(start_s * sfreq), stop=round(end_s * sfreq))
    in_order = volts[np.argsort(np.argsort(picks))]
    return finish(path, in_order.T * 1e6, sfreq, SEED_CHANNELS)

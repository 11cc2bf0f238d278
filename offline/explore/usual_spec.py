"""The features by which a data set is looked at when nobody says others."""

from __future__ import annotations

from math import ceil
from pathlib import Path

from offline.datasets.dataset import Dataset, LabelledRecording
from sclcm_core.bands import SEED_BANDS, Band
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import canonical_name
from sclcm_core.streaming.reference import EARS

_HIGHEST_SFREQ = 256.0
_LEAST_SHARE = 0.5


def usual_spec(dataset: Dataset, root: Path | None, *, n_frames: int = 1) -> FeatureSpec:
    """Return a spec that takes all electrodes and every band that the data set holds.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    root : Path or None
        Its folder.
    n_frames : int
        Number of frames a window.

    Returns
    -------
    FeatureSpec
        Differential entropy of 1-s windows side by side, at 256 Hz or the next lower whole fraction of the recordings' rate.

    Raises
    ------
    DatasetError
        When there is no recording, no electrode, or no band.
    """
    first = _first_recording(dataset, root)
    recorded = first.recording.spec
    names = tuple(dict.fromkeys(name for label in recorded.ch_names if (name := canonical_name(label)) and name not in EARS))
    sfreq = recorded.sfreq / ceil(recorded.sfreq / _HIGHEST_SFREQ)
    bands = tuple(band for band in SEED_BANDS if band.high <= sfreq / 2 and _is_there(band, dataset.passband))
    if not names or not bands:
        raise DatasetError(
            f"{dataset.title}: the first recording has {len(names)} electrodes of the 10-10 system and {len(bands)} bands of EEG "
            f"(channels {', '.join(recorded.ch_names)}; {recorded.sfreq:g} Hz).",
            "Rename its channels by the 10-10 system, or record at 128 Hz or more.",
        )
    return FeatureSpec(ch_names=names, sfreq=sfreq, bands=bands, window_s=1.0, hop_s=1.0, n_frames=n_frames)


def _first_recording(dataset: Dataset, root: Path | None) -> LabelledRecording:
    if not dataset.card().live:
        raise DatasetError(
            f"{dataset.title} holds features that its authors computed, and no recordings.", "Choose the set of the recordings."
        )
    for source in dataset.sources(root):
        for labelled in dataset.read(source):
            return labelled
    raise DatasetError(f"{dataset.title} holds no recording.", "Check the folder.")


def _is_there(band: Band, passband: tuple[float, float] | None) -> bool:
    if passband is None:
        return True
    inside = min(band.high, passband[1]) - max(band.low, passband[0])
    return inside >= _LEAST_SHARE * (band.high - band.low)

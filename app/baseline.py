"""A person's own baseline from a rest recording."""

from __future__ import annotations

from pathlib import Path

from app.acquisition.matching import match
from sclcm_core.features.extractor import extract
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.personal_baseline import baseline_normaliser
from sclcm_core.recordings.read import read_recording


def baseline_from_file(path: Path, spec: FeatureSpec) -> Normaliser:
    """Return the normaliser statistics of a rest recording.

    Parameters
    ----------
    path : Path
        A recording of the same person at rest.
    spec : FeatureSpec
        What the model sees.

    Returns
    -------
    Normaliser
        The person's own statistics, in nats or dB.

    Raises
    ------
    SclcmError
        When it cannot be read, lacks a channel, or has too few good windows.
    """
    recording = read_recording(path)
    indices = match(recording.spec, spec).channel_indices
    return baseline_normaliser(extract(spec, recording.samples[:, list(indices)], recording.spec.sfreq), is_raw=spec.is_raw)

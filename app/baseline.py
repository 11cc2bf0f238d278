"""A person's own baseline: from a rest recording, or of the simulated person of the demonstration."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.acquisition.matching import match
from sclcm_core.features.extractor import extract
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.personal_baseline import baseline_normaliser
from sclcm_core.montage import find_channels
from sclcm_core.recordings.read import read_recording
from sclcm_core.simulation import SimulatedHead

REST_S = 60.0


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
    return baseline_normaliser(extract(spec, recording.samples[:, list(indices)], recording.spec.sfreq))


def baseline_of_simulated_person(seed: int, spec: FeatureSpec) -> Normaliser | None:
    """Return the statistics of a minute of rest of the simulated person who wears the headset.

    Parameters
    ----------
    seed : int
        The headset's seed, which draws the person; the rest itself is drawn anew.
    spec : FeatureSpec
        What the model sees.

    Returns
    -------
    Normaliser or None
        The person's own statistics, in nats or dB; None when the model needs electrodes that the headset lacks.
    """
    person = SimulatedHead(np.random.default_rng(seed)).person
    head = SimulatedHead(np.random.default_rng([seed, 1]), person=person)
    indices, missing = find_channels(spec.ch_names, head.ch_names)
    if missing:
        return None
    rest = head.render(round(REST_S * head.sfreq), "neutral")
    return baseline_normaliser(extract(spec, rest[:, indices], head.sfreq))

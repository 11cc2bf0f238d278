"""The last check of a bundle: the live pipeline must answer as training believed it would."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from offline.datasets.dataset import LabelledRecording
from offline.datasets.window_set import WindowSet
from offline.training.inputs import normalised
from sclcm_core.errors import SclcmError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.inference.predictor import softmax
from sclcm_core.montage import find_channels
from sclcm_core.types import Float32Array

N_RECORDINGS = 4
"""Recordings that are sent through the live pipeline."""

TOLERANCE = 1e-5
"""Largest difference of a probability; batches of another size sum in another order."""


class LiveCheckError(SclcmError):
    """A bundle that answers otherwise live than in training."""


def check_live(path: Path, recordings: Iterable[LabelledRecording], windows: WindowSet) -> int:
    """Send recordings through the live pipeline and compare its answers with those to the windows of training.

    Parameters
    ----------
    path : Path
        The bundle.
    recordings : iterable of LabelledRecording
        The recordings that `windows` were cut from, in the same order; the first four are used.
    windows : WindowSet
        The windows of training, not normalised.

    Returns
    -------
    int
        Number of answers compared.

    Raises
    ------
    LiveCheckError
        When an answer differs, or nothing could be compared.
    """
    bundle = load_bundle(path)
    n_compared = 0
    for number, labelled in enumerate(islice(recordings, N_RECORDINGS)):
        live = _live_answers(bundle, labelled)
        mine = np.flatnonzero(windows.recording == number)
        expected = _expected_answers(bundle, windows, mine)
        for window, answer in zip(mine, expected, strict=True):
            frame = round(float(windows.t0[window]) * windows.spec.sfreq / windows.spec.hop) + windows.spec.n_frames - 1
            if frame in live:
                n_compared += 1
                _require_equal(live[frame], answer, path, labelled, float(windows.t0[window]))
    if not n_compared:
        raise LiveCheckError(f"Nothing of '{path}' could be compared with training.", "Look at the data set.")
    return n_compared


def _live_answers(bundle: Bundle, labelled: LabelledRecording) -> dict[int, Float32Array]:
    """Return the probabilities by the number of the newest frame; smoothing is off."""
    recording = labelled.recording
    columns, _ = find_channels(bundle.manifest.features.ch_names, recording.spec.ch_names)
    manifest = bundle.manifest.model_copy(update={"smoothing_s": 0.0})
    pipeline = Pipeline(manifest, bundle.predictor, recording.spec.sfreq)
    predictions = pipeline.advance(recording.samples[:, columns], recording.timestamps, 0.0)
    return {prediction.index: prediction.probabilities for prediction in predictions if prediction.withheld is None}


def _expected_answers(bundle: Bundle, windows: WindowSet, indices: np.ndarray) -> Float32Array:
    if not len(indices):
        return np.zeros((0, windows.n_classes), np.float32)
    inputs = normalised(windows, indices, "population", bundle.manifest.normaliser.normaliser())
    return softmax(bundle.predictor.logits(inputs.features), bundle.manifest.temperature)


def _require_equal(live: Float32Array, expected: Float32Array, path: Path, labelled: LabelledRecording, t0: float) -> None:
    gap = float(np.abs(live - expected).max())
    if gap > TOLERANCE:
        raise LiveCheckError(
            f"'{path}' answers otherwise live than in training: a probability differs by {gap:.2g} at {t0:.1f} s of "
            f"'{labelled.recording.path}'.",
            "This is a fault of the program: please report it.",
        )

"""The feature frames of one labelled recording: what the cache keeps and windows are cut from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from offline.datasets.dataset import LabelledRecording
from sclcm_core.errors import DatasetError
from sclcm_core.features.extractor import extract, stack
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels
from sclcm_core.types import BoolArray, Float32Array


@dataclass(frozen=True, slots=True)
class RecordingFrames:
    """The frames of one labelled recording, and what is known of it.

    Parameters
    ----------
    subject, session, trial, stimulus, label, baseline_s
        As in :class:`~offline.datasets.dataset.LabelledRecording`.
    values : ndarray of float32, shape (n, n_bands, n_columns)
        Features in nats or dB; frame ``k`` starts ``k * hop`` after the start of the recording.
    faults : dict of int to str
        Why a frame must not be trusted, by its number; frames that can be are left out.
    """

    subject: str
    session: int
    trial: str
    stimulus: str
    label: int
    baseline_s: float
    values: Float32Array
    faults: dict[int, str]

    @property
    def ok(self) -> BoolArray:
        """Whether each frame can be trusted, shape (n,)."""
        ok = np.ones(len(self.values), np.bool_)
        ok[list(self.faults)] = False
        return ok

    def windows(self, n_frames: int) -> Float32Array:
        """Return every sequence of frames as a view.

        Parameters
        ----------
        n_frames : int
            How many consecutive frames make a window.

        Returns
        -------
        ndarray of float32, shape (n - n_frames + 1, n_bands, n_columns, n_frames)
            A read-only view, in nats or dB: nothing is copied, and nothing is read from a mapped file until it is used.
        """
        return np.lib.stride_tricks.sliding_window_view(self.values, n_frames, axis=0)

    def fault_kinds(self) -> Counter[str]:
        """Count frames by what is wrong with them, without the numbers: ``"of the samples missing"``."""
        return Counter(_kind(text) for text in self.faults.values())


def _kind(fault: str) -> str:
    return fault.split("% ", 1)[-1]


def compute_frames(labelled: LabelledRecording, spec: FeatureSpec) -> RecordingFrames:
    """Compute the frames of a recording by the extractor that runs live.

    Parameters
    ----------
    labelled : LabelledRecording
        The recording; its channels may have aliases of the spec's names and stand in any order.
    spec : FeatureSpec
        What to compute.

    Returns
    -------
    RecordingFrames
        All frames, those that cannot be trusted included and marked.

    Raises
    ------
    DatasetError
        When a channel of the spec is not in the recording, or the recording is shorter than one window.
    """
    recording = labelled.recording
    indices, missing = find_channels(spec.ch_names, recording.spec.ch_names)
    if missing:
        raise DatasetError(
            f"'{recording.path}' has no channel {', '.join(missing)}; it has {', '.join(recording.spec.ch_names)}.",
            "Leave the channel out of the features, or choose another data set.",
        )
    samples = np.ascontiguousarray(recording.samples[:, indices])
    frames = extract(spec, samples, recording.spec.sfreq, recording.timestamps)
    if not frames:
        raise DatasetError(
            f"'{recording.path}' (subject {labelled.subject}, trial {labelled.trial}) lasts "
            f"{len(samples) / recording.spec.sfreq:.2f} s; one window needs {spec.window_s:g} s.",
            "Shorten window_s, or remove the recording.",
        )
    values, _, _ = stack(frames)
    faults = {frame.index: frame.fault for frame in frames if frame.fault is not None}
    return RecordingFrames(
        labelled.subject,
        labelled.session,
        labelled.trial,
        labelled.stimulus,
        labelled.label,
        labelled.baseline_s,
        values,
        faults,
    )

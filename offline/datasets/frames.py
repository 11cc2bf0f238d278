"""From a labelled recording to its feature frames, by the extractor that runs live."""

from __future__ import annotations

import numpy as np

from offline.datasets.dataset import LabelledRecording, RecordingFrames
from sclcm_core.errors import DatasetError
from sclcm_core.features.extractor import extract, stack
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels


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
    in_order = list(indices) == list(range(recording.samples.shape[1]))
    samples = recording.samples if in_order else np.take(recording.samples, indices, axis=1)
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
        subject=labelled.subject,
        session=labelled.session,
        trial=labelled.trial,
        stimulus=labelled.stimulus,
        label=labelled.label,
        baseline_s=labelled.baseline_s,
        values=values,
        faults=faults,
        simulated=recording.simulated,
    )

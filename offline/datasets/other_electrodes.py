"""The rest of the cap, window by window: differential entropy at the electrodes that a config's own features do not use."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from offline.datasets.dataset import LabelledRecording
from offline.datasets.frames import compute_frames
from offline.datasets.matching import check_bands
from offline.datasets.peripherals import CAP, Peripherals, windows_key
from offline.datasets.read_ahead import read_ahead
from offline.datasets.registry import find_dataset
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError
from sclcm_core.features.differential_entropy import entropy_of_variance
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import canonical_name
from sclcm_core.recordings import Recording
from sclcm_core.types import Float32Array, Float64Array

logger = logging.getLogger(__name__)

_FRAME_S = 1.0
_NO_SIGNAL = float(entropy_of_variance(np.zeros(1))[0]) + 0.01  # what an electrode that stands still gives, in nats


def window_other_electrodes(
    windows: WindowSet, recordings: Iterable[LabelledRecording], dataset: Mapping[str, Any]
) -> Peripherals:
    """Compute the differential entropy of every window at the electrodes that its features do not use.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    recordings : iterable of LabelledRecording
        The recordings that they were cut from, in the same order, with the whole cap.
    dataset : mapping of str to anything
        The section ``[dataset]`` of the config that they were cut by.

    Returns
    -------
    Peripherals
        A value a band and electrode, in nats, averaged over the frames of each window; NaN where the electrode stood still. Electrodes
        that only some of the recordings have are left out.

    Raises
    ------
    DatasetError
        When there are no other electrodes, or recordings share none.
    """
    check_bands(find_dataset(dataset["name"], dataset["options"]), cap_spec(windows.spec, windows.spec.ch_names))
    parts: list[tuple[Int64Array, tuple[str, ...], Float32Array]] = []
    for number, labelled in enumerate(read_ahead(iter(recordings))):
        rows = np.flatnonzero(windows.recording == number)
        if len(rows):
            names = other_electrodes(labelled.recording, windows.spec)
            parts.append((rows, names, _entropies(labelled, cap_spec(windows.spec, names), windows.spec, windows.t0[rows])))
    common = _common([names for _, names, _ in parts])
    values = np.empty((len(windows), len(windows.spec.bands), len(common)), np.float32)
    for rows, names, found in parts:
        values[rows] = found[:, :, [names.index(name) for name in common]]
    labels = tuple(f"{name} {band.name}" for band in windows.spec.bands for name in common)
    made_for = windows_key(dataset, windows.spec)
    return Peripherals(values.reshape(len(windows), -1), windows.t0.astype(np.float64), made_for, labels, CAP)


def other_electrodes(recording: Recording, spec: FeatureSpec) -> tuple[str, ...]:
    """Return the standard names of the electrodes of a recording that features do not use.

    Parameters
    ----------
    recording : Recording
        A recording; channels that name no electrode do not count.
    spec : FeatureSpec
        The features.
    """
    own = {canonical_name(name) or name for name in spec.ch_names}
    found = [canonical_name(name) for name in recording.spec.ch_names]
    names = tuple(dict.fromkeys(name for name in found if name is not None and name not in own))
    if not names:
        raise DatasetError(
            f"'{recording.path}' has no electrode beside those of the features ({', '.join(spec.ch_names)}): nothing of the cap is left.",
            "Name fewer electrodes in ch_names, or leave the option 'peripherals' of mrccl and mrccl_joint out.",
        )
    return names


def cap_spec(spec: FeatureSpec, names: Sequence[str]) -> FeatureSpec:
    """Return what is computed at the other electrodes.

    Parameters
    ----------
    spec : FeatureSpec
        The features of the windows.
    names : sequence of str
        The other electrodes.

    Returns
    -------
    FeatureSpec
        Differential entropy of the same bands at the same rate, after the same filters over time, against the reference of the
        recording; its frames are those of the features, but a second long where features other than differential entropy have shorter
        ones: a patch of the raw signal holds no slow band.
    """
    window_s = spec.window_s if spec.kind == "de" else max(spec.window_s, min(_FRAME_S, spec.span_s))
    return FeatureSpec(
        bands=spec.bands,
        ch_names=tuple(names),
        sfreq=spec.sfreq,
        window_s=window_s,
        hop_s=spec.hop_s,
        passband=spec.passband,
        notch_hz=spec.notch_hz,
    )


def _entropies(labelled: LabelledRecording, cap: FeatureSpec, spec: FeatureSpec, t0: Float64Array) -> Float32Array:
    """Return the mean over the frames that lie in each window, (n_windows, n_bands, n_electrodes), in nats."""
    frames = compute_frames(labelled, cap).values
    span = spec.window + (spec.n_frames - 1) * spec.hop
    first = np.round(t0 * spec.sfreq / spec.hop).astype(np.int64)
    inside = first[:, None] + np.arange((span - cap.window) // cap.hop + 1)
    measured = frames > _NO_SIGNAL
    total = np.where(measured, frames, 0.0)[inside].sum(axis=1, dtype=np.float64)
    count = measured[inside].sum(axis=1)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.asarray(mean, np.float32)


def _common(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the electrodes that all recordings have, in the order of the first."""
    every = set(names[0]).intersection(*names)
    some = sorted(set().union(*names) - every)
    if not every:
        raise DatasetError(
            f"No electrode beside those of the features is in all {len(names)} recordings; some have {', '.join(some)}.",
            "Leave out the people whose cap differs (without_subjects).",
        )
    if some:
        logger.warning("Only some recordings have %s: left out of the rest of the cap", ", ".join(some))
    return tuple(name for name in names[0] if name in every)

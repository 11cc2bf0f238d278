"""NumPy archives: this program's own layout, and the trials of the Emotiv Insight sample."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials, numbered
from sclcm_core.recordings.units import microvolts_per
from sclcm_core.types import FloatArray, Marker

OWN_KEYS = ("samples", "sfreq", "ch_names")
"""What an archive must hold: samples (n_samples, n_channels), sfreq in Hz, ch_names (n_channels,). It may hold unit (µV when it
does not), marker_t and marker_duration_s in s, marker_text, and simulated. NaN marks lost samples."""

TRIAL_KEYS = ("X", "sfreq", "ch_names")
"""What an archive of trials must hold: X (n_trials, n_channels, n_times) in µV, sfreq in Hz, ch_names. It may hold label
(n_trials,) and label_names. NaN at the end of a trial pads it."""

_MOST_BYTES = 8 * 2**30
Content = dict[str, np.ndarray[tuple[int, ...], Any]]


def open_npz(path: Path) -> Recording | Trials:
    """Read an archive of either layout; nothing in it is ever unpickled.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording or Trials
        What it holds, in µV.
    """
    _check_size(path)
    with np.load(path, allow_pickle=False) as archive:
        content = {key: archive[key] for key in archive.files}
    if set(OWN_KEYS) <= set(content):
        return _own(path, content)
    if set(TRIAL_KEYS) <= set(content):
        return Trials(path, numbered(len(content["X"])), lambda k: _trial(path, content, k))
    held = ", ".join(sorted(content)) or "nothing"
    raise RecordingError(f"'{path}' holds {held}.", f"An archive must hold {', '.join(OWN_KEYS)} (or 'X' for trials).")


def write_npz(path: Path, recording: Recording) -> None:
    """Write a recording in this program's own layout.

    Parameters
    ----------
    path : Path
        The file; an existing one is replaced.
    recording : Recording
        What to write.
    """
    np.savez_compressed(
        path,
        samples=recording.samples,
        sfreq=recording.spec.sfreq,
        ch_names=np.array(recording.spec.ch_names),
        unit="µV",
        marker_t=np.array([marker.t for marker in recording.markers]),
        marker_duration_s=np.array([marker.duration_s for marker in recording.markers]),
        marker_text=np.array([marker.text for marker in recording.markers], dtype=np.str_),
        simulated=recording.simulated,
    )


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        size = sum(entry.file_size for entry in packed.infolist())
    if size > _MOST_BYTES:
        raise RecordingError(f"'{path}' unpacks to {size / 2**30:.0f} GiB.", "Split it into several files.")


def _own(path: Path, archive: Content) -> Recording:
    unit = str(archive["unit"]) if "unit" in archive else "µV"
    factor = microvolts_per(unit)
    if factor is None:
        raise RecordingError(f"'{path}' states the unit {unit!r}.", "Use µV, mV or V.")
    return finish(
        path,
        _numbers(archive["samples"]) * factor,
        float(archive["sfreq"]),
        [str(name) for name in archive["ch_names"]],
        _markers(archive),
        stated="unit" in archive,
        simulated=bool(archive["simulated"]) if "simulated" in archive else False,
    )


def _markers(archive: Content) -> list[Marker]:
    if not {"marker_t", "marker_text"} <= set(archive):
        return []
    times = archive["marker_t"]
    durations = archive["marker_duration_s"] if "marker_duration_s" in archive else np.zeros(len(times))
    return [
        Marker(float(t), str(text), float(duration))
        for t, text, duration in zip(times, archive["marker_text"], durations, strict=True)
    ]


def _trial(path: Path, archive: Content, chosen: int) -> Recording:
    samples = _numbers(archive["X"][chosen]).T
    lived = np.flatnonzero(np.isfinite(samples).any(axis=1))
    samples = samples[: lived[-1] + 1] if lived.size else samples[:0]
    text = _label(archive, chosen) or f"trial {chosen + 1}"
    sfreq = float(archive["sfreq"])
    marker = Marker(0.0, text, len(samples) / sfreq if sfreq > 0 else 0.0)
    return finish(path, samples, sfreq, [str(name) for name in archive["ch_names"]], [marker], stated=False)


def _numbers(array: Any) -> FloatArray:
    return np.asarray(array, np.float64)


def _label(archive: Content, chosen: int) -> str | None:
    if not {"label", "label_names"} <= set(archive):
        return None
    return str(archive["label_names"][int(archive["label"][chosen])])

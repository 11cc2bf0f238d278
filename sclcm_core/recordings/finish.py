"""The last step of every reader: units checked, names settled, numbers made fit to use."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.montage import is_eeg_label
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.units import check_microvolts
from sclcm_core.types import BoolArray, FloatArray, Marker, StreamSpec

_log = logging.getLogger(__name__)

SLOWEST, FASTEST = 1.0, 100_000.0
"""Sampling rates in Hz between which a recording is believed."""

_LARGEST = 1e30
_SETTLE_SHARE = 0.05


def finish(
    path: Path,
    samples: FloatArray,
    sfreq: float,
    ch_names: Sequence[str],
    markers: Iterable[Marker] = (),
    *,
    voltage: BoolArray | None = None,
    stated: bool = True,
    name: str = "",
    source_id: str = "",
    simulated: bool = False,
    notes: Iterable[str] = (),
    started_at: float = 0.0,
) -> Recording:
    """Make a recording of what a reader found.

    Parameters
    ----------
    path : Path
        The file.
    samples : ndarray, shape (n_samples, n_channels)
        Potentials, in µV as far as is known.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Channel labels.
    markers : iterable of Marker
        Times in s from the first sample.
    voltage : ndarray of bool, shape (n_channels,), optional
        Which channels are potentials; all when not given.
    stated : bool
        Whether the file states the unit.
    name, source_id : str
        Name and identity of the stream; the name of the file when empty.
    simulated : bool
        Whether the file says that it was simulated.
    notes : iterable of str
        What the user should know.
    started_at : float
        Time of the first sample on the file's clock in s.

    Returns
    -------
    Recording
        The recording. It raises `RecordingError` when there is no signal or no believable rate.
    """
    _check(path, samples, sfreq, ch_names)
    names = tuple(label.strip() or f"Ch{k + 1}" for k, label in enumerate(ch_names))
    clean, note = _in_microvolts(_clean(samples), sfreq, names, voltage, stated)
    said = (*notes, *([note] if note else []))
    for text in said:
        _log.warning("%s: %s", path.name, text)
    return Recording(
        StreamSpec(float(sfreq), names, name or path.name, source_id, "replay"),
        samples=clean, timestamps=np.arange(len(clean)) / float(sfreq), markers=_in_order(markers, sfreq),
        path=path, simulated=simulated, notes=said, started_at=started_at,
    )  # fmt: skip


def _check(path: Path, samples: FloatArray, sfreq: float, ch_names: Sequence[str]) -> None:
    if samples.ndim != 2 or 0 in samples.shape:
        raise RecordingError(f"'{path}' holds no signal.", "Check that the recording was not empty.")
    if samples.shape[1] != len(ch_names):
        raise RecordingError(
            f"'{path}' names {len(ch_names)} channels but holds {samples.shape[1]}.", "The file is damaged; export it again."
        )
    if not SLOWEST <= sfreq <= FASTEST:
        raise RecordingError(
            f"'{path}' states a sampling rate of {sfreq:g} Hz.", f"A rate of {SLOWEST:g} to {FASTEST:g} Hz is needed."
        )


def _clean(samples: FloatArray) -> FloatArray:
    """Convert to float32; what is no number, or beyond all bounds, becomes NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        clean = np.array(samples, np.float32, order="C")
        clean[~(np.abs(clean) < _LARGEST)] = np.nan
    return clean


def _in_microvolts(
    samples: FloatArray, sfreq: float, names: tuple[str, ...], voltage: BoolArray | None, stated: bool
) -> tuple[FloatArray, str | None]:
    """Scale the potentials, in place, where their size tells of another unit; return what there is to say of it."""
    potential = np.ones(len(names), bool) if voltage is None else voltage
    eeg = potential & np.array([is_eeg_label(label) for label in names])
    looked_at = eeg if eeg.any() else potential
    believed = samples if looked_at.all() else samples[:, looked_at]
    factor, note = check_microvolts(believed, sfreq, stated=stated) if looked_at.any() else (1.0, None)
    if factor != 1.0:
        samples[:, slice(None) if voltage is None else voltage] *= np.float32(factor)
    return samples, note


def _in_order(markers: Iterable[Marker], sfreq: float) -> tuple[Marker, ...]:
    """Sort by time, and undo the rounding of formats that keep times in single precision."""
    known = [m for m in markers if np.isfinite((m.t, m.duration_s)).all()]
    found = [Marker(_settle(m.t, sfreq), m.text, _settle(m.duration_s, sfreq)) for m in known]
    return tuple(sorted(found, key=lambda m: m.t))


def _settle(t: float, sfreq: float) -> float:
    """Return the time of a sample when `t` is within a twentieth of an interval of it, else `t`; rounded to 1 µs."""
    sample = round(t * sfreq)
    return round(sample / sfreq if abs(t * sfreq - sample) < _SETTLE_SHARE else t, 6) + 0.0

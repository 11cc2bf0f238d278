"""EDF, BDF, FIF, EEGLAB and BrainVision files, read by mne."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.montage import is_eeg_label
from sclcm_core.recordings.brainvision_header import check_data_file
from sclcm_core.recordings.edf_header import EdfHeader, check_complete, read_edf_header, record_onsets
from sclcm_core.recordings.fif_tags import check_tags
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.grid import IntArray
from sclcm_core.recordings.matlab_v5 import is_format_5, look_through
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.units import MICROVOLTS
from sclcm_core.types import BoolArray, Float64Array, FloatArray, Marker

_VOLT = 107
_NO_POTENTIALS = ("stim", "misc", "syst", "resp", "temperature", "gsr")
_SKIPPED = "BAD_ACQ_SKIP"
_STATUS_MASK = 0xFF
_PREFIXES = ("Comment/", "Stimulus/", "Response/", "New Segment/")


def read_mne(path: Path) -> Recording:
    """Read a file of one of mne's formats.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording
        The recording, in µV.
    """
    header, notes = _inspect(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = _open(path)
        samples, voltage, stated = _samples(raw)
    markers = _annotations(raw) + _status_codes(raw, samples)
    samples = _blank_skips(samples, markers, raw.info["sfreq"])
    if header is not None and header.discontinuous:
        samples = _spread_records(samples, path, header, float(raw.info["sfreq"]))
    return finish(
        path, samples, float(raw.info["sfreq"]), tuple(raw.ch_names), markers, voltage=voltage, stated=stated, notes=notes
    )


def _inspect(path: Path) -> tuple[EdfHeader | None, tuple[str, ...]]:
    """Check what mne would pass over in silence."""
    if path.suffix.lower() in (".edf", ".bdf"):
        header = read_edf_header(path)
        return header, check_complete(path, header)
    if path.suffix.lower() == ".vhdr":
        check_data_file(path)
    if path.name.lower().endswith((".fif", ".fif.gz")):
        check_tags(path)
    if path.suffix.lower() == ".set" and is_format_5(path):
        look_through(path)
    return None, ()


def _open(path: Path) -> Any:
    import mne

    return mne.io.read_raw(path, preload=True, verbose="CRITICAL")


def _samples(raw: Any) -> tuple[FloatArray, BoolArray, bool]:
    """Return samples in µV, shape (n_samples, n_channels), which channels are voltages, and whether their units were stated."""
    units = raw._orig_units or {}
    given = [str(units.get(name, "µV")).strip().lower() for name in raw.ch_names]
    kinds = raw.get_channel_types()
    is_volt = np.array([int(ch["unit"]) == _VOLT for ch in raw.info["chs"]]) & ~np.isin(kinds, _NO_POTENTIALS)
    known = np.array([unit in MICROVOLTS for unit in given])
    factor = np.where(is_volt & known, 1e6, 1.0)
    eeg = np.array([is_eeg_label(name) for name in raw.ch_names])
    stated = bool(known[eeg].all()) if eeg.any() else bool(known.all())
    unknown_but_electrode = is_volt & eeg
    samples = np.asarray(raw.get_data(), np.float64).T * factor
    return samples, (is_volt & known) | unknown_but_electrode, stated


def _annotations(raw: Any) -> list[Marker]:
    offset = raw.first_time if raw.annotations.orig_time is not None else 0.0
    return [
        Marker(float(onset) - offset, _plain(str(text)), float(duration))
        for onset, duration, text in zip(
            raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True
        )
    ]


def _plain(text: str) -> str:
    """Strip the type that mne sets before BrainVision's descriptions."""
    for prefix in _PREFIXES:
        if text.startswith(prefix) and len(text) > len(prefix):
            return text.removeprefix(prefix)
    return text


def _status_codes(raw: Any, samples: FloatArray) -> list[Marker]:
    """Return the trigger codes of a BDF status channel: the low eight bits, whenever they change to something."""
    if "Status" not in raw.ch_names or not str(raw.filenames[0]).lower().endswith(".bdf"):
        return []
    codes = samples[:, raw.ch_names.index("Status")].astype(np.int64) & _STATUS_MASK
    onsets = np.flatnonzero((np.diff(codes, prepend=0) != 0) & (codes != 0))
    return [Marker(float(k / raw.info["sfreq"]), str(codes[k])) for k in onsets]


def _blank_skips(samples: FloatArray, markers: list[Marker], sfreq: float) -> FloatArray:
    """Mark as lost what the recorder skipped and mne filled with zeros."""
    for marker in markers:
        if marker.text == _SKIPPED:
            samples[round(marker.t * sfreq) : round((marker.t + marker.duration_s) * sfreq)] = np.nan
    return samples


def _spread_records(samples: FloatArray, path: Path, header: EdfHeader, sfreq: float) -> FloatArray:
    """Move the records of a discontinuous file to their times, with lost samples between them."""
    onsets = record_onsets(path, header)
    n = round(header.record_s * sfreq)
    if onsets is None or n < 1 or len(onsets) * n < len(samples):
        return samples
    first_rows = _rows_of_records(onsets, sfreq, n, path)
    rows = (first_rows[:, None] + np.arange(n)).ravel()[: len(samples)]
    out = np.full((int(rows[-1]) + 1, samples.shape[1]), np.nan)
    out[rows] = samples
    return out


def _rows_of_records(onsets: Float64Array, sfreq: float, n: int, path: Path) -> IntArray:
    rows = np.rint((onsets - onsets[0]) * sfreq)
    if not np.all(np.isfinite(rows)) or np.any(np.diff(rows) < n) or rows[-1] > max(10 * n * len(rows), 3600 * sfreq):
        raise RecordingError(
            f"The records of '{path}' overlap in time or lie too far apart.", "Export it again as a continuous EDF+C file."
        )
    return np.asarray(rows, np.int64)

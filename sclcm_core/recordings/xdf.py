"""XDF files, as LabRecorder and this program write them, read by pyxdf."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.montage import is_eeg_label
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.grid import Grid, grid_from_stamps
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials
from sclcm_core.recordings.units import microvolts_per
from sclcm_core.recordings.xdf_chunks import whole_chunks
from sclcm_core.types import BoolArray, Float64Array, Marker

_OWN_NOTES = "SCLCM "
"""Streams whose type begins so hold what this program said of a session, and nothing that happened in it."""

_EVENT_TYPES = ("marker", "event", "stim", "trigger")
_LOGGER = logging.getLogger("pyxdf.pyxdf")
_one_at_a_time = threading.Lock()


def read_xdf(path: Path) -> Recording | Trials:
    """Read the EEG stream of an XDF file with the markers of the other streams.

    Samples are placed on an even grid by their synchronised time stamps: what was lost is NaN and not, as after the usual
    removal of jitter, gone without a trace. Of a file that is cut off, as after a crash of the recorder, the whole part is
    delivered and a note says so; a file that is damaged before its end is refused.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording or Trials
        The recording, in µV; a trial for each person where this program recorded several into one file, and for each EEG stream where
        there are several of them: the largest, unless another is named.
    """
    chunks = whole_chunks(path)
    notes = [f"The file is cut off: its last {chunks.n_cut} bytes are left out."] if chunks.n_cut else []
    streams, troubles = _load(chunks.whole)
    notes += [f"pyxdf reports: {trouble}" for trouble in troubles]
    people = sorted({_person(stream) for stream in streams} - {""})
    if people:
        return Trials(path, tuple(people), lambda k: _of_person(path, _of(streams, people[k]), notes), "person")
    eeg = _eeg_streams(streams, path)
    if len(eeg) == 1:
        return _recording(path, streams, eeg[0], notes)
    names = _distinct([_first(stream["info"], "name") for stream in eeg])
    largest = max(range(len(eeg)), key=lambda k: int(np.size(eeg[k]["time_series"])))
    return Trials(path, names, lambda k: _recording(path, streams, eeg[k], [*notes, _others(names, k)]), "stream", largest)


def _of_person(path: Path, streams: list[Any], notes: list[str]) -> Recording:
    return _recording(path, streams, max(_eeg_streams(streams, path), key=lambda s: np.size(s["time_series"])), notes)


def _others(names: tuple[str, ...], taken: int) -> str:
    others = ", ".join(f"'{name}'" for k, name in enumerate(names) if k != taken)
    return f"Of {len(names)} EEG streams '{names[taken]}' is taken; --trial takes another: {others}."


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Return names of which none stands twice: the second of a name gets its number."""
    return tuple(f"{name} ({names[:k].count(name) + 1})" if name in names[:k] else name for k, name in enumerate(names))


def _of(streams: list[Any], person: str) -> list[Any]:
    """Return what is of a person, and what is nobody's."""
    return [stream for stream in streams if _person(stream) in (person, "")]


def _recording(path: Path, streams: list[Any], eeg: Any, notes: list[str]) -> Recording:
    values, stamps = np.asarray(eeg["time_series"]), np.asarray(eeg["time_stamps"], np.float64)
    grid = grid_from_stamps(stamps, float(eeg["info"]["nominal_srate"][0]) or None, path)
    labels, factors, voltage, stated = _channels(eeg)
    return finish(
        path,
        grid.place(values * factors),
        grid.sfreq,
        labels,
        _markers(streams, eeg, grid),
        voltage=voltage,
        stated=stated,
        name=_first(eeg["info"], "name"),
        source_id=_first(eeg["info"], "source_id"),
        simulated=_is_simulated(eeg["info"]),
        notes=[*notes, *grid.notes],
        started_at=float(stamps[0]),
    )


def _load(data: bytes) -> tuple[list[Any], list[str]]:
    import pyxdf

    with _one_at_a_time, _overheard() as troubles, np.errstate(all="ignore"):
        streams, _ = pyxdf.load_xdf(io.BytesIO(data), dejitter_timestamps=False)
    return streams, troubles


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Collect what pyxdf only logs when it drops data, and keep its other talk from the user."""
    troubles: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR or "truncating" in record.getMessage():
                troubles.append(record.getMessage().splitlines()[0])

    ear, propagated = Ear(), _LOGGER.propagate
    _LOGGER.addHandler(ear)
    _LOGGER.propagate = False
    try:
        yield troubles
    finally:
        _LOGGER.removeHandler(ear)
        _LOGGER.propagate = propagated


def _first(info: Any, key: str, default: str = "") -> str:
    found = info.get(key) if info else None
    return str(found[0]) if found and found[0] is not None else default


def _person(stream: Any) -> str:
    return _first((stream["info"].get("desc") or [None])[0], "sclcm_person")


def _is_numeric(stream: Any) -> bool:
    return _first(stream["info"], "channel_format") != "string" and len(stream["time_stamps"]) > 1


def _eeg_streams(streams: list[Any], path: Path) -> list[Any]:
    """Return the EEG streams: by their type, else by the names of their channels."""
    numeric = [stream for stream in streams if _is_numeric(stream)]
    found = [s for s in numeric if _first(s["info"], "type").upper() == "EEG"]
    found = found or [s for s in numeric if any(is_eeg_label(label) for label in _labels(s))]
    if not found:
        described = ", ".join(f"{_first(s['info'], 'name')!r} ({_first(s['info'], 'type')})" for s in streams) or "none"
        raise RecordingError(
            f"'{path}' holds no EEG stream with samples; its streams are: {described}.",
            "Record the stream of type 'EEG' along.",
        )
    return found


def _described(stream: Any) -> list[Any]:
    """Return the descriptions of the channels; as many as there are channels, or none."""
    desc = (stream["info"].get("desc") or [None])[0]
    channels = ((desc or {}).get("channels") or [None])[0]
    listed = [ch or {} for ch in (channels or {}).get("channel", [])]
    return listed if len(listed) == int(_first(stream["info"], "channel_count")) else []


def _labels(stream: Any) -> list[str]:
    return [_first(ch, "label") for ch in _described(stream)]


def _channels(stream: Any) -> tuple[list[str], Float64Array, BoolArray, bool]:
    """Return labels, factors to µV, which channels are potentials, and whether all of these state their unit."""
    n = int(_first(stream["info"], "channel_count"))
    described = _described(stream) or [{}] * n
    units = [_first(ch, "unit") for ch in described]
    factors = [microvolts_per(unit) for unit in units]
    voltage = np.array([factor is not None or not unit.strip() for factor, unit in zip(factors, units, strict=True)])
    eeg = np.array([_first(ch, "type").upper() in ("EEG", "") for ch in described])
    stated = all(f is not None for f, wanted in zip(factors, eeg, strict=True) if wanted)
    if not voltage.any():
        voltage = eeg
    return [_first(ch, "label") for ch in described], np.array([f or 1.0 for f in factors]), voltage, stated


def _is_simulated(info: Any) -> bool:
    desc = (info.get("desc") or [None])[0] or {}
    return "simulat" in f"{_first(info, 'name')} {_first(info, 'source_id')} {_first(desc, 'manufacturer')}".lower()


def _markers(streams: list[Any], eeg: Any, grid: Grid) -> list[Marker]:
    found = []
    for stream in streams:
        if stream is eeg or not len(stream["time_stamps"]) or not _is_event_stream(stream):
            continue
        times = grid.time_of(np.asarray(stream["time_stamps"], np.float64))
        texts = (" ".join(str(part) for part in row).strip() for row in stream["time_series"])
        found += [Marker(float(t), text) for t, text in zip(times, texts, strict=True) if text]
    return found


def _is_event_stream(stream: Any) -> bool:
    if _first(stream["info"], "type").startswith(_OWN_NOTES):
        return False
    if _first(stream["info"], "channel_format") == "string":
        return True
    kind = _first(stream["info"], "type").lower()
    return float(_first(stream["info"], "nominal_srate", "0")) == 0 and any(word in kind for word in _EVENT_TYPES)

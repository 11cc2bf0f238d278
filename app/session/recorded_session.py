"""A recorded session read back, sample by sample as it was."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from app.session.session_file import (
    EVENTS,
    EXTRA_COLUMNS,
    GAPS,
    HEADER_KEY,
    MARKERS,
    PERSON_KEY,
    PREDICTIONS,
    RIVAL_PREDICTIONS,
    RIVAL_WITHHELD,
    WITHHELD,
    GapKind,
    SessionHeader,
)
from sclcm_core.errors import RecordingError
from sclcm_core.recordings.trials import person_of
from sclcm_core.recordings.xdf_chunks import whole_chunks
from sclcm_core.types import Float32Array, Float64Array, Marker, Prediction

_MOST_SAMPLES = 2**31
_REPLAY_IT = "Play it with 'sclcm replay' instead; only what --record has written can be run again."
_COPY_AGAIN = "Copy the file again from where it was recorded."


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """What a session saw and said.

    Parameters
    ----------
    header : SessionHeader
        What the session was.
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV, numbered as in the session; NaN where the source lost samples.
    timestamps : ndarray of float64, shape (n_samples,)
        Capture times in s, on the clock of the stream.
    predictions : tuple of Prediction
        What the session answered, in order.
    markers : tuple of Marker
        What happened meanwhile.
    events : tuple of (float, dict)
        When something happened to the session, in s, and what.
    n_lost, n_not_recorded : int
        Samples that the source lost, and that the recorder left out.
    n_cut : int
        Bytes at the end of the file that belong to no whole chunk.
    rival_predictions : tuple of Prediction
        What the second model answered, where two were compared.
    """

    header: SessionHeader
    samples: Float32Array
    timestamps: Float64Array
    predictions: tuple[Prediction, ...]
    markers: tuple[Marker, ...]
    events: tuple[tuple[float, dict[str, Any]], ...]
    n_lost: int = 0
    n_not_recorded: int = 0
    n_cut: int = 0
    rival_predictions: tuple[Prediction, ...] = ()

    @property
    def t_first(self) -> float:
        """When it began, in s on the clock of the stream: its first sample, or the first thing that was said."""
        if self.header.raw and len(self.timestamps):
            return float(self.timestamps[0])
        return min([p.t_start for p in self.predictions] + [marker.t for marker in self.markers], default=0.0)

    @property
    def t_last(self) -> float:
        """When it ended, in s on the clock of the stream."""
        if self.header.raw and len(self.timestamps):
            return float(self.timestamps[-1])
        return max([p.t_end for p in self.predictions] + [marker.t for marker in self.markers], default=0.0)


def read_session(path: Path, person: str | None = None) -> RecordedSession:
    """Read the recording of a session.

    Parameters
    ----------
    path : Path
        An XDF file that this program recorded; what is whole of it is read when it was cut off.
    person : str, optional
        Whose session, in a file that several people share.

    Returns
    -------
    RecordedSession
        Samples and stamps are those of the session, bit for bit.

    Raises
    ------
    RecordingError
        When it is not there, damaged, not the recording of a session, or does not say whose session is meant.
    """
    sessions = _sessions(path)
    if person is None and len(sessions) == 1:
        return _read(path, *sessions.popitem()[1])
    if person not in sessions:
        n_people = len({person_of(name) for name in sessions})
        what = f"holds {len(sessions)} sessions of {n_people} people" if person is None else f"holds no session of '{person}'"
        who = (
            f"Say with --person whose: {', '.join(sessions)}." if any(sessions) else "Leave out --person: it is of one person."
        )
        raise RecordingError(f"'{path}' {what}.", who)
    return _read(path, *sessions[person])


def read_sessions(path: Path) -> list[RecordedSession]:
    """Read all sessions of a file: one, or that of each person in the order of their names; see `read_session`."""
    return [_read(path, *found) for found in _sessions(path).values()]


def _sessions(path: Path) -> dict[str, tuple[dict[str, Any], int]]:
    """Return the streams of each session by their types, by the person's name, and how many bytes were cut off."""
    if path.is_dir():
        raise RecordingError(f"'{path}' is a folder.", "Name one recording of it.")
    if not path.is_file():
        raise RecordingError(f"There is no file '{path}'.", "Check the path.")
    if not path.stat().st_size:
        raise RecordingError(f"'{path}' is empty.", _COPY_AGAIN)
    if path.suffix.lower() not in (".xdf", ".xdfz", ".gz"):
        raise RecordingError(f"'{path}' is not the recording of a session: that is an XDF file.", _REPLAY_IT)
    chunks = whole_chunks(path)
    by_person: dict[str, list[Any]] = {}
    for stream in _load(chunks.whole):
        by_person.setdefault(noted(stream, PERSON_KEY), []).append(stream)
    return {person: (_by_type(streams, path), chunks.n_cut) for person, streams in sorted((by_person or {"": []}).items())}


def _read(path: Path, streams: dict[str, Any], n_cut: int) -> RecordedSession:
    header = _header(streams["EEG"], path)
    gaps = np.asarray(streams[GAPS]["time_series"], dtype=np.int64).reshape(-1, 3)
    try:
        samples, timestamps = _numbered(streams["EEG"], gaps, 1.0 / header.sfreq)
    except ValueError as error:
        raise RecordingError(f"The numbers of the lost samples in '{path}' do not fit ({error}).", _COPY_AGAIN) from error
    return RecordedSession(
        header,
        samples,
        timestamps,
        tuple(_predictions(streams[WITHHELD], streams[PREDICTIONS], header.class_names)),
        tuple(Marker(float(t), row[0]) for t, row in _rows(streams[MARKERS])),
        tuple((float(t), json.loads(row[0])) for t, row in _rows(streams[EVENTS])),
        n_lost=int(gaps[gaps[:, 2] == GapKind.LOST, 1].sum()),
        n_not_recorded=int(gaps[gaps[:, 2] == GapKind.NOT_RECORDED, 1].sum()),
        n_cut=n_cut,
        rival_predictions=tuple(_rival_predictions(streams, header)),
    )


def _load(data: bytes) -> list[Any]:
    import pyxdf

    with np.errstate(all="ignore"):  # it divides by a duration of zero
        streams, _ = pyxdf.load_xdf(io.BytesIO(data), synchronize_clocks=False, dejitter_timestamps=False)
    return list(streams)


def _by_type(streams: list[Any], path: Path) -> dict[str, Any]:
    found = {stream["info"]["type"][0]: stream for stream in streams}
    missing = [kind for kind in ("EEG", MARKERS, GAPS, PREDICTIONS, WITHHELD, EVENTS) if kind not in found]
    if missing:
        raise RecordingError(
            f"'{path}' is not the recording of a session: it has no stream of type {missing[0]!r}.",
            _REPLAY_IT,
        )
    return found


def _header(eeg: Any, path: Path) -> SessionHeader:
    try:
        return SessionHeader.model_validate_json(noted(eeg, HEADER_KEY))
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "as a whole"
        raise RecordingError(
            f"The description of the session in '{path}' is wrong ({where}: {problem['msg']}).",
            "Run it with the version of this program that recorded it.",
        ) from error


def noted(stream: Any, key: str) -> str:
    """Return an entry of the description of a stream that pyxdf has read; empty when there is none."""
    return ((stream["info"].get("desc") or [None])[0] or {}).get(key, [None])[0] or ""


def _numbered(eeg: Any, gaps: np.ndarray[Any, Any], step_s: float) -> tuple[Float32Array, Float64Array]:
    """Return samples and stamps with the missing ones at their numbers, as the session's buffer held them."""
    n_channels = int(eeg["info"]["channel_count"][0])
    rows, stamps = np.asarray(eeg["time_series"], np.float32), np.asarray(eeg["time_stamps"], np.float64)
    rows = rows.reshape(-1, n_channels)  # a recording without EEG has no rows, and no width
    n_samples = len(rows) + int(gaps[:, 1].sum())
    if len(gaps) and not ((gaps[:, :2] >= 0).all() and n_samples < _MOST_SAMPLES):
        raise ValueError(f"{n_samples - len(rows)} samples are said to be missing")
    is_there = np.ones(n_samples, dtype=np.bool_)
    for first, n_missing, _ in gaps.tolist():
        is_there[first : first + n_missing] = False
    if is_there.sum() != len(rows):
        raise ValueError(f"{is_there.sum()} samples should be there, {len(rows)} are")
    samples = np.full((n_samples, rows.shape[1]), np.nan, dtype=np.float32)
    timestamps = np.zeros(n_samples)
    samples[is_there], timestamps[is_there] = rows, stamps
    for first, n_missing, _ in gaps.tolist():
        t_last = float(timestamps[first - 1]) if first else 0.0
        timestamps[first : first + n_missing] = t_last + step_s * np.arange(1, n_missing + 1)
    return samples, timestamps


def _rows(stream: Any) -> list[tuple[float, list[str]]]:
    return list(zip(stream["time_stamps"], stream["time_series"], strict=True))


def _rival_predictions(streams: dict[str, Any], header: SessionHeader) -> list[Prediction]:
    if header.rival is None or not {RIVAL_WITHHELD, RIVAL_PREDICTIONS} <= set(streams):
        return []
    return _predictions(streams[RIVAL_WITHHELD], streams[RIVAL_PREDICTIONS], header.rival.class_names)


def _predictions(silences: Any, answers: Any, class_names: tuple[str, ...]) -> list[Prediction]:
    reasons = iter([row[0] for _, row in _rows(silences)])
    n_classes, n_extra = len(class_names), len(EXTRA_COLUMNS)
    values = np.asarray(answers["time_series"], np.float64).reshape(-1, n_classes + n_extra)
    out = []
    for t_end, row in zip(answers["time_stamps"], values, strict=True):
        number, t_start, latency_s, is_withheld = row[n_classes:].tolist()
        probabilities = row[:n_classes].astype(np.float32)
        withheld = next(reasons) if is_withheld else None
        out.append(Prediction(probabilities, class_names, int(number), t_start, float(t_end), 0.0, latency_s, withheld))
    return out

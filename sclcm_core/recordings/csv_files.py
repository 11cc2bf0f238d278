"""Comma-separated files: muselsl's, and any with a column of times."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.grid import Grid, grid_from_stamps
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.tables import Table, parse_table
from sclcm_core.types import Float64Array, Marker

_TIMES = re.compile(r"(lsl[ _])?(time[ _]?stamps?|times?|t)([ _]?[(\[]?(?P<unit>s|sec|seconds|ms|us|µs|ns)[)\]]?)?")
_SECONDS = {"ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_COUNTERS = ("sample", "sample index", "index", "counter", "sample_index")
_MARKER_WORDS = ("marker", "event", "label", "trigger", "annotation")


def read_csv(path: Path) -> Recording:
    """Read a csv file with a header, a column of times, and a column a channel in µV, as muselsl writes it.

    Times are in s; in ms, µs or ns when the name says so (``time_ms``); or dates with the time of day (``2026-01-02 10:00:00.004``).

    The sampling rate is taken from the times, near a common one as that; rows that the times show to be missing are NaN.
    Columns whose names speak of markers, events or labels become markers, whenever they change to something.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording
        The recording, in µV.
    """
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    body = [line for line in lines if line.strip() and not line.startswith(("#", "%"))]
    if not body:
        raise RecordingError(f"'{path}' holds no table.", "A row of names and rows of numbers are needed.")
    try:
        table = parse_table(body[0], body[1:])
    except ValueError as error:
        raise RecordingError(f"'{path}' holds no table ({error}).", "A row of names and rows of numbers are needed.") from error
    return _recording(path, table)


def _recording(path: Path, table: Table) -> Recording:
    times = next((name for name in table.names if _TIMES.fullmatch(name.lower())), None)
    if times is None and all(_is_number(name) for name in table.names):
        raise RecordingError(
            f"'{path}' has no row of names: it begins with {', '.join(table.names[:8])}.",
            "Put a row above that names its columns: timestamps,T7,T8.",
        )
    if times is None:
        raise RecordingError(
            f"'{path}' has no column of times; its columns are {', '.join(table.names[:8])}.",
            "Name a column of times in s 'timestamps'.",
        )
    channels = [name for name in table.names if _is_channel(name, table)]
    column = _seconds(path, table, times)
    timed = np.isfinite(column)
    stamps = column[timed]
    grid = grid_from_stamps(stamps, None, path)
    picks = [table.names.index(name) for name in channels]
    return finish(
        path,
        grid.place(table.values[timed][:, picks]),
        grid.sfreq,
        channels,
        _markers(table, timed, grid),
        stated=False,
        notes=[*table.notes, *grid.notes],
        started_at=float(stamps[0]),
    )


def _seconds(path: Path, table: Table, name: str) -> Float64Array:
    """Return the column of times in s, shape (n_rows,); NaN where there is none."""
    found = _TIMES.fullmatch(name.lower())
    if name not in table.texts:
        return table.column(name) * (_SECONDS.get(found["unit"], 1.0) if found else 1.0)
    stamps = np.array([_moment(text) for text in table.texts[name]])
    if not np.isfinite(stamps).any():
        raise RecordingError(
            f"The times of '{path}' are written as '{table.texts[name][0]}'.",
            "Write them in s, or as dates such as 2026-01-02 10:00:00.004.",
        )
    return stamps


def _moment(text: str) -> float:
    """Return a date with the time of day in s since 1970; NaN for anything else. Without a zone only differences mean something."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_marker(name: str) -> bool:
    return any(word in name.lower() for word in _MARKER_WORDS)


def _is_channel(name: str, table: Table) -> bool:
    return (
        not _TIMES.fullmatch(name.lower())
        and name.lower() not in _COUNTERS
        and not _is_marker(name)
        and name not in table.texts
    )


def _markers(table: Table, timed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], grid: Grid) -> list[Marker]:
    found: list[Marker] = []
    for name in table.names:
        if _is_marker(name) or (name in table.texts and not _TIMES.fullmatch(name.lower())):
            texts = table.texts.get(name) or [_word(value) for value in table.column(name)]
            found += _changes([text for text, kept in zip(texts, timed, strict=True) if kept], grid)
    return found


def _word(value: float) -> str:
    return f"{value:g}" if np.isfinite(value) and value != 0 else ""


def _changes(texts: list[str], grid: Grid) -> list[Marker]:
    before = ["", *texts[:-1]]
    onsets = [k for k, (last, now) in enumerate(zip(before, texts, strict=True)) if now and now != last]
    return [Marker(float(grid.rows[k] / grid.sfreq), texts[k]) for k in onsets]

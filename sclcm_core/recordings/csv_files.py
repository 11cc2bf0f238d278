"""Comma-separated files: muselsl's, and any with a column of times."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.grid import Grid, grid_from_stamps
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.tables import Table, parse_table
from sclcm_core.types import Marker

_TIMES = ("timestamps", "timestamp", "time_stamp", "time", "times", "t", "time (s)", "time_s", "lsl_timestamp")
_COUNTERS = ("sample", "sample index", "index", "counter", "sample_index")
_MARKER_WORDS = ("marker", "event", "label", "trigger", "annotation")


def read_csv(path: Path) -> Recording:
    """Read a csv file with a header, a column of times in s, and a column a channel in µV, as muselsl writes it.

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
    times = next((name for name in table.names if name.lower() in _TIMES), None)
    if times is None:
        raise RecordingError(
            f"'{path}' has no column of times; its columns are {', '.join(table.names[:8])}.",
            "Name a column of times in s 'timestamps'.",
        )
    channels = [name for name in table.names if _is_channel(name, table)]
    timed = np.isfinite(table.column(times))
    stamps = table.column(times)[timed]
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


def _is_marker(name: str) -> bool:
    return any(word in name.lower() for word in _MARKER_WORDS)


def _is_channel(name: str, table: Table) -> bool:
    return name.lower() not in (*_TIMES, *_COUNTERS) and not _is_marker(name) and name not in table.texts


def _markers(table: Table, timed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], grid: Grid) -> list[Marker]:
    found: list[Marker] = []
    for name in table.names:
        if _is_marker(name) or name in table.texts:
            texts = table.texts.get(name) or [_word(value) for value in table.column(name)]
            found += _changes([text for text, kept in zip(texts, timed, strict=True) if kept], grid)
    return found


def _word(value: float) -> str:
    return f"{value:g}" if np.isfinite(value) and value != 0 else ""


def _changes(texts: list[str], grid: Grid) -> list[Marker]:
    before = ["", *texts[:-1]]
    onsets = [k for k, (last, now) in enumerate(zip(before, texts, strict=True)) if now and now != last]
    return [Marker(float(grid.rows[k] / grid.sfreq), texts[k]) for k in onsets]

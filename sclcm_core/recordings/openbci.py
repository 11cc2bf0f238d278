"""Text files of the OpenBCI GUI."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.grid import Grid, IntArray, grid_from_losses, grid_from_stamps, without_wild_ones
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.tables import Table, parse_table
from sclcm_core.types import Float64Array, Marker

_RATE = re.compile(r"%\s*Sample Rate\s*=\s*([0-9.]+)", re.IGNORECASE)
_CYCLE = 256
_ORDERLY_SHARE = 0.9
_MILLISECONDS_FROM = 1e11


def read_openbci(path: Path) -> Recording:
    """Read a raw text file of the OpenBCI GUI: its EXG channels in µV, and the marker channel.

    Lost samples are found by the board's sample index, which counts from 0 to 255. The channels have no electrode names.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording
        The recording, in µV. Potentials carry the offset of the electrodes, up to 10⁵ µV.
    """
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    rates = [float(found[1]) for line in lines[:20] if (found := _RATE.match(line))]
    body = [line for line in lines if line.strip() and not line.startswith("%")]
    if not rates or not body or "EXG Channel" not in body[0]:
        raise RecordingError(
            f"'{path}' is not a text file of the OpenBCI GUI.", "Other tables can be read as .csv with a column 'timestamps'."
        )
    table = parse_table(body[0], body[1:])
    channels = [name for name in table.names if name.startswith("EXG Channel")]
    grid = _grid(table, rates[0], path)
    picks = [table.names.index(name) for name in channels]
    return finish(
        path, grid.place(table.values[:, picks]), grid.sfreq, channels, _markers(table, grid), notes=[*table.notes, *grid.notes]
    )


def _grid(table: Table, sfreq: float, path: Path) -> Grid:
    stamps = _stamps(table)
    if "Sample Index" in table.names and len(table.values) > 2:
        lost = _lost_by_index(table.column("Sample Index"), stamps, sfreq)
        if lost is not None:
            return grid_from_losses(lost, sfreq, path)
    if stamps is None:
        return grid_from_losses(
            np.zeros(len(table.values), np.int64), sfreq, path, notes=["Losses cannot be seen in this file."]
        )
    return grid_from_stamps(stamps, sfreq, path)


def _stamps(table: Table) -> Float64Array | None:
    """Return the computer's time stamps in s."""
    if "Timestamp" not in table.names or not np.isfinite(table.column("Timestamp")).all():
        return None
    stamps = table.column("Timestamp")
    return without_wild_ones(stamps / 1e3 if np.median(stamps) > _MILLISECONDS_FROM else stamps)[0]


def _lost_by_index(index: Float64Array, stamps: Float64Array | None, sfreq: float) -> IntArray | None:
    """Return how many samples were lost before each, or None when the index does not count samples."""
    if not np.isfinite(index).all() or index.min() < 0 or index.max() >= _CYCLE:
        return None
    steps = np.mod(np.diff(index.astype(np.int64)), _CYCLE)
    usual = int(np.bincount(steps).argmax())
    if usual == 0 or np.mean(steps == usual) < _ORDERLY_SHARE:
        return None
    lost = np.zeros(len(index), np.int64)
    lost[1:] = np.maximum(steps // usual - 1, 0) + _whole_cycles(steps // usual, stamps, sfreq, _CYCLE // usual)
    return lost


def _whole_cycles(steps: IntArray, stamps: Float64Array | None, sfreq: float, cycle: int) -> IntArray | int:
    """Return the losses that the index cannot see because it came round, told by the time stamps."""
    if stamps is None:
        return 0
    passed = np.diff(stamps) * sfreq
    return np.asarray(np.where(passed > cycle, np.rint((passed - steps) / cycle) * cycle, 0), np.int64)


def _markers(table: Table, grid: Grid) -> list[Marker]:
    if "Marker Channel" not in table.names:
        return []
    values = np.nan_to_num(table.column("Marker Channel"))
    onsets = np.flatnonzero((np.diff(values, prepend=0.0) != 0) & (values != 0))
    return [Marker(float(grid.rows[k] / grid.sfreq), f"{values[k]:g}") for k in onsets]

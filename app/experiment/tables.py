"""What a session came to, as tables that any program reads: events, ratings, predictions, quality."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.experiment.session_folder import SessionFolder
from app.session.recorded_session import RecordedSession
from sclcm_core.recordings.spans import MarkerMapping, find_ratings, find_spans

Row = Sequence[str | float | int | None]


def write_tables(folder: SessionFolder, session: RecordedSession, mapping: MarkerMapping | None = None) -> list[Path]:
    """Write the tables of a session.

    Parameters
    ----------
    folder : SessionFolder
        Where to.
    session : RecordedSession
        The recording.
    mapping : MarkerMapping, optional
        What its markers mean.

    Returns
    -------
    list of Path
        The files; times are in s from the first sample, and what is missing is written ``n/a``, as in BIDS.
    """
    t0 = session.t_first
    return [
        _write(folder.file("events.tsv"), ("onset", "duration", "trial_type", "stimulus"), _events(session, mapping, t0)),
        _write(folder.file("markers.tsv"), ("onset", "marker"), [(m.t - t0, m.text) for m in session.markers]),
        _write(folder.file("beh.tsv"), ("onset", "stimulus", "scale", "rating"), _ratings(session, t0)),
        _write(folder.file("predictions.tsv"), _prediction_columns(session), _predictions(session, t0)),
    ]


def _events(session: RecordedSession, mapping: MarkerMapping | None, t0: float) -> Iterable[Row]:
    for span in find_spans(session.markers, mapping):
        duration = span.t_end - span.t_start
        yield span.t_start - t0, duration if math.isfinite(duration) else None, span.label or span.kind, span.name


def _ratings(session: RecordedSession, t0: float) -> Iterable[Row]:
    return ((r.t - t0, r.name, r.scale, r.value) for r in find_ratings(session.markers))


def _prediction_columns(session: RecordedSession) -> tuple[str, ...]:
    return ("onset", "duration", "label", *(f"p_{name}" for name in session.header.class_names), "latency", "withheld")


def _predictions(session: RecordedSession, t0: float) -> Iterable[Row]:
    for p in session.predictions:
        shares = [None if p.withheld else float(value) for value in p.probabilities]
        yield p.t_start - t0, p.t_end - p.t_start, p.label, *shares, p.latency_s, p.withheld


def _write(path: Path, header: Sequence[str], rows: Iterable[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)
    return path


def _cell(value: str | float | int | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""The output of ``sclcm rerun``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from app.headless import PredictionPrinter
from app.session.recorded_session import RecordedSession, read_sessions
from app.session.rerun import Comparison, bundle_of, compare, predict_again


def print_rerun(path: Path, model: str | None, out: TextIO, *, as_json: bool) -> int:
    """Run a recorded session again, or that of each person in the file, and say how its predictions compare with the recorded ones.

    Parameters
    ----------
    path : Path
        The recording of a session.
    model : str or None
        Another bundle; that of the session when None.
    out : TextIO
        Where to.
    as_json : bool
        One JSON object a line.

    Returns
    -------
    int
        0 when the same model gave every recorded prediction again, or another model was asked for; 1 otherwise.
    """
    return max([_rerun(session, model, out, as_json=as_json) for session in read_sessions(path)])


def _rerun(session: RecordedSession, model: str | None, out: TextIO, *, as_json: bool) -> int:
    """Run the session of one person again."""
    who = session.header.who
    bundle = bundle_of(session.header, model)
    printer = PredictionPrinter(out, as_json=as_json, who=who)
    again = list(predict_again(session, bundle))
    for prediction in again:
        printer.prediction(prediction)
    result = compare(session, again, bundle)
    if as_json:
        keys = ("n_recorded", "n_again", "n_equal", "n_different", "n_same_label", "n_labelled")
        counts = {key: getattr(result, key) for key in keys}
        record = {"type": "summary", "model": bundle.manifest.name, "same_model": result.same_model, **counts}
        record |= {"person": who} if who else {}
        out.write(json.dumps(record | {"is_exact": result.is_exact}) + "\n")
    else:
        verdict = _verdict(result, session.header.class_names, bundle.manifest.class_names)
        out.write(f"{f'{who}: ' if who else ''}{verdict}. Model: {bundle.manifest.name}.\n")
    return 0 if result.is_exact or not result.same_model else 1


def _verdict(result: Comparison, recorded: tuple[str, ...], again: tuple[str, ...]) -> str:
    """Return in words how a rerun compares; `recorded` and `again` are the classes of the two models."""
    if result.same_model:
        return f"{result.n_equal} of {result.n_recorded} recorded predictions came again, bit for bit"
    if set(recorded) != set(again):
        return f"{result.n_again} predictions of {', '.join(again)}; the recorded ones are of {', '.join(recorded)}"
    if not result.n_labelled:
        return f"{result.n_again} predictions, none of them at the moment of a recorded one"
    return f"{result.n_same_label} of {result.n_labelled} predictions made at the same moments name the same class"

"""``sclcm rerun``: a recorded session run again, as lines of text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from app.headless import PredictionPrinter
from app.session.recorded_session import RecordedSession, read_session
from app.session.rerun import Comparison, bundle_of, compare, predict_again
from sclcm_core.types import Prediction


def run_rerun(path: Path, model: str | None, out: TextIO, *, as_json: bool) -> Comparison:
    """Run a recorded session again, write its predictions, and what the comparison with the recorded ones found.

    Parameters
    ----------
    path : Path
        The recording of a session.
    model : str or None
        Name or path of another bundle; that of the session when None.
    out : TextIO
        Where lines go.
    as_json : bool
        One JSON object a line, and nothing else; otherwise words.

    Returns
    -------
    Comparison
        What was found.

    Raises
    ------
    SclcmError
        When the recording or the bundle cannot be used.
    """
    session = read_session(path)
    bundle = bundle_of(session.header, model)
    printer = PredictionPrinter(out, as_json=as_json)
    comparison = compare(session, _printed(predict_again(session, bundle), printer), bundle)
    out.write(json.dumps(comparison_record(comparison, session)) + "\n" if as_json else _words(comparison, session))
    out.flush()
    return comparison


def comparison_record(comparison: Comparison, session: RecordedSession) -> dict[str, Any]:
    """Return a comparison as a JSON object."""
    return {
        "type": "comparison",
        **asdict(comparison),
        "n_only_recorded": comparison.n_only_recorded,
        "n_only_again": comparison.n_only_again,
        "is_exact": comparison.is_exact,
        "n_samples": len(session.samples),
        "n_lost": session.n_lost,
        "n_not_recorded": session.n_not_recorded,
        "n_cut": session.n_cut,
    }


def _printed(predictions: Iterable[Prediction], printer: PredictionPrinter) -> Iterator[Prediction]:
    for prediction in predictions:
        printer.prediction(prediction)
        yield prediction


def _words(comparison: Comparison, session: RecordedSession) -> str:
    c, lines = comparison, []
    if c.same_model:
        lines.append(f"{c.n_equal} of {c.n_recorded} recorded predictions came again, bit for bit; {c.n_different} differ.")
    elif c.n_labelled:
        lines.append(
            f"Another model than the session's: {c.n_same_label} of {c.n_labelled} predictions at the same moments name "
            "the same class."
        )
    else:
        lines.append("Another model than the session's; no prediction was made at the same moment.")
    if c.same_model and c.t_first_different is not None:
        lines.append(f"The first difference is at {c.t_first_different:.3f} s.")
    if session.n_not_recorded:
        lines.append(f"{session.n_not_recorded} samples are not in the recording; what follows them cannot be exact.")
    if session.n_cut:
        lines.append(f"The file is cut off: its last {session.n_cut} bytes are left out.")
    return "\n".join(lines) + "\n"

"""A session without a window: predictions as lines of text or JSON."""

from __future__ import annotations

import json
import threading
from typing import Any, TextIO

from app.session.comparison import Comparison, Standing
from app.session.messages import as_json as as_json_line
from app.session.messages import prediction_message, rival_message
from app.session.session import Session
from app.session.truth import TruthScore
from sclcm_core.errors import SclcmError
from sclcm_core.inference.words import WordMatcher
from sclcm_core.types import Prediction

PATIENCE_S = 0.2
RIVAL_MARK = "  second: "
"""What the lines of the second model begin with."""


class PredictionPrinter:
    """Writes each prediction as one line.

    Parameters
    ----------
    out : TextIO
        Where to.
    as_json : bool
        One JSON object a line, and nothing else; otherwise words.
    matcher : WordMatcher, optional
        Words that every prediction is matched with.
    who : str
        Whose predictions, where there are several people.
    """

    _lock = threading.Lock()
    """Of all printers: there may be one for each person, and a second model speaks from a thread of its own."""

    def __init__(self, out: TextIO, *, as_json: bool, matcher: WordMatcher | None = None, who: str = "") -> None:
        self._out = out
        self._who = who
        self._as_json = as_json
        self._matcher = matcher

    def prediction(self, prediction: Prediction) -> None:
        """Write a prediction."""
        matches = self._matcher.push(prediction) if self._matcher else ()
        if self._as_json:
            said = {"words": {match.word: match.similarity for match in matches}} if self._matcher else {}
            self._write(as_json_line({**self._person(), **prediction_message(prediction), **said}))
        else:
            self._write("  ".join((_words(prediction), *(f"“{match.word}” {match.similarity:+.2f}" for match in matches))))

    def rival(self, prediction: Prediction) -> None:
        """Write a prediction of the second model."""
        self._write(as_json_line(rival_message(prediction)) if self._as_json else f"{RIVAL_MARK}{_words(prediction)}")

    def summary(self, record: dict[str, Any]) -> None:
        """Write what happened in all."""
        self._write(json.dumps(self._person() | record) if self._as_json else _summary_words(record))

    def _person(self) -> dict[str, str]:
        return {"person": self._who} if self._who else {}

    def _write(self, line: str) -> None:
        mark = f"{self._who}: " if self._who and not self._as_json else ""
        with self._lock:
            self._out.write(f"{mark}{line}\n")
            self._out.flush()


def run_headless(session: Session, out: TextIO, *, as_json: bool, matcher: WordMatcher | None = None) -> None:
    """Run a session to its end, or until interrupted, and write what it says.

    Parameters
    ----------
    session : Session
        Not yet started.
    out : TextIO
        Where predictions go.
    as_json : bool
        JSON lines instead of words.
    matcher : WordMatcher, optional
        Words that every prediction is matched with.

    Raises
    ------
    SclcmError
        When the session failed.
    """
    printer = PredictionPrinter(out, as_json=as_json, matcher=matcher)
    session.on_prediction.append(printer.prediction)
    session.on_rival_prediction.append(printer.rival)
    session.start()
    try:
        while not session.wait(PATIENCE_S):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        session.stop()
    if session.error is not None:
        raise session.error
    printer.summary(summary_record(session))


def summary_record(session: Session) -> dict[str, Any]:
    """Return what happened in a session as a JSON object."""
    status, spec, score = session.status, session.spec, session.score()
    if spec is None:
        raise SclcmError("The session ended before the stream was open.", "Start it again.")
    return {
        "type": "summary",
        "n_predictions": status.n_predictions,
        "n_withheld": status.n_withheld,
        "n_samples": status.n_samples,
        "n_lost": status.n_lost,
        "n_skipped": status.n_skipped,
        "latency_ms": {"p50": _ms(status.latency_p50_s), "p99": _ms(status.latency_p99_s)},
        "sfreq": spec.sfreq,
        "ch_names": list(spec.ch_names),
        "model": session.manifest.name,
        "truth": _truth(score),
        **(
            {}
            if (rest := status.baseline_progress_s) is None
            else {"unfinished_baseline": {"taken_s": rest[0], "needed_s": rest[1]}}
        ),
        **({} if status.n_predictions else {"too_short": _too_short(session, status.n_samples / spec.sfreq)}),
        **({"recorded_in": [str(path) for path in session.recorded_in]} if session.recorded_in else {}),
        **_compared(session.comparison()),
    }


def _too_short(session: Session, came_s: float) -> dict[str, float]:
    return {"came_s": came_s, "needed_s": session.manifest.features.span_s}


def _compared(found: Comparison | None) -> dict[str, Any]:
    """Return what there is to say of a second model; nothing without one."""
    if found is None:
        return {}
    return {
        "compare": {
            "same_classes": found.is_comparable,
            "n_compared": found.n_compared,
            "n_agreed": found.n_agreed,
            "agreement": found.agreement,
            "mean_difference": found.mean_difference,
            "disagreements": [{"t_end": d.t, "first": d.mine, "second": d.theirs} for d in found.disagreements],
            "trouble": found.trouble or None,
            "first": _standing(found.mine),
            "second": _standing(found.theirs),
        }
    }


def _standing(model: Standing) -> dict[str, Any]:
    return {
        "model": model.name,
        "n_predictions": model.n_predictions,
        "n_withheld": model.n_withheld,
        "n_skipped": model.n_skipped,
        "latency_ms": {"p50": _ms(model.latency_p50_s), "p99": _ms(model.latency_p99_s)},
        "cost_ms": _ms(model.cost_s),
        "truth": _truth(model.score),
    }


def _truth(score: TruthScore | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {"n_compared": score.n_compared, "n_correct": score.n_correct, "accuracy": score.accuracy}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e3


def _words(prediction: Prediction) -> str:
    if prediction.withheld:
        return f"{prediction.t_end:12.2f} s  withheld: {prediction.withheld}"
    shares = "  ".join(f"{n} {p:.2f}" for n, p in zip(prediction.class_names, prediction.probabilities, strict=True))
    return f"{prediction.t_end:12.2f} s  {prediction.label:<18} {shares}  ({prediction.latency_s * 1e3:.1f} ms)"


def _summary_words(record: dict[str, Any]) -> str:
    latency, truth = record["latency_ms"], record["truth"]
    lines = [
        f"{record['n_predictions']} predictions by {record['model']}, {record['n_withheld']} of them withheld; "
        f"{record['n_samples']} samples, {record['n_lost']} lost; {record['n_skipped']} windows skipped.",
    ]
    if "too_short" in record:
        came_s, needed_s = record["too_short"]["came_s"], record["too_short"]["needed_s"]
        lines.append(
            f"That was {came_s:.1f} s of signal; the model looks at {needed_s:g} s. Give it a longer recording, or more time."
        )
    if "unfinished_baseline" in record:
        lines.append(_unfinished_words(record["unfinished_baseline"]))
    if latency["p50"] is not None:
        lines.append(
            f"Latency from a window's last sample to the answer: p50 {latency['p50']:.1f}, p99 {latency['p99']:.1f} ms."
        )
    if truth is not None:
        lines.append(
            f"{truth['n_correct']} of {truth['n_compared']} predictions agree with the markers ({truth['accuracy']:.0%})."
        )
    if "compare" in record:
        lines += _compare_words(record["compare"])
    lines += [f"Recorded in '{path}'." for path in record.get("recorded_in", ())]
    return "\n".join(lines)


def _unfinished_words(rest: dict[str, float]) -> str:
    return (
        f"The baseline was not finished: {rest['taken_s']:g} of {rest['needed_s']:g} s of good rest, and so every window was withheld. "
        "Give a shorter --baseline, a rest recording of the person as --baseline FILE, or more time."
    )


def _compare_words(record: dict[str, Any]) -> list[str]:
    """Return the two models side by side, as lines."""
    lines = [f"Beside it {record['trouble']}"] if record["trouble"] else []
    if record["agreement"] is not None:
        lines.append(
            f"The two models say the same of {record['n_agreed']} of {record['n_compared']} windows ({record['agreement']:.1%}); "
            f"their probabilities differ by {record['mean_difference']:.3f} on average."
        )
    elif not record["same_classes"]:
        lines.append("The two models tell different classes, and are not counted against each other.")
    for place in ("first", "second"):
        lines.append(_standing_words(place, record[place]))
    shown = record["disagreements"][-5:]
    lines += [f"  at {d['t_end']:.2f} s: {d['first']} against {d['second']}" for d in shown]
    return lines


def _standing_words(place: str, model: dict[str, Any]) -> str:
    cost = "" if model["cost_ms"] is None else f", {model['cost_ms']:.2f} ms of processor time an answer"
    truth = model["truth"]
    right = "" if truth is None else f", {truth['accuracy']:.0%} of {truth['n_compared']} right"
    return f"  {place}: {model['model']}: {model['n_predictions']} answers, {model['n_skipped']} skipped{cost}{right}"

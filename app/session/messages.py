"""What a session says, as JSON objects and to whom: one form for every listener outside this program."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from app.session.session import Session, SessionStatus
from sclcm_core.streaming.quality import QualityReport
from sclcm_core.types import Marker, Prediction


class ResultSink(Protocol):
    """Somebody to whom a session's results are told; called from the session's threads, and never waits."""

    def prediction(self, prediction: Prediction, model: str = "") -> None:
        """Take a prediction, withheld or not, of the model of that name."""
        ...

    def rival(self, prediction: Prediction, model: str = "") -> None:
        """Take a prediction of the second model, where two are compared."""
        ...

    def quality(self, report: QualityReport) -> None:
        """Take a quality report."""
        ...

    def marker(self, marker: Marker) -> None:
        """Take a marker."""
        ...

    def status(self, status: SessionStatus) -> None:
        """Take a change of phase."""
        ...


def publish(session: Session, sinks: Iterable[ResultSink]) -> None:
    """Tell a session's results to listeners; quality reports go to ``sink.quality`` from where they are made.

    Parameters
    ----------
    session : Session
        Not yet started.
    sinks : iterable of ResultSink
        The listeners.
    """
    first, second = session.manifest, session.rival_manifest
    for sink in sinks:
        session.on_prediction.append(partial(sink.prediction, model=first.name))
        if second is not None:
            session.on_rival_prediction.append(partial(sink.rival, model=second.name))
        session.on_marker.append(sink.marker)
        session.on_status.append(sink.status)


def prediction_message(prediction: Prediction, model: str = "") -> dict[str, Any]:
    """Return a prediction as a JSON object, with the name of the model where it is given; probabilities are null while withheld."""
    probabilities = zip(prediction.class_names, prediction.probabilities.tolist(), strict=True)
    return {
        "type": "prediction",
        **({"model": model} if model else {}),
        "t_end": prediction.t_end,
        "label": prediction.label,
        "probabilities": {name: finite(value) for name, value in probabilities},
        "latency_ms": prediction.latency_s * 1e3,
        "withheld": prediction.withheld,
        "typicality": prediction.typicality,
    }


def rival_message(prediction: Prediction, model: str = "") -> dict[str, Any]:
    """Return a prediction of the second model as a JSON object: the same under another type."""
    return {**prediction_message(prediction, model), "type": "rival_prediction"}


def quality_message(report: QualityReport) -> dict[str, Any]:
    """Return a quality report as a JSON object."""
    return {
        "type": "quality",
        "t_end": report.t_end,
        "light": report.light.value,
        "line_frequency": report.line_frequency,
        "blinks_per_minute": report.blinks_per_minute,
        "channels": [
            {
                "name": channel.name,
                "light": channel.light.value,
                "findings": [finding.trouble.value for finding in channel.findings],
                "hint": channel.hint,
            }
            for channel in report.channels
        ],
    }


def marker_message(marker: Marker) -> dict[str, Any]:
    """Return a marker as a JSON object."""
    return {"type": "marker", "t": marker.t, "text": marker.text, "duration_s": marker.duration_s}


def status_message(status: SessionStatus) -> dict[str, Any]:
    """Return a change of phase as a JSON object."""
    return {
        "type": "status",
        "phase": status.phase.value,
        "message": status.message,
        "n_samples": status.n_samples,
        "n_lost": status.n_lost,
    }


def as_json(message: dict[str, Any]) -> str:
    """Return a message as one line of strict JSON."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False)


def finite(value: float) -> float | None:
    """Return a number, or None for one that JSON does not know."""
    return value if math.isfinite(value) else None

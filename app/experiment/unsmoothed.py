"""The answers of a session before they were smoothed: what is shown remembers what was presented before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from app.session.recorded_session import RecordedSession
from app.session.rerun import bundle_of
from sclcm_core.errors import BundleError
from sclcm_core.inference.pipeline import ABSTENTIONS
from sclcm_core.types import Float64Array, Prediction

UNKNOWN = "not known without the smoothing: the answer before it was not given"
"""Why an answer that follows an abstention is left out: the smoothing went on unseen."""


def smoothing_of(session: RecordedSession) -> float | None:
    """Return the time constant of a session's smoothing in s; None where neither the recording nor a model at hand says it."""
    if session.header.smoothing_s is not None:
        return session.header.smoothing_s
    try:
        return bundle_of(session.header).manifest.smoothing_s
    except BundleError:
        return None


def unsmoothed(predictions: Iterable[Prediction], smoothing_s: float) -> Iterator[Prediction]:
    """Take the smoothing out of predictions.

    Parameters
    ----------
    predictions : iterable of Prediction
        As they were shown, in order.
    smoothing_s : float
        Time constant of their smoothing, in s.

    Yields
    ------
    Prediction
        Each with the probabilities of its own window; withheld as `UNKNOWN` where these cannot be known.

    Notes
    -----
    `ProbabilitySmoother` solved for its input: ``x = p_before + (p - p_before) / (1 - exp(-Δt / τ))``. It begins anew after a window
    that was withheld.
    """
    before: Prediction | None = None
    for p in predictions:
        if p.withheld is not None:
            yield p
            before = p if p.withheld.startswith(ABSTENTIONS) and smoothing_s > 0 else None
            continue
        if before is not None and before.index >= p.index:  # numbers begin anew with the stream, and the smoothing with them
            before = None
        yield _own(p, before, smoothing_s)
        before = p if smoothing_s > 0 else None


def _own(p: Prediction, before: Prediction | None, smoothing_s: float) -> Prediction:
    if before is None:
        return p
    if before.withheld is not None or p.t_end <= before.t_end:
        return replace(p, probabilities=np.full_like(p.probabilities, np.nan), withheld=UNKNOWN)
    gain = -math.expm1(-(p.t_end - before.t_end) / smoothing_s)
    last, now = (np.asarray(q.probabilities, np.float64) for q in (before, p))
    found: Float64Array = np.clip(last + (now - last) / gain, 0.0, 1.0)  # float32 leaves it outside by a millionth
    return replace(p, probabilities=(found / found.sum()).astype(np.float32))

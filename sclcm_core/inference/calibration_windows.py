"""From what a session predicted and what its markers say to labelled blocks: the same for a stream, a replay and a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.calibration import LabelledBlock
from sclcm_core.recordings.spans import EYES_CLOSED, Span
from sclcm_core.types import FeatureFrame, Float32Array, Prediction

_COUNTED = re.compile(r" \([^)]*\d[^)]*\)|\d+% of the (?=samples|signal)|: \d\S* of \d\S*")
"""What a reason says in numbers: how much of the window, how much of the signal, how sure of how much."""


@dataclass(frozen=True, slots=True)
class CalibrationWindows:
    """What a calibration is made of.

    Parameters
    ----------
    blocks : tuple of LabelledBlock
        In the order of time; those without a good window are left out.
    rest : tuple of FeatureFrame
        Frames of the rest, each (n_bands, n_columns) in nats or dB.
    left_out : dict of str to int
        Windows inside blocks that were not taken, by reason.
    """

    blocks: tuple[LabelledBlock, ...]
    rest: tuple[FeatureFrame, ...]
    left_out: dict[str, int]


def gather(predictions: Sequence[Prediction], spans: Iterable[Span], spec: FeatureSpec) -> CalibrationWindows:
    """Cut blocks out of what a session predicted.

    Parameters
    ----------
    predictions : sequence of Prediction
        Every window of the session, in order, with its newest frame.
    spans : iterable of Span
        What was going on.
    spec : FeatureSpec
        What the model sees.

    Returns
    -------
    CalibrationWindows
        A window belongs to a block when all of its samples do; it is left out when the pipeline withheld it, for poor signal say. So is
        a frame of the rest that ends a window of poor signal.
    """
    frames = {p.frame.index: p.frame for p in predictions if p.frame is not None}
    steady = [p.frame for p in predictions if p.frame is not None and not (p.withheld or "").startswith("poor signal")]
    half_sample_s = 0.5 / spec.sfreq
    every = list(spans)
    blocks, left_out = [], Counter[str]()
    rest = [f for span in baseline_spans(every) for f in _frames_inside(steady, span, spec, half_sample_s)]
    for span in every:
        if span.kind == "rest":
            continue
        inside = [p for p in predictions if _is_inside(p.t_start, p.t_end, span, half_sample_s)]
        left_out.update(plain_reason(p.withheld) for p in inside if p.withheld)
        windows = [w for p in inside if p.withheld is None and (w := _window(frames, p.index, spec.n_frames)) is not None]
        if windows:
            blocks.append(LabelledBlock(span.label, span.name, np.stack(windows)))
    return CalibrationWindows(tuple(blocks), tuple(rest), dict(left_out))


def baseline_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the rests that make the baseline: those with open eyes, where there are such."""
    rests = [span for span in spans if span.kind == "rest"]
    return [span for span in rests if span.name != EYES_CLOSED] or rests


def _frames_inside(frames: Iterable[FeatureFrame], span: Span, spec: FeatureSpec, slack_s: float) -> list[FeatureFrame]:
    back_s = (spec.window - 1) / spec.sfreq
    return [frame for frame in frames if _is_inside(frame.t_end - back_s, frame.t_end, span, slack_s)]


def _is_inside(t_start: float, t_end: float, span: Span, slack_s: float) -> bool:
    return t_start >= span.t_start - slack_s and t_end <= span.t_end + slack_s


def _window(frames: dict[int, FeatureFrame], newest: int, n_frames: int) -> Float32Array | None:
    """Return the frames up to a number as a model input, shape (n_bands, n_columns, n_frames); None when one is missing."""
    wanted = [frames.get(k) for k in range(newest - n_frames + 1, newest + 1)]
    values = [frame.values for frame in wanted if frame is not None]
    return np.stack(values, axis=-1) if len(values) == n_frames else None


def plain_reason(reason: str) -> str:
    """Return a reason without its numbers, so that equal ones are counted together.

    Examples
    --------
    >>> plain_reason("filling the first window: 3 of 16 frames (4 s)")
    'filling the first window'
    >>> plain_reason("poor signal: T8 muscle (in 60% of the window)")
    'poor signal: T8 muscle'
    >>> plain_reason("T7: 12% of the samples missing")
    'T7: samples missing'
    >>> plain_reason("not sure enough: 0.61 of 0.72 (for at most 20% wrong answers)")
    'not sure enough'
    """
    if reason.startswith(("filling", "taking")):
        return reason.partition(":")[0]
    return _COUNTED.sub("", reason)

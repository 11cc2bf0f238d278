"""What a session's samples go through while a stream stays as it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.acquisition.matching import match
from app.session.progress import Progress
from app.session.session_status import SessionSettings
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.pipeline import Pipeline
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import StreamSpec

log = logging.getLogger(__name__)

LONGEST_STEP = 4096
"""Samples a processing step takes at most, so that a stop is never far."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What exists once the stream is known.

    Parameters
    ----------
    spec : StreamSpec
        The stream.
    buffer : RingBuffer
        Its samples.
    pipeline : Pipeline
        Makes predictions of them.
    progress : Progress
        How far they are processed.
    channel_indices : tuple of int
        Where the model's channels stand in the stream.
    n_wanted : int or None
        How many samples are wanted at most.
    """

    spec: StreamSpec
    buffer: RingBuffer
    pipeline: Pipeline
    progress: Progress
    channel_indices: tuple[int, ...]
    n_wanted: int | None

    @property
    def is_full(self) -> bool:
        """Whether as many samples have come as are wanted."""
        return self.n_wanted is not None and self.buffer.head >= self.n_wanted


def prepare(
    spec: StreamSpec, bundle: Bundle, settings: SessionSettings, own: Normaliser | None, before_s: float = 0.0
) -> Journey:
    """Match a stream to a model, and build what depends on both.

    Parameters
    ----------
    spec : StreamSpec
        The stream.
    bundle : Bundle
        The model.
    settings : SessionSettings
        What else the session was told.
    own : Normaliser or None
        The person's own statistics, when they are known already.
    before_s : float
        How much of the stream has come before it changed into this one, in s.

    Raises
    ------
    MatchError
        When the stream has not what the model needs.
    """
    found = match(spec, bundle.manifest.features)
    if found.doubt:
        log.warning("Of the stream '%s': %s.", spec.name, found.doubt)
    pipeline = Pipeline(
        bundle.manifest,
        bundle.predictor,
        spec.sfreq,
        normaliser=own,
        baseline_s=settings.baseline_s,
        risk=settings.risk,
        policy=settings.policy,
    )
    buffer = RingBuffer(max(4 * LONGEST_STEP, round(settings.buffer_s * spec.sfreq)), spec.n_channels)
    n_wanted = None if settings.max_seconds is None else round((settings.max_seconds - before_s) * spec.sfreq)
    return Journey(spec, buffer, pipeline, Progress(), found.channel_indices, n_wanted)

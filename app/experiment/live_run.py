"""A protocol over a live session: samples, predictions and markers come together, on LSL and in the recording."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from app.acquisition.protocol_outlet import ProtocolOutlet
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import SampleSource
from app.experiment.conduct import conduct_headless, hands_free, let_the_last_samples_come, wait_for_stream
from app.experiment.marked_source import MarkedSource
from app.experiment.runner import Mark
from app.experiment.schedule import Step, StepKind
from app.session.session import Session, SessionSettings
from app.surroundings import surround
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.simulation.settings import EMOTIONS
from sclcm_core.types import Marker, Prediction

GATE_PATIENCE_S = 20.0
"""A presentation waits this long for a good signal, in s, and then begins all the same: what is poor is left out later."""

Present = Callable[["LiveRun", Sequence[Step]], None]
"""Leads through the steps of a run, in whatever way shows them."""


@dataclass(slots=True)
class LiveRun:
    """A session with what it has seen and said so far.

    Parameters
    ----------
    session : Session
        Started.
    mark : callable
        Takes a marker of the protocol and its time, in s on the LSL clock.
    on_step : list of callable
        Hear of each step.
    predictions : list of Prediction
        Every window.
    markers : list of Marker
        The protocol's, and those of the stream.
    """

    session: Session
    mark: Mark
    on_step: list[Callable[[Step], None]] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)


class SignalGate:
    """Says why the next presentation should wait: the signal of the last window is poor.

    Parameters
    ----------
    predictions : list of Prediction
        Grows while the session runs.
    patience_s : float
        After this long in s it lets the protocol go on.
    """

    def __init__(self, predictions: list[Prediction], patience_s: float = GATE_PATIENCE_S) -> None:
        self._predictions, self._patience_s = predictions, patience_s
        self._t_first = math.nan

    def why_wait(self) -> str:
        """Return the reason; empty when there is none, or none any more."""
        newest = self._predictions[-1].withheld if self._predictions else None
        if newest is None or newest.startswith(("filling", "taking")):
            self._t_first = math.nan
            return ""
        now = time.monotonic()
        if math.isnan(self._t_first):
            self._t_first = now
        return newest if now - self._t_first < self._patience_s else ""


def run_protocol(
    arguments: argparse.Namespace,
    bundle: Bundle,
    source: SampleSource,
    steps: Sequence[Step],
    present: Present,
    *,
    baseline_s: float = 0.0,
) -> LiveRun:
    """Run a protocol.

    Parameters
    ----------
    arguments : Namespace
        With ``record``, ``osc`` and ``websocket``, and ``timeout`` in s.
    bundle : Bundle
        The model that predicts meanwhile.
    source : SampleSource
        A source on the LSL clock.
    steps : sequence of Step
        The schedule.
    present : callable
        Leads through the steps.
    baseline_s : float
        Rest at the start of the stream for the model's statistics, in s.

    Returns
    -------
    LiveRun
        Over.
    """
    marked = MarkedSource(source)
    settings = SessionSettings(connect_timeout_s=arguments.timeout, policy=WindowPolicy.EVERY, baseline_s=baseline_s)
    session = Session(marked, bundle, settings)
    with surround(session, arguments), ProtocolOutlet() as outlet:

        def mark(text: str, t: float) -> None:
            marked.mark(text, t)
            outlet.mark(text, t)

        run = LiveRun(session, mark)
        session.on_prediction.append(run.predictions.append)
        session.on_marker.append(run.markers.append)
        session.start()
        try:
            wait_for_stream(session, arguments.timeout)
            present(run, steps)
            let_the_last_samples_come(session, marked)
        finally:
            session.stop()
    if session.error is not None:
        raise session.error
    return run


def present_as_text(out: TextIO) -> Present:
    """Return what leads through a run with lines of text and without keys."""

    def present(run: LiveRun, steps: Sequence[Step]) -> None:
        gate = SignalGate(run.predictions)

        conduct_headless(
            hands_free(steps), out, run.mark, is_over=run.session.wait, why_wait=gate.why_wait, on_step=run.on_step
        )

    return present


def lead_head(headset: SimulatedHeadset) -> Callable[[Step], None]:
    """Return what makes a simulated head feel what a step presents: its label where that is an emotion, else nothing."""

    def follow(step: Step) -> None:
        label = step.stimulus.label if step.stimulus and step.kind is StepKind.STIMULUS else "neutral"
        if label in EMOTIONS:
            headset.feel(label)

    return follow

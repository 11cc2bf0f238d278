"""Conducts a protocol over a running session: waits for the stream, leads through the steps, lets the last samples come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TextIO

from app.acquisition.lsl_network import local_clock
from app.acquisition.source import Phase
from app.experiment.marked_source import MarkedSource
from app.experiment.runner import ProtocolRunner, always_good
from app.experiment.schedule import Step, StepKind
from app.experiment.text_presenter import TextPresenter
from app.session.session import Session
from sclcm_core.errors import SclcmError

TICK_S = 0.005
INSTRUCTIONS_S = 4.0
"""How long instructions stand where there is nobody to press a key, in s."""

LAST_SAMPLES_S = 1.0
"""What is recorded after the last step, in s."""

PATIENCE_S = 5.0


def wait_for_stream(session: Session, timeout_s: float) -> None:
    """Wait until samples come.

    Parameters
    ----------
    session : Session
        Started.
    timeout_s : float
        How long, in s.

    Raises
    ------
    SclcmError
        When the session failed, or nothing comes.
    """
    deadline = time.monotonic() + timeout_s
    while session.status.phase is not Phase.STREAMING or not (session.buffer and session.buffer.head):
        if session.error is not None:
            raise session.error
        if time.monotonic() > deadline or session.wait(0.05):
            raise SclcmError(
                f"No samples came within {timeout_s:g} s.", "Switch the headset on; 'sclcm streams' shows what is there."
            )


def hands_free(steps: Sequence[Step]) -> list[Step]:
    """Return the steps for a run without keys: instructions end by themselves, and nothing is asked."""
    kept = [step for step in steps if step.kind is not StepKind.RATING]
    return [replace(step, duration_s=INSTRUCTIONS_S) if step.kind is StepKind.INSTRUCTIONS else step for step in kept]


def conduct_headless(
    steps: Sequence[Step],
    out: TextIO,
    mark: Callable[[str, float], None],
    *,
    is_over: Callable[[float], bool],
    why_wait: Callable[[], str] = always_good,
    on_step: Sequence[Callable[[Step], None]] = (),
) -> None:
    """Lead through the steps with lines of text.

    Parameters
    ----------
    steps : sequence of Step
        From `hands_free`.
    out : TextIO
        Where the lines go.
    mark : callable
        Takes markers.
    is_over : callable
        Waits for a time in s at most, and says whether the session has ended meanwhile.
    why_wait : callable
        Says why the next presentation should wait.
    on_step : sequence of callable
        Hear of each step.
    """
    runner = ProtocolRunner(steps, TextPresenter(out, local_clock), mark, why_wait)
    runner.on_step += on_step
    runner.start()
    try:
        while not runner.is_over:
            if is_over(TICK_S):
                raise SclcmError("The session ended before the protocol did.", "Look at the stream and start again.")
            runner.advance(local_clock())
    finally:
        runner.abort(local_clock())


def let_the_last_samples_come(session: Session, source: MarkedSource) -> None:
    """Wait until the last markers and the samples after them are in the session; at most `PATIENCE_S`."""
    threading.Event().wait(LAST_SAMPLES_S)
    deadline = time.monotonic() + PATIENCE_S
    while not source.is_drained and time.monotonic() < deadline and not session.wait(0.02):
        pass

"""From a protocol to what happens, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.experiment.protocol import Block, Protocol, Stimulus
from sclcm_core.recordings.spans import EYES_CLOSED, REST, REST_END, STIMULUS, STIMULUS_END

LONGEST_RUN = 2
"""Presentations of one class in a row, at most, in balanced order."""

_ATTEMPTS = 200


class StepKind(StrEnum):
    """What a step is."""

    INSTRUCTIONS = "instructions"
    """A text, until a key is pressed."""
    COUNTDOWN = "countdown"
    """Seconds that run down."""
    REST = "rest"
    """Nothing to do but to sit still."""
    PAUSE = "pause"
    """A cross on an empty screen; here the protocol waits while it is paused or the signal is poor."""
    STIMULUS = "stimulus"
    """Something is presented."""
    RATING = "rating"
    """Something is asked."""
    END = "end"
    """It is over."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens.

    Parameters
    ----------
    kind : StepKind
        What.
    text : str
        What is written.
    duration_s : float or None
        How long, in s; None when it lasts until somebody does something.
    begin, end : str
        Markers at its first and its last moment; empty for none.
    stimulus : Stimulus or None
        What is presented.
    name : str
        Name of the presentation, unique in a run: ``"lake#2"``.
    scales : tuple of str
        What is asked.
    """

    kind: StepKind
    text: str = ""
    duration_s: float | None = None
    begin: str = ""
    end: str = ""
    stimulus: Stimulus | None = None
    name: str = ""
    scales: tuple[str, ...] = ()


def make_schedule(protocol: Protocol, seed: int) -> list[Step]:
    """Return all steps of a protocol.

    Parameters
    ----------
    protocol : Protocol
        What there is to do.
    seed : int
        Determines the order of the presentations.

    Returns
    -------
    list of Step
        The last one is the end.
    """
    rng = np.random.default_rng(seed)
    steps = [Step(StepKind.INSTRUCTIONS, protocol.instructions)] if protocol.instructions else []
    steps += _rests(protocol)
    counts: dict[str, int] = {}
    for block in protocol.blocks:
        if block.instructions:
            steps.append(Step(StepKind.INSTRUCTIONS, block.instructions))
        steps += _countdown(protocol)
        for stimulus in presentation_order(block, protocol, rng):
            counts[stimulus.name] = counts.get(stimulus.name, 0) + 1
            steps += _presentation(protocol, block, stimulus, counts[stimulus.name])
    return [*steps, Step(StepKind.END, "Thank you. It is over.", begin="protocol/end")]


def _rests(protocol: Protocol) -> Iterator[Step]:
    for seconds, name, text in (
        (protocol.rest_s, "eyes-open", "Rest, with open eyes: look at the cross."),
        (protocol.eyes_closed_s, EYES_CLOSED, "Rest, with closed eyes."),
    ):
        if seconds:
            yield from _countdown(protocol, text)
            yield Step(StepKind.REST, text, seconds, f"{REST}/{name}", f"{REST_END}/{name}")


def _countdown(protocol: Protocol, text: str = "") -> list[Step]:
    return [Step(StepKind.COUNTDOWN, text, protocol.countdown_s)] if protocol.countdown_s else []


def _presentation(protocol: Protocol, block: Block, stimulus: Stimulus, number: int) -> Iterator[Step]:
    name = f"{stimulus.name}#{number}"
    where = f"{stimulus.label}/{name}"
    yield Step(StepKind.PAUSE, "+", protocol.pause_s)
    yield Step(
        StepKind.STIMULUS, stimulus.text, stimulus.duration_s, f"{STIMULUS}/{where}", f"{STIMULUS_END}/{where}", stimulus, name
    )
    if block.ratings:
        yield Step(StepKind.RATING, "", protocol.rating_timeout_s, stimulus=stimulus, name=name, scales=block.ratings)


def presentation_order(block: Block, protocol: Protocol, rng: np.random.Generator) -> list[Stimulus]:
    """Return the presentations of a block.

    Parameters
    ----------
    block : Block
        What to present, and how often.
    protocol : Protocol
        Where the stimuli stand.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    list of Stimulus
        Balanced: in rounds that hold each stimulus once, no class more than `LONGEST_RUN` times in a row where that can be had.
    """
    stimuli = [protocol.stimulus(name) for name in block.stimuli]
    if block.order == "as_written":
        return stimuli * block.repeats
    if block.order == "shuffled":
        return _shuffled(stimuli * block.repeats, rng)
    best: list[Stimulus] = []
    for _ in range(_ATTEMPTS):
        order = [stimulus for _ in range(block.repeats) for stimulus in _shuffled(stimuli, rng)]
        if not best or _longest_run(order) < _longest_run(best):
            best = order
        if _longest_run(best) <= LONGEST_RUN:
            break
    return best


def _shuffled(stimuli: Sequence[Stimulus], rng: np.random.Generator) -> list[Stimulus]:
    return [stimuli[k] for k in rng.permutation(len(stimuli)).tolist()]


def _longest_run(order: Sequence[Stimulus]) -> int:
    longest = run = 0
    before = ""
    for stimulus in order:
        run = run + 1 if stimulus.label == before else 1
        before, longest = stimulus.label, max(longest, run)
    return longest

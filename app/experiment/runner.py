"""Runs a schedule: shows step after step and marks each at the moment it was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from app.experiment.schedule import Step, StepKind
from sclcm_core.recordings.spans import RATING

Mark = Callable[[str, float], None]
"""Takes the text of a marker and its time, in s on the LSL clock."""


class Presenter(Protocol):
    """What shows steps to a person."""

    def present(self, step: Step) -> float:
        """Show a step; return when it was on the screen, in s on the LSL clock."""
        ...

    def tell(self, step: Step, left_s: float | None, why_waiting: str) -> None:
        """Bring what changes within a step up to date: seconds that are left, or why the protocol waits."""
        ...


def always_good() -> str:
    """Say that nothing speaks against the next presentation."""
    return ""


class ProtocolRunner:
    """Leads through the steps of a schedule; whoever owns the clock calls `advance` often.

    Parameters
    ----------
    steps : sequence of Step
        As `make_schedule` gives them.
    presenter : Presenter
        Shows them.
    mark : callable
        Takes each marker.
    why_wait : callable
        Says why the next presentation should wait, such as a poor signal; empty when it need not.

    Notes
    -----
    A step ends when the next one is on the screen: its end marker and the next step's begin marker carry the same stamp. A pause, asked
    for by a person or by the quality of the signal, takes hold between presentations and never cuts one short.
    """

    def __init__(
        self, steps: Sequence[Step], presenter: Presenter, mark: Mark, why_wait: Callable[[], str] = always_good
    ) -> None:
        self.on_step: list[Callable[[Step], None]] = []
        self.is_paused = False
        self._steps, self._presenter, self._mark, self._why_wait = list(steps), presenter, mark, why_wait
        self._number = -1
        self._t_begun = 0.0
        self._rated: dict[str, int] = {}
        self._is_presenting = False

    @property
    def step(self) -> Step | None:
        """The present step; None before the first."""
        return self._steps[self._number] if self._number >= 0 else None

    @property
    def is_over(self) -> bool:
        """Whether the end has been shown."""
        return self.step is not None and self.step.kind is StepKind.END

    @property
    def progress(self) -> tuple[int, int]:
        """Presentations begun, and all there are."""
        kinds = [step.kind is StepKind.STIMULUS for step in self._steps]
        return sum(kinds[: self._number + 1]), sum(kinds)

    def start(self) -> None:
        """Show the first step."""
        self._next()

    def advance(self, now: float) -> None:
        """Go on when it is time; `now` is in s on the LSL clock."""
        step = self.step
        if step is None or self.is_over or self._is_presenting:
            return
        left_s = None if step.duration_s is None else step.duration_s - (now - self._t_begun)
        why = self._why(step) if left_s is not None and left_s <= 0 else ""
        if left_s is not None and left_s <= 0 and not why:
            self._next()
        else:
            self._presenter.tell(step, left_s, why)

    def _why(self, step: Step) -> str:
        if step.kind is not StepKind.PAUSE:
            return ""
        return "Paused. Press the space bar to go on." if self.is_paused else self._why_wait()

    def press(self) -> None:
        """Take a key that says 'go on': it ends instructions and a pause, and asks for a pause otherwise."""
        if self.step is None or self.is_over:
            return
        if self.step.kind is StepKind.INSTRUCTIONS:
            self._next()
        else:
            self.is_paused = not self.is_paused

    def rate(self, scale: str, value: int, t: float) -> None:
        """Take a rating of the last presentation, 1 to 9, given at a time in s on the LSL clock."""
        step = self.step
        if step is None or step.kind is not StepKind.RATING or scale not in step.scales or scale in self._rated:
            return
        if not 1 <= value <= 9:
            raise ValueError(f"A rating is a number from 1 to 9; got {value}.")
        self._rated[scale] = value
        self._mark(f"{RATING}/{step.name}/{scale}={value}", t)
        if len(self._rated) == len(step.scales):
            self._next()

    def abort(self, t: float) -> None:
        """End before the end, at a time in s on the LSL clock; what is going on is marked as ended."""
        if self.step is not None and not self.is_over:
            if self.step.end:
                self._mark(self.step.end, t)
            self._mark("protocol/aborted", t)
            self._number = len(self._steps) - 1

    def _next(self) -> None:
        before = self.step
        self._number += 1
        self._rated = {}
        step = self._steps[self._number]
        self._is_presenting = True  # a player that begins lets the clock run on
        try:
            t = self._t_begun = self._presenter.present(step)
        finally:
            self._is_presenting = False
        if self.step is not step:
            return  # ended meanwhile
        for text in (before.end if before else "", step.begin):
            if text:
                self._mark(text, t)
        for callback in self.on_step:
            callback(step)

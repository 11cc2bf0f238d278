"""Shows a protocol as lines of text: for headless use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from app.experiment.schedule import Step, StepKind

_WAIT_EVERY_S = 5.0


class TextPresenter:
    """Writes each step as a line.

    Parameters
    ----------
    out : TextIO
        Where to; flushed before the time is taken.
    clock : callable
        Returns the time in s on the LSL clock.
    """

    def __init__(self, out: TextIO, clock: Callable[[], float]) -> None:
        self._out, self._clock = out, clock
        self._told = ""
        self._t_told = 0.0

    def present(self, step: Step) -> float:
        """Write a step; return when it was written, in s on the LSL clock."""
        self._told = ""
        self._out.write(_words(step) + "\n")
        self._out.flush()
        return self._clock()

    def tell(self, step: Step, left_s: float | None, why_waiting: str) -> None:
        """Say why the protocol waits, now and then."""
        now = self._clock()
        if why_waiting and (why_waiting != self._told or now - self._t_told > _WAIT_EVERY_S):
            self._out.write(f"Waiting: {why_waiting}\n")
            self._out.flush()
            self._told, self._t_told = why_waiting, now


def _words(step: Step) -> str:
    seconds = f" ({step.duration_s:g} s)" if step.duration_s else ""
    if step.kind is StepKind.STIMULUS and step.stimulus is not None:
        what = step.text or (step.stimulus.file.name if step.stimulus.file else "")
        return f"--> {what}{seconds}"
    if step.kind is StepKind.PAUSE:
        return f"Pause{seconds}"
    return f"{step.text or 'Get ready.'}{seconds}"

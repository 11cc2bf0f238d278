"""One line of the benchmark table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, against what, and what is asked for.

    Parameters
    ----------
    what : str
        What was measured.
    ours, reference : float
        The two figures, in `unit`.
    unit : str
        Unit of both.
    target : float
        The ratio ours / reference must not be above this (or not below, when `at_least`).
    at_least : bool
        Whether more is better.
    reference_name : str
        What the reference is.
    """

    what: str
    ours: float
    reference: float
    unit: str
    target: float
    reference_name: str
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Ours over the reference."""
        return self.ours / self.reference

    @property
    def is_reached(self) -> bool:
        """Whether the target is met."""
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


def best_time(function: Callable[[], object], *, repeats: int = 7, budget_s: float = 0.3) -> float:
    """Return the median over `repeats` of the time in s that one call takes."""
    function()
    started = time.perf_counter()
    function()
    once = max(time.perf_counter() - started, 1e-7)
    n_calls = max(1, int(budget_s / repeats / once))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(n_calls):
            function()
        times.append((time.perf_counter() - started) / n_calls)
    return sorted(times)[repeats // 2]


def interleaved(ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 5) -> tuple[float, float]:
    """Time two functions in turn, so that a drifting machine meets both; return the medians in s."""
    pairs = [(best_time(ours, repeats=3, budget_s=0.1), best_time(reference, repeats=3, budget_s=0.1)) for _ in range(rounds)]
    return sorted(a for a, _ in pairs)[rounds // 2], sorted(b for _, b in pairs)[rounds // 2]

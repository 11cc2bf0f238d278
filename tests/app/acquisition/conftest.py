"""What the tests of this room share: streams that nobody else sees, and an ear that checks every sample's number."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable

import numpy as np
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.source import Phase, SampleSource
from sclcm_core.errors import EndOfStream
from sclcm_core.types import Chunk, Marker

os.environ.setdefault("SCLCM_LSL", f'{{"session_id": "tests-{uuid.uuid4().hex}", "resolve_scope": "machine", "ipv6": false}}')


class Ear:
    """Listens to a source whose first channel carries each sample's number, and never lets one be wrong."""

    def __init__(self, source: SampleSource) -> None:
        self.source = source
        self.chunks: list[Chunk] = []
        self.markers: list[Marker] = []
        self.phases: list[tuple[float, Phase, str]] = []
        self.n_lost = 0
        self._next: int | None = None

    def listen(self, until: Callable[[], bool] = lambda: False, at_most_s: float = 10.0, *, counted: bool = True) -> bool:
        """Read until something is the case; tell whether it came about."""
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < deadline:
            try:
                self.take(self.source.read(0.05), counted)
            except EndOfStream:
                self.look()
                return until()
            self.look()
            if until():
                return True
        return False

    def take(self, chunks: list[Chunk], counted: bool) -> None:
        for chunk in chunks:
            numbers = chunk.samples[:, 0]
            if counted:
                assert np.all(np.diff(numbers) == 1)
                expected = numbers[0] if self._next is None else self._next + chunk.n_lost_before
                assert numbers[0] == expected, f"{chunk.n_lost_before} told, {numbers[0] - (self._next or 0)} lost"
                self._next = int(numbers[-1]) + 1
            self.n_lost += chunk.n_lost_before
            self.chunks.append(chunk)

    def look(self) -> None:
        self.markers += self.source.markers()
        status = self.source.status()
        if not self.phases or self.phases[-1][1:] != (status.phase, status.message):
            self.phases.append((time.monotonic(), status.phase, status.message))

    def for_s(self, seconds: float, *, counted: bool = True) -> None:
        """Read for a time."""
        self.listen(at_most_s=seconds, counted=counted)

    def when(self, phase: Phase) -> float | None:
        """Tell when a phase was first seen, in s of the monotonic clock."""
        return next((t for t, seen, _ in self.phases if seen is phase), None)

    @property
    def phase(self) -> Phase:
        return self.source.status().phase

    @property
    def n_samples(self) -> int:
        return sum(len(chunk.timestamps) for chunk in self.chunks)


@pytest.fixture
def hear():
    """Open an inlet on a stream and return an ear for it; all are closed at the end."""
    opened: list[LslInlet] = []

    def start(timeout_s: float = 5.0, **query: str) -> Ear:
        inlet = LslInlet(**query)
        opened.append(inlet)
        inlet.open(timeout_s)
        return Ear(inlet)

    yield start
    for inlet in opened:
        inlet.close()

"""What the tests of this room share: streams that nobody else sees, and an ear that checks every sample's number."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import OutletSpec, SampleOutlet
from app.acquisition.source import Phase, SampleSource
from sclcm_core.errors import EndOfStream
from sclcm_core.types import Chunk, Marker

os.environ.setdefault("SCLCM_LSL", f'{{"session_id": "tests-{uuid.uuid4().hex}", "resolve_scope": "machine", "ipv6": false}}')

BOX = OutletSpec("box", "EEG", "", ("COUNT", "T7", "T8"), 250.0, ("none", "microvolts", "microvolts"), ("AUX", "EEG", "EEG"))


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


class Box:
    """A device in this process: an outlet whose first channel carries each sample's number."""

    def __init__(self, **changes: object) -> None:
        self.spec = replace(BOX, source_id=f"box-{uuid.uuid4().hex}", **changes)  # type: ignore[arg-type]
        self.n_sent = 0
        self.t0 = local_clock()
        self._threads: list[threading.Thread] = []
        self.switch_on()

    def switch_on(self, **changes: object) -> None:
        self.spec = replace(self.spec, **changes)  # type: ignore[arg-type]
        self.outlet = SampleOutlet(self.spec)

    def switch_off(self) -> None:
        self.outlet.close()

    def samples(self, n_samples: int) -> np.ndarray:
        """Return the next samples: their numbers, then waves of some µV."""
        numbers = self.n_sent + np.arange(n_samples)
        waves = np.sin(numbers[:, None] * (0.1 + np.arange(len(self.spec.ch_names) - 1)))
        return np.concatenate([numbers[:, None], 20.0 * waves], axis=1)

    def send(self, n_samples: int, stamps: np.ndarray | None = None, scale: float = 1.0) -> None:
        """Send the next samples at once; by default stamped one interval apart from the moment of switching on."""
        samples = self.samples(n_samples) * ([1.0] + [scale] * (len(self.spec.ch_names) - 1))
        usual = self.t0 + (self.n_sent + np.arange(n_samples)) / (self.spec.sfreq or 1.0)
        self.outlet.push(samples, usual if stamps is None else stamps)
        self.n_sent += n_samples

    def skip(self, n_samples: int) -> None:
        """Lose the next samples."""
        self.n_sent += n_samples

    def once_heard(self, action: Callable[[], None]) -> None:
        """Do something as soon as somebody listens."""

        def act() -> None:
            if self.outlet.wait_for_consumers(10.0):
                action()

        self._threads.append(threading.Thread(target=act, name="box"))
        self._threads[-1].start()

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(15.0)
        self.switch_off()


@pytest.fixture
def box() -> type[Box]:
    """The class of devices in this process."""
    return Box


@pytest.fixture
def hear_box(hear):
    """Open an inlet on a box that sends half a second of samples as soon as it is heard."""

    def start(device, n_samples: int = 125, **sending):
        device.once_heard(lambda: device.send(n_samples, **sending))
        return hear(source_id=device.spec.source_id)

    return start

"""A simulated head as a source in this process: no network, no waiting unless asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from app.acquisition.lsl_network import local_clock
from app.acquisition.source import Phase, SourceStatus
from sclcm_core.errors import EndOfStream, StreamError
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion
from sclcm_core.types import Chunk, Marker, StreamSpec

_BLOCK_S = 0.02


class SimulatedSource:
    """A simulated head that changes its state every few seconds.

    Parameters
    ----------
    seed : int
        Of all randomness.
    sfreq : float
        Sampling rate in Hz.
    duration_s : float
        When it ends, in s.
    state_s : float
        How long a state lasts, in s.
    paced : bool
        Whether samples come at the pace of the clock; else as fast as they are read, with capture times from 0.
    clock : callable
        A steady clock, in s.
    """

    def __init__(
        self,
        seed: int = 0,
        sfreq: float = 250.0,
        *,
        duration_s: float = np.inf,
        state_s: float = 15.0,
        paced: bool = True,
        clock: Callable[[], float] = local_clock,
    ) -> None:
        self.spec = StreamSpec(sfreq, HEADSET_CHANNELS, "simulated head", f"simulated-{seed}", "simulated")
        self._head = SimulatedHead(np.random.default_rng(seed), sfreq)
        self._rng = np.random.default_rng(seed + 1)
        self._paced, self._clock = paced, clock
        self._n_block = max(round(_BLOCK_S * sfreq), 1)
        self._n_end, self._n_state = duration_s * sfreq, round(state_s * sfreq)
        self._n = 0
        self._t0 = 0.0
        self._state: Emotion = "neutral"
        self._inbox: list[Marker] = []
        self._closed = threading.Event()

    @property
    def realtime(self) -> bool:
        """Whether samples come at the pace of the clock, with capture times on the local clock."""
        return self._paced

    def open(self, timeout_s: float) -> StreamSpec:
        """Begin; see `SampleSource.open`."""
        self._t0 = self._clock() if self._paced else 0.0
        return self.spec

    def read(self, timeout_s: float) -> list[Chunk]:
        """Wait for samples; see `SampleSource.read`."""
        if self._closed.is_set() or self._n >= self._n_end:
            raise EndOfStream
        t_due = self._t0 + (self._n + self._n_block - 1) / self.spec.sfreq
        if self._paced and self._closed.wait(min(max(t_due - self._clock(), 0.0), timeout_s)):
            raise EndOfStream
        if self._paced and self._clock() < t_due:
            return []
        return [self._block()]

    def _block(self) -> Chunk:
        stamps = self._t0 + (self._n + np.arange(self._n_block)) / self.spec.sfreq
        if self._n % self._n_state < self._n_block:
            self._state = EMOTIONS[int(self._rng.integers(len(EMOTIONS)))]
            self._inbox.append(Marker(float(stamps[0]), self._state))
        self._n += self._n_block
        return Chunk(self._head.render(self._n_block, self._state), stamps)

    def markers(self) -> list[Marker]:
        """Return the markers that came since the last call, in s on the clock of the samples."""
        taken, self._inbox = self._inbox, []
        return taken

    def status(self) -> SourceStatus:
        """Return how the head is doing."""
        ended = self._closed.is_set() or self._n >= self._n_end
        return SourceStatus(Phase.ENDED if ended else Phase.STREAMING, n_samples=self._n, sfreq_effective=self.spec.sfreq)

    def accept_change(self) -> StreamSpec:
        """Never: a simulated stream does not change."""
        raise StreamError("No stream came back changed.", "Go on reading.")

    def close(self) -> None:
        """End it."""
        self._closed.set()

"""Sends blocks of samples when they are due, by an absolute schedule, with whatever faults are ordered."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event

from app.acquisition.faults import FaultInjector
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import MarkerOutlet, SampleOutlet
from sclcm_core.types import Float32Array, Float64Array, Marker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Block:
    """Samples that are sent at once.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV.
    stamps : ndarray of float64, shape (n_samples,)
        Capture times in s on the LSL clock.
    t_due : float
        When to send them, in s on the LSL clock.
    first : int
        Number of the first sample.
    markers : tuple of Marker
        What happened meanwhile, with times in s on the LSL clock.
    """

    samples: Float32Array
    stamps: Float64Array
    t_due: float
    first: int
    markers: tuple[Marker, ...] = ()


class Sender:
    """The outlets of a headset, and the schedule.

    Parameters
    ----------
    make_samples : callable
        Makes the outlet of samples; called again when a restart is ordered.
    markers : MarkerOutlet or None
        Where markers go.
    injector : FaultInjector
        What goes wrong.
    stop : threading.Event
        Ends the sending when set.
    """

    def __init__(
        self, make_samples: Callable[[], SampleOutlet], markers: MarkerOutlet | None, injector: FaultInjector, stop: Event
    ) -> None:
        self._make_samples = make_samples
        self.samples: SampleOutlet | None = make_samples()
        self.markers = markers
        self._injector = injector
        self._stop = stop
        self._newest_marker: Marker | None = None
        self._has_listener = False
        self._muted_s = 0.0
        self._reopen_at = 0.0

    def run(self, blocks: Iterable[Block]) -> None:
        """Send blocks, each when it is due, until there are no more or the end is ordered."""
        for block in blocks:
            self._wait_until(self._due(block))
            if self._stop.is_set():
                return
            self._send(block)

    def _due(self, block: Block) -> float:
        """Return when a block is sent, in s on the LSL clock: later than it should be while muted or frozen."""
        muted = self._injector.begins("mute", block.first, len(block.stamps))
        self._muted_s += muted.value if muted else 0.0
        frozen_until = self._injector.ends_of_freeze(block.first)
        late_s = frozen_until - block.first / self._injector.sfreq if frozen_until is not None else 0.0
        return block.t_due + self._muted_s + late_s

    def _send(self, block: Block) -> None:
        n_samples = len(block.stamps)
        if self._injector.begins("kill", block.first, n_samples):
            os._exit(9)
        self._restart_if_ordered(block.first, n_samples)
        kept = self._injector.is_kept(block.first, n_samples)
        if self.samples is not None and kept.any():
            altered = self._injector.alter(block.samples, block.first)
            strayed = self._injector.stray(block.stamps, block.first)
            self.samples.push(altered[kept], strayed[kept])
        self.mark(*block.markers)

    def mark(self, *markers: Marker) -> None:
        """Send markers; who begins to listen is told the newest one again, for it may still hold.

        Parameters
        ----------
        *markers : Marker
            What happened; without any, only those who have just begun to listen are told.
        """
        if self.markers is None:
            return
        had_listener, self._has_listener = self._has_listener, self.markers.has_consumers()
        if self._has_listener and not had_listener and self._newest_marker is not None:
            markers = (self._newest_marker, *markers)
        for marker in markers:
            self.markers.mark(marker.text, marker.t, marker.duration_s)
            self._newest_marker = marker

    def _restart_if_ordered(self, first: int, n_samples: int) -> None:
        fault = self._injector.begins("restart", first, n_samples)
        if fault is not None and self.samples is not None:
            logger.info("The stream goes away for %g s.", fault.value)
            self.samples.close()
            self.samples = None
            self._reopen_at = fault.stop_s
        elif self.samples is None and (first + n_samples) / self._injector.sfreq >= self._reopen_at:
            self.samples = self._make_samples()

    def _wait_until(self, t_due: float) -> None:
        """Sleep until a moment in s on the LSL clock, or until the end is ordered."""
        while (left_s := t_due - local_clock()) > 0:
            if self._stop.wait(min(left_s, 0.5)):
                return

    def close(self) -> None:
        """Take the streams off the network."""
        for outlet in (self.samples, self.markers):
            if outlet is not None:
                outlet.close()

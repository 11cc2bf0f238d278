"""Watches the signal quality of a running session, on all channels of the stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from app.session.session import Session
from sclcm_core.streaming.quality import QualityReport
from sclcm_core.streaming.quality_watch import QualityWatch
from sclcm_core.streaming.ring_buffer import RingBuffer

log = logging.getLogger(__name__)

PATIENCE_S = 0.2
LONGEST_STEP = 4096


class QualityMonitor:
    """Reads a session's buffer and judges its channels twice a second.

    Parameters
    ----------
    session : Session
        Started or not.

    Notes
    -----
    One thread of its own, which only reads: it can slow nothing down. `on_quality` is called from it. When it falls a whole buffer
    behind, as it may with a file that is read as fast as it can, it goes on at the newest samples. An error ends the watching, and is
    logged; the session goes on.
    """

    def __init__(self, session: Session) -> None:
        self.on_quality: list[Callable[[QualityReport], None]] = []
        self.latest: QualityReport | None = None
        self._session = session
        self._buffer: RingBuffer | None = None
        self._watch: QualityWatch | None = None
        self._position = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quality", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; safe to call twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
        except Exception:
            log.exception("The signal quality is watched no more; the session goes on.")

    def _step(self) -> None:
        """Judge what is new, or wait for it."""
        buffer, spec = self._session.buffer, self._session.spec
        if buffer is None or spec is None:
            self._stop.wait(PATIENCE_S)
            return
        if buffer is not self._buffer or self._watch is None:
            self._buffer, self._position = buffer, buffer.tail
            self._watch = QualityWatch(spec.sfreq, spec.ch_names)
        head = buffer.wait_for(self._position + max(1, round(PATIENCE_S * spec.sfreq)), PATIENCE_S)
        if head > self._position:
            self._take(buffer, self._watch, min(head, self._position + LONGEST_STEP))
        elif buffer.closed:
            self._stop.wait(PATIENCE_S)

    def _take(self, buffer: RingBuffer, watch: QualityWatch, stop: int) -> None:
        if buffer.holds(self._position):
            samples, times = buffer.view(self._position, stop).copy(), buffer.timestamps(self._position, stop).copy()
            if buffer.holds(self._position):
                self._position = stop
                for report in watch.push(samples, times):
                    self._tell(report)
                return
        watch.reset()
        self._position = buffer.head

    def _tell(self, report: QualityReport) -> None:
        self.latest = report
        for callback in self.on_quality:
            callback(report)

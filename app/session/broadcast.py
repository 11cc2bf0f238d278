"""Puts a session's answers back on the network as LSL streams."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from app.acquisition.source import Phase
from sclcm_core.errors import SclcmError
from sclcm_core.streaming.quality import QualityReport
from sclcm_core.types import Marker, Prediction

if TYPE_CHECKING:
    from app.acquisition.result_outlets import ResultOutlets
    from app.session.session import Session, SessionStatus

log = logging.getLogger(__name__)


class Broadcast:
    """Result outlets that open when the stream is known, and follow the session whatever shows it.

    Parameters
    ----------
    session : Session
        Not yet started.

    Notes
    -----
    A replay that does not run on the clock is not broadcast: its capture times have no place on the network's clock.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._outlets: ResultOutlets | None = None
        self._phase: Phase | None = None

    def close(self) -> None:
        """Take the streams off the network; call it after the session has stopped."""
        if self._outlets is not None:
            self._outlets.close()
            self._outlets = None

    def status(self, status: SessionStatus) -> None:
        """Open the outlets when the stream is known, and tell each change of phase."""
        if self._outlets is None and status.spec is not None and self._session.source.realtime and not status.is_over:
            self._open(status)
        if self._outlets is not None and status.phase is not self._phase:
            self._tell(f"{status.phase}: {status.message}" if status.message else str(status.phase))
        self._phase = status.phase

    def _open(self, status: SessionStatus) -> None:
        from app.acquisition.result_outlets import ResultOutlets

        manifest, spec = self._session.manifest, status.spec
        if spec is None:
            return
        try:
            self._outlets = ResultOutlets(
                spec,
                manifest.class_names,
                manifest.features.ch_names,
                model=manifest.name,
                target=manifest.target,
                simulated=manifest.simulated,
            )
        except SclcmError as error:
            log.warning("The results are not on the network: %s", error)

    def _tell(self, text: str) -> None:
        from app.acquisition.lsl_network import local_clock

        if self._outlets is not None:
            self._outlets.publish_event(text, local_clock())

    def notice(self, kind: str, text: str) -> None:
        """Tell, as an event, how far the session can be trusted."""
        self._tell(f"{kind}: {text}")

    def prediction(self, prediction: Prediction, model: str = "") -> None:
        """Send a prediction; the header of its stream names the model."""
        if self._outlets is not None:
            self._outlets.publish(prediction)

    def rival(self, prediction: Prediction, model: str = "") -> None:
        """Leave the second model to its own stream."""

    def quality(self, report: QualityReport) -> None:
        """Send the quality of the model's channels: 1 good, 0.5 fair, 0 poor."""
        if self._outlets is not None:
            scores = [report.channels[index].score for index in self._session.channel_indices]
            self._outlets.publish_quality(np.array(scores, dtype=np.float32), report.t_end)

    def marker(self, marker: Marker) -> None:
        """Leave markers to their own stream."""

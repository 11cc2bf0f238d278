"""Puts the answers of a session's second model on the network."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sclcm_core.errors import SclcmError
from sclcm_core.types import Prediction

if TYPE_CHECKING:
    from app.acquisition.rival_outlet import RivalOutlet
    from app.session.session import Session, SessionStatus

log = logging.getLogger(__name__)


class RivalBroadcast:
    """An outlet that opens when the stream is known.

    Parameters
    ----------
    session : Session
        With a second model, and not yet started.

    Notes
    -----
    A replay that does not run on the clock is not broadcast, as with the first model.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._outlet: RivalOutlet | None = None
        session.on_status.append(self.status)
        session.on_rival_prediction.append(self.prediction)

    def status(self, status: SessionStatus) -> None:
        """Open the outlet when the stream is known."""
        manifest = self._session.rival_manifest
        is_wanted = self._session.source.realtime and not status.is_over
        if self._outlet is not None or manifest is None or status.spec is None or not is_wanted:
            return
        from app.acquisition.rival_outlet import RivalOutlet

        try:
            self._outlet = RivalOutlet(status.spec, manifest)
        except SclcmError as error:
            log.warning("The second model's answers are not on the network: %s", error)

    def prediction(self, prediction: Prediction) -> None:
        """Send an answer; may be called from the second model's thread."""
        if self._outlet is not None:
            self._outlet.publish(prediction)

    def close(self) -> None:
        """Take the stream off the network; call it after the session has stopped."""
        if self._outlet is not None:
            self._outlet.close()
            self._outlet = None

"""Asks the model, now and then, what drove its newest answer."""

from __future__ import annotations

import logging
import time

import numpy as np

from app.gui.history import History
from app.gui.session_like import Explains, SessionLike
from app.gui.why import attribution

log = logging.getLogger(__name__)

MOST_SHARE = 0.05
"""Of the time of the GUI's thread, however large the model."""


class Explainer:
    """Keeps ``history.why`` up to date.

    Parameters
    ----------
    session : SessionLike
        Whose model is asked; nothing happens when it cannot be asked.
    history : History
        Where the frames are, and where the answer goes.
    """

    def __init__(self, session: SessionLike, history: History) -> None:
        self._session = session
        self._history = history
        self._done_for = -1
        self._due = 0.0

    def refresh(self) -> None:
        """Ask about the newest prediction, once."""
        newest = self._history.newest
        if (
            time.perf_counter() < self._due
            or newest is None
            or newest.index == self._done_for
            or not isinstance(self._session, Explains)
        ):
            return
        self._done_for = newest.index
        spec = self._session.manifest.features
        frames = self._history.frames(spec.n_frames)
        normaliser = self._session.normaliser
        if newest.withheld is not None or not frames or normaliser is None:
            self._history.why = None
            return
        best, began = int(np.argmax(newest.probabilities)), time.perf_counter()
        self._history.why = attribution(self._session.bundle.predictor, normaliser, frames, best, columns_only=spec.is_raw)
        ended = time.perf_counter()
        self._due = ended + (ended - began) / MOST_SHARE

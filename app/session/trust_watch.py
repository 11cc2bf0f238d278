"""Watches how far a session can be trusted: windows unlike the training data, and a signal that drifts from the person's baseline."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sclcm_core.types import Float64Array, Prediction

if TYPE_CHECKING:
    from app.session.session import Session

MEMORY_S = 30.0
"""Typicality is told as the median over this long, in s."""

NOVEL = 0.05
"""Below this median, nineteen twentieths of what the model was trained on are nearer than what comes in: it is told."""

DRIFT_TIME_S = 60.0
"""Time constant of the mean whose distance from the baseline is the drift, in s."""

DRIFT_SD = 1.5
"""Root mean square drift over bands and columns, in standard deviations of the baseline, from which a new one is offered."""

Notice = Callable[[str, str], None]
"""Takes what was noticed (``"novel"``, ``"typical"``, ``"drift"``) and the same in words."""


class TrustWatch:
    """Follows a session's predictions.

    Parameters
    ----------
    session : Session
        Not yet started.

    Notes
    -----
    Each is told once when it begins, and the end of novelty once. The drift cannot tell a state that lasts for minutes from electrodes
    that dry: it offers, and never changes anything by itself. State: the last typicalities, and the running mean of the features.
    """

    def __init__(self, session: Session) -> None:
        self.on_notice: list[Notice] = []
        self._session = session
        self._recent: deque[tuple[float, float]] = deque()
        self._mean: Float64Array | None = None
        self._t_first = self._t_last = math.nan
        self._is_novel = self._has_drifted = False
        self._lock = threading.Lock()
        self._unread: list[tuple[str, str]] = []
        session.on_prediction.append(self.take)

    @property
    def typicality(self) -> float | None:
        """Median over the last half minute, 0..1; None when the model cannot tell."""
        values = [value for _, value in tuple(self._recent)]
        return float(np.median(values)) if values else None

    @property
    def drift_sd(self) -> float | None:
        """How far the signal has moved from the person's baseline, in its standard deviations; None without one."""
        return None if self._mean is None else float(np.sqrt(np.mean(np.square(self._mean))))

    def unread(self) -> list[tuple[str, str]]:
        """Return what was noticed since the last call; may be called from any thread."""
        with self._lock:
            out, self._unread = self._unread, []
        return out

    def take(self, prediction: Prediction) -> None:
        """Take a prediction; those that are withheld say nothing about the person."""
        if prediction.typicality is not None:
            self._take_typicality(prediction.t_end, prediction.typicality)
        if prediction.withheld is None and prediction.frame is not None and self._has_baseline():
            self._take_frame(prediction.t_end, np.asarray(prediction.frame.values, np.float64))

    def _has_baseline(self) -> bool:
        settings = self._session.settings
        return bool(settings.baseline_s or settings.normaliser or self._session.manifest.calibration)

    def _take_typicality(self, t: float, value: float) -> None:
        self._recent.append((t, value))
        while self._recent[0][0] < t - MEMORY_S:
            self._recent.popleft()
        median = self.typicality
        if median is None or t - self._recent[0][0] < MEMORY_S / 2:
            return
        if not self._is_novel and median < NOVEL:
            self._is_novel = True
            self._tell(
                "novel", f"The signal is unlike what the model was trained on (more typical: {1 - median:.0%} of the windows)."
            )
        elif self._is_novel and median > 2 * NOVEL:
            self._is_novel = False
            self._tell("typical", "The signal is like what the model was trained on again.")

    def _take_frame(self, t: float, values: Float64Array) -> None:
        normaliser = self._session.normaliser
        if normaliser is None or normaliser.mean.shape != values.shape:
            return
        z = (values - normaliser.mean) / normaliser.sd
        if self._mean is None:
            self._mean, self._t_first = np.zeros_like(z), t
        else:
            self._mean = self._mean - math.expm1(-max(t - self._t_last, 0.0) / DRIFT_TIME_S) * (z - self._mean)
        self._t_last = t
        drift = self.drift_sd
        if not self._has_drifted and drift is not None and drift > DRIFT_SD and t - self._t_first > DRIFT_TIME_S:
            self._has_drifted = True
            self._tell("drift", f"The signal has moved {drift:.1f} standard deviations from your baseline. Calibrate again?")

    def _tell(self, kind: str, text: str) -> None:
        with self._lock:
            self._unread.append((kind, text))
        for callback in self.on_notice:
            callback(kind, text)

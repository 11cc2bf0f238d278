"""What a session is told before it starts, and what it tells of itself: both frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.acquisition.source import Phase
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import StreamSpec


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a session is told before it starts.

    Parameters
    ----------
    buffer_s : float
        How much of the past is held, in s.
    connect_timeout_s : float
        How long to look for the source, in s.
    baseline_s : float
        Rest at the start of the stream from which the person's own statistics are taken, in s; 0 for none.
    normaliser : callable or None
        Returns the person's own statistics, when they are known already; called in the acquiring thread.
    policy : WindowPolicy
        Whether every window is predicted, or the newest.
    risk : float or None
        Share of wrong answers that the model is held to, 0..1: it abstains where it is not sure enough.
    max_seconds : float or None
        End after this much of the stream, in s.
    """

    buffer_s: float = 120.0
    connect_timeout_s: float = 10.0
    baseline_s: float = 0.0
    normaliser: Callable[[], Normaliser | None] | None = None
    policy: WindowPolicy = WindowPolicy.NEWEST
    risk: float | None = None
    max_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """A snapshot of a session, safe to read from any thread.

    Parameters
    ----------
    phase : Phase
        What is going on.
    message : str
        The same for the user.
    spec : StreamSpec or None
        The stream, once it is known.
    sfreq_effective : float or None
        Measured sampling rate in Hz.
    clock_offset_s : float or None
        Offset of the stream's clock to the local one, in s.
    n_samples, n_lost, n_predictions, n_withheld, n_skipped : int
        Counts since the start; lost samples are included in `n_samples`.
    latency_p50_s, latency_p99_s : float or None
        Time from the arrival of a window's last sample to the answer, in s.
    cost_s : float or None
        Processor time of the processing thread for each answer, in s.
    backlog_s : float
        How far the processing is behind the newest sample, in s.
    baseline_progress_s : (float, float) or None
        Good rest so far and rest needed in s, while a baseline is taken.
    normalised_by : str
        Whose statistics the features are normalised by; empty before the stream is known.
    """

    phase: Phase
    message: str = ""
    spec: StreamSpec | None = None
    sfreq_effective: float | None = None
    clock_offset_s: float | None = None
    n_samples: int = 0
    n_lost: int = 0
    n_predictions: int = 0
    n_withheld: int = 0
    n_skipped: int = 0
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None
    cost_s: float | None = None
    backlog_s: float = 0.0
    baseline_progress_s: tuple[float, float] | None = None
    normalised_by: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.phase in (Phase.ENDED, Phase.FAILED)

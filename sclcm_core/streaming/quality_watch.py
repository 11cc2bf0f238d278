"""Signal quality along a stream: a report every half second, the blink rate, and when a prediction must be withheld."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sclcm_core.streaming.blinks import BlinkCounter
from sclcm_core.streaming.quality import QualityReport, assess
from sclcm_core.types import Float32Array, Float64Array, FloatArray

WINDOW_S = 2.0
"""A report looks back this long, in s."""

HOP_S = 0.5
"""Time between reports in s."""

_LINE_MEMORY_S = 20.0


class QualityWatch:
    """Turns samples into quality reports, chunk by chunk.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Labels of the channels.

    Notes
    -----
    Chunking changes nothing. Report ``k`` covers the samples ``[k * hop, k * hop + window)``. State: the samples of the
    window in progress, the blinks of the last minute, the mains frequencies that the newest reports found.
    """

    def __init__(self, sfreq: float, ch_names: Sequence[str]) -> None:
        self.ch_names = tuple(ch_names)
        self._sfreq = sfreq
        self._window, self._hop = max(4, round(WINDOW_S * sfreq)), max(1, round(HOP_S * sfreq))
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        self._blinks = BlinkCounter(self._sfreq, self.ch_names)
        self._lines: deque[float | None] = deque(maxlen=round(_LINE_MEMORY_S / HOP_S))
        self._past: Float32Array = np.zeros((0, len(self.ch_names)), dtype=np.float32)
        self._times: Float64Array = np.zeros(0)
        self._is_first = True

    def push(self, samples: FloatArray, timestamps: Float64Array) -> list[QualityReport]:
        """Take the next samples and return the reports that are now due.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Raw potentials in µV; NaN where a sample was lost.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s.

        Returns
        -------
        list of QualityReport
            In order.
        """
        past = np.concatenate([self._past, np.asarray(samples, dtype=np.float32)])
        times = np.concatenate([self._times, timestamps])
        n_reports = max(0, (len(past) - self._window) // self._hop + 1)
        spans = [slice(k * self._hop, k * self._hop + self._window) for k in range(n_reports)]
        reports = [self._report(past[span], float(times[span.stop - 1])) for span in spans]
        done = n_reports * self._hop
        self._past, self._times = past[done:].copy(), times[done:].copy()
        return reports

    def _report(self, window: Float32Array, t_end: float) -> QualityReport:
        blinks = self._blinks.push(window if self._is_first else window[-self._hop :])
        self._is_first = False
        report = assess(window.T, self._sfreq, self.ch_names, t_end=t_end, blinks_per_minute=blinks)
        self._lines.append(report.line_frequency)
        return replace(report, line_frequency=Counter(self._lines).most_common(1)[0][0])


class QualityGate:
    """Decides by the signal of the model's channels whether a prediction may be shown.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz of what will be pushed.
    ch_names : sequence of str
        The channels that the model sees.
    span_s : float
        Time in s that a prediction looks back.
    max_poor_share : float
        A report speaks against a prediction when more than this share of the channels is poor, in 0..1.
    max_touched_share : float
        A prediction is withheld when more than this share of its reports speak against it, in 0..1.

    Notes
    -----
    The answer for a span depends on the samples up to its end alone: chunking changes nothing, and a recording that is run again
    is withheld at the same places.
    """

    def __init__(
        self,
        sfreq: float,
        ch_names: Sequence[str],
        span_s: float,
        *,
        max_poor_share: float = 0.25,
        max_touched_share: float = 0.25,
    ) -> None:
        self._watch = QualityWatch(sfreq, ch_names)
        self._max_poor_share, self._max_touched_share = max_poor_share, max_touched_share
        self._kept_s = 2 * span_s + 2 * WINDOW_S
        self._verdicts: deque[tuple[float, str | None]] = deque()

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        self._watch.reset()
        self._verdicts.clear()

    def push(self, samples: FloatArray, timestamps: Float64Array) -> list[QualityReport]:
        """Take the next samples, as `QualityWatch.push` does.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            Raw potentials of the model's channels in µV; NaN where a sample was lost.
        timestamps : ndarray of float64, shape (n_samples,)
            Capture times in s.

        Returns
        -------
        list of QualityReport
            In order.
        """
        reports = self._watch.push(samples, timestamps)
        for report in reports:
            reason = report.withhold_reason(self._watch.ch_names, self._max_poor_share)
            self._verdicts.append((report.t_end, reason))
        return reports

    def why_withheld(self, t_start: float, t_end: float) -> str | None:
        """Tell why a prediction from a span must not be trusted.

        Parameters
        ----------
        t_start, t_end : float
            Capture times of the first and the last sample that it is made of, in s. Spans must be asked for in order.

        Returns
        -------
        str or None
            For example ``"poor signal: T8 muscle (in 60 % of the window)"``; None when nothing speaks against it.
        """
        while self._verdicts and self._verdicts[0][0] < t_end - self._kept_s:
            self._verdicts.popleft()
        reasons = [reason for t, reason in self._verdicts if t_start < t <= t_end]
        against = [reason for reason in reasons if reason]
        if len(against) <= self._max_touched_share * len(reasons):
            return None
        return f"{against[-1]} (in {len(against) / len(reasons):.0%} of the window)"

"""What judging the signal of every channel twice a second costs."""

from __future__ import annotations

import numpy as np
from scipy.signal import welch

from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.streaming.quality_watch import HOP_S, WINDOW_S, QualityWatch
from tests.benchmarks.row import Row, interleaved

PROFILES = ((8, 250.0), (32, 128.0), (62, 1000.0))
STREAM_S = 10.0
BUDGET = 2.0
"""Share of one core that the watching may take beside the model, in %."""


def rows() -> list[Row]:
    """Measure."""
    return [row for n_channels, sfreq in PROFILES for row in _of_profile(n_channels, sfreq)]


def _of_profile(n_channels: int, sfreq: float) -> list[Row]:
    labels = SEED_CHANNELS[:n_channels]
    samples = np.random.default_rng(0).normal(0.0, 20.0, (round(STREAM_S * sfreq), n_channels)).astype(np.float32)
    times = np.arange(len(samples)) / sfreq
    step, window = round(HOP_S * sfreq), round(WINDOW_S * sfreq)

    def watch() -> None:
        quality = QualityWatch(sfreq, labels)
        for start in range(0, len(samples), step):
            quality.push(samples[start : start + step], times[start : start + step])

    def spectra() -> None:
        for start in range(0, len(samples) - window + 1, step):
            for channel in range(n_channels):
                welch(samples[start : start + window, channel], fs=sfreq, nperseg=round(sfreq))

    ours, reference = interleaved(watch, spectra, rounds=3)
    each = 1e6 / (STREAM_S * n_channels)
    what = f"signal quality, {n_channels} ch @ {sfreq:g} Hz: "
    return [
        Row(f"{what}a channel's second", ours * each, reference * each, "µs", 1.0, "one scipy spectrum a report"),
        Row(f"{what}of one core", ours / STREAM_S * 100, BUDGET, "%", 1.0, "budget"),
    ]

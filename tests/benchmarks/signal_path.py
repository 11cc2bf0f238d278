"""Features and the ring buffer."""

from __future__ import annotations

import numpy as np
from scipy.signal import welch

from sclcm_core.bands import SEED_BANDS
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.extractor import Extractor
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.streaming.ring_buffer import RingBuffer
from tests.benchmarks.row import Row, best_time, interleaved


def rows() -> list[Row]:
    """Measure."""
    return [entropy_of_62_channels(), live_cost_is_flat(), *ring_writes()]


def entropy_of_62_channels() -> Row:
    """One window of SEED against the obvious loop."""
    window = np.random.default_rng(0).standard_normal((62, 200))

    def loop() -> np.ndarray:
        out = np.empty((5, 62))
        for channel in range(62):
            frequencies, density = welch(window[channel], fs=200.0, nperseg=200)
            for k, band in enumerate(SEED_BANDS):
                inside = (frequencies >= band.low) & (frequencies < band.high)
                out[k, channel] = 0.5 * np.log(2 * np.pi * np.e * density[inside].sum())
        return out

    np.testing.assert_allclose(differential_entropy(window, 200.0, SEED_BANDS), loop(), atol=1e-5)
    ours, reference = interleaved(lambda: differential_entropy(window, 200.0, SEED_BANDS), loop)
    return Row(
        "DE of 62 channels x 1 s at 200 Hz, 5 bands", ours * 1e6, reference * 1e6, "µs", 1 / 3, "scipy, channel by channel"
    )


def live_cost_is_flat() -> Row:
    """A chunk after ten minutes of stream costs what it cost in the first seconds."""
    spec = FeatureSpec(ch_names=SEED_CHANNELS, sfreq=200.0)
    chunk = np.random.default_rng(0).standard_normal((100, 62)).astype(np.float32)
    times = np.arange(100) / 200.0
    young, old = Extractor(spec, 200.0), Extractor(spec, 200.0)
    for _ in range(1200):
        old.push(chunk, times)
    ours, reference = interleaved(lambda: old.push(chunk, times), lambda: young.push(chunk, times))
    return Row("live cost of a window after 10 min of stream", ours * 1e6, reference * 1e6, "µs", 1.25, "in the first seconds")


def ring_writes() -> list[Row]:
    """A write costs the same in a long buffer, and far less than shifting the buffer."""
    chunk, times = np.zeros((10, 62), np.float32), np.zeros(10)
    short, long = RingBuffer(10_000, 62), RingBuffer(600_000, 62)
    for buffer in (short, long):
        for _ in range(buffer.capacity // 10):
            buffer.write(chunk, times)
    rolled = np.zeros((60_000, 62), np.float32)

    def roll() -> None:
        rolled[:] = np.roll(rolled, -10, axis=0)
        rolled[-10:] = chunk

    ours, reference = interleaved(lambda: long.write(chunk, times), lambda: short.write(chunk, times))
    shifted = best_time(roll)
    return [
        Row("ring write, 62 channels x 1 kHz, 10 min buffer", ours * 1e6, reference * 1e6, "µs", 1.5, "10 s buffer"),
        Row("ring write, 62 channels x 1 kHz", ours * 1e6, shifted * 1e6, "µs", 1 / 50, "shifting a 60 s buffer"),
    ]

"""The simulated head as a source in this process."""

from __future__ import annotations

import numpy as np
import pytest

from app.acquisition.simulated_source import SimulatedSource
from app.acquisition.source import Phase
from sclcm_core.errors import EndOfStream


def test_unpaced_it_gives_all_samples_at_once_and_ends():
    source, chunks = SimulatedSource(duration_s=2.0, state_s=1.0, paced=False), []
    assert source.open(1.0).origin == "simulated"
    with pytest.raises(EndOfStream):
        while True:
            chunks += source.read(0.0)
    assert np.array_equal(np.concatenate([c.timestamps for c in chunks]), np.arange(500) / 250.0)
    assert [marker.t for marker in source.markers()] == [0.0, 1.0]
    assert source.status().phase is Phase.ENDED


def test_the_same_seed_gives_the_same_signal():
    first, second = (SimulatedSource(3, paced=False) for _ in range(2))
    assert np.array_equal(first.read(0.0)[0].samples, second.read(0.0)[0].samples)


def test_paced_it_waits_for_the_clock():
    now = 50.0
    source = SimulatedSource(clock=lambda: now)
    source.open(1.0)
    assert source.read(0.0) == []
    now = 50.02
    assert source.read(0.0)[0].timestamps[-1] == pytest.approx(50.016)
    source.close()
    with pytest.raises(EndOfStream):
        source.read(0.0)

"""When samples arrived."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sclcm_core.streaming.arrivals import Arrivals
from sclcm_core.streaming.ring_buffer import RingBuffer


@given(capacity=st.integers(1, 30), sizes=st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_every_held_sample_knows_when_its_chunk_came(capacity, sizes):
    buffer, truth = RingBuffer(capacity, 1), []
    for k, size in enumerate(sizes):
        if k % 5 == 4:
            buffer.write_lost(size, 0.1, t_arrived=float(k))
        else:
            buffer.write(np.zeros((size, 1)), np.zeros(size), t_arrived=float(k))
        truth += [float(k)] * size
    assert [buffer.arrival(n) for n in range(buffer.tail, buffer.head)] == truth[buffer.tail :]


def test_what_no_held_sample_needs_is_forgotten():
    arrivals = Arrivals()
    for k in range(20_000):
        arrivals.note(k, k / 10, oldest=k - 100)
    assert [arrivals.at(k) for k in (19_899, 19_999)] == [1989.9, 1999.9]
    assert len(arrivals) < 1000

import numpy as np
import pytest

from app.gui.trace_feed import DISPLAY_FILTERS, TraceFeed
from sclcm_core.streaming.ring_buffer import RingBuffer

pytestmark = pytest.mark.gui


def a_buffer(samples: np.ndarray, capacity: int = 4000) -> RingBuffer:
    buffer = RingBuffer(capacity, samples.shape[1])
    buffer.write(samples, np.arange(len(samples)) / 250.0)
    return buffer


@pytest.mark.parametrize("choice", DISPLAY_FILTERS, ids=lambda c: c.title)
def test_an_offset_is_not_drawn(rng, choice):
    samples = 4000.0 + 5 * rng.standard_normal((2500, 3))
    values, start = TraceFeed(a_buffer(samples), 250.0, [0, 2], choice).read(1500, 2500)
    assert start == 1500
    assert values.shape == (1000, 2)
    assert np.abs(values.mean(axis=0)).max() < 2.0


def test_a_filter_keeps_its_state_between_reads(rng):
    samples = rng.standard_normal((2500, 1)) * 10
    one, two = (TraceFeed(a_buffer(samples), 250.0, [0], DISPLAY_FILTERS[1]) for _ in range(2))
    whole, _ = one.read(1000, 2000)
    parts = [two.read(start, start + 100)[0] for start in range(1000, 2000, 100)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-9)


def test_missing_samples_stay_missing_and_do_not_spread(rng):
    samples = rng.standard_normal((2500, 2)) * 10
    samples[1200:1250, 0] = np.nan
    values, _ = TraceFeed(a_buffer(samples), 250.0, [0, 1], DISPLAY_FILTERS[1]).read(1000, 2000)
    assert np.isnan(values[200:250, 0]).all()
    assert np.isfinite(np.delete(values[:, 0], np.arange(200, 250))).all()
    assert np.isfinite(values[:, 1]).all()


def test_a_signal_of_nothing_but_gaps_is_no_error():
    values, _ = TraceFeed(a_buffer(np.full((500, 1), np.nan)), 250.0, [0], DISPLAY_FILTERS[1]).read(0, 500)
    assert np.isnan(values).all()


def test_what_is_no_longer_held_is_left_out(rng):
    buffer = a_buffer(rng.standard_normal((2500, 1)), capacity=1000)
    values, start = TraceFeed(buffer, 250.0, [0], DISPLAY_FILTERS[0]).read(0, 2500)
    assert start == 1500
    assert len(values) == 1000


def test_a_slow_stream_is_shown_raw_when_the_filter_lies_above_it(rng):
    buffer = a_buffer(rng.standard_normal((500, 1)))
    values, _ = TraceFeed(buffer, 20.0, [0], DISPLAY_FILTERS[3]).read(100, 500)
    assert np.isfinite(values).all()

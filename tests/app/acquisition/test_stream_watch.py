"""What is watched while a stream flows: silence, stamps, the rate."""

from __future__ import annotations

import pytest

from app.acquisition.rate import RateEstimate
from app.acquisition.silence import SilenceWatch
from app.acquisition.stamp_check import StampCheck


def test_a_second_of_silence_is_unusual():
    watch = SilenceWatch()
    for k in range(100):
        watch.heard(k * 0.02)
    assert not watch.is_stalled(2.9)
    assert watch.is_stalled(3.1)


def test_for_a_stream_in_chunks_of_seconds_it_is_not():
    watch = SilenceWatch()
    for k in range(10):
        watch.heard(2.0 * k)
    assert not watch.is_stalled(18.0 + 6.0)
    assert watch.is_stalled(18.0 + 8.0)


@pytest.mark.parametrize(("unit", "unusable"), [(1.0, False), (1000.0, True), (0.0, True), (0.01, True)])
def test_stamps_that_do_not_advance_with_the_samples_are_unusable(unit, unusable):
    check = StampCheck(250.0)
    verdicts = [check.is_unusable(5, unit * k / 50, k / 50) for k in range(200)]
    assert verdicts[-1] is unusable


def test_one_jump_of_the_clock_does_not_make_stamps_unusable():
    check = StampCheck(250.0)
    assert not any(check.is_unusable(5, k / 50 + (1000.0 if k > 100 else 0.0), k / 50) for k in range(400))


def test_the_rate_is_known_after_two_seconds_and_kept_over_a_gap():
    rate = RateEstimate(250.0)
    for k in range(0, 1000, 5):
        rate.add(k, k / 248.0)
        assert rate.sfreq is None or k / 248.0 >= 2.0
    start_s, period, number = rate.line
    assert start_s + (100 - number) * period == pytest.approx(100 / 248.0)
    rate.restart()
    assert rate.sfreq == pytest.approx(248.0)
    assert rate.line is None

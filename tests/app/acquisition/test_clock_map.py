"""Raw stamps on the local clock."""

from __future__ import annotations

import numpy as np
import pytest

from app.acquisition.clock_map import ClockMap


def test_the_measured_correction_is_added():
    clock = ClockMap()
    clock.update(5.0, 95.0, 100.0)
    assert clock.to_local(np.array([95.0])) == pytest.approx([100.0])
    assert clock.stamp_at(101.0) == pytest.approx(96.0)
    assert not clock.is_foreign


def test_before_a_measurement_the_clocks_are_taken_as_one():
    clock = ClockMap()
    clock.update(None, 99.99, 100.0)
    assert clock.offset_s == 0.0


def test_new_measurements_are_approached_gently():
    clock = ClockMap()
    clock.update(0.0, 100.0, 100.0)
    clock.update(0.001, 101.0, 101.0)
    assert clock.offset_s == pytest.approx(0.0002)


@pytest.mark.parametrize("epoch", [0.0, 1.7e9, -1e5])
def test_stamps_of_another_clock_are_brought_to_their_arrival(epoch):
    clock = ClockMap()
    for k in range(20):
        clock.update(1e-5, epoch + k, 1000.0 + k + 0.01)
    assert clock.is_foreign
    assert clock.to_local(np.array([epoch + 19])) == pytest.approx([1019.01], abs=1e-6)


def test_after_a_jump_stamps_are_near_the_clock_again():
    clock = ClockMap()
    clock.update(0.0, 100.0, 100.0)
    clock.update(0.0, -899.0, 101.0)
    assert clock.to_local(np.array([-899.0])) == pytest.approx([101.0])


def test_a_replay_at_another_pace_keeps_its_own_time():
    clock = ClockMap(follows_clock=False)
    clock.update(0.5, 1000.0, 3.0)
    assert clock.to_local(np.array([1000.0])) == pytest.approx([1000.0])
    assert clock.stamp_at(3.0) == float("inf")

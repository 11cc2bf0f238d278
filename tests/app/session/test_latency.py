"""What an answer costs."""

import numpy as np
import pytest

from app.session.latency import KEPT, CostMeter, LatencyMeter


@pytest.mark.parametrize("n_answers", [1, 2, 37, KEPT + 500])
@pytest.mark.parametrize("percent", [0, 50, 99, 100])
def test_percentiles_are_those_of_the_newest_answers(n_answers, percent):
    latencies = np.random.default_rng(0).exponential(0.01, n_answers).round(3)
    meter = LatencyMeter()
    for latency in latencies:
        meter.push(float(latency))
    assert meter.percentile(percent) == pytest.approx(np.percentile(latencies[-KEPT:], percent), abs=1e-12)


def test_before_the_first_answer_nothing_is_said():
    assert LatencyMeter().percentile(50) is None
    assert CostMeter().median_s is None


def test_the_steps_that_lead_to_an_answer_are_counted_with_it():
    meter = CostMeter()
    for processor_s, n_answers in ((1e-3, 0), (2e-3, 1), (8e-3, 2), (4e-3, 1)):
        meter.push(processor_s, n_answers)
    assert meter.median_s == pytest.approx(4e-3)

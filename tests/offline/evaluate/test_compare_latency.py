import pytest

from offline.evaluate.compare_arms import Arm, make_arms
from offline.evaluate.compare_config import CompareConfig
from offline.evaluate.compare_latency import LiveCost, measure_arms
from offline.evaluate.method_table import ArmFigures, cost_rows


@pytest.mark.slow
def test_networks_of_one_shape_are_measured_once_and_simple_methods_not_at_all(make_config):
    arms: list[Arm] = make_arms(make_config(), CompareConfig(), ["sclcm", "basic"])
    found = measure_arms(arms, 3)
    assert set(found) == {arm.name for arm in arms if not arm.baseline}
    assert len(set(found.values())) == 1
    assert all(0 < cost.p50_ms <= cost.p99_ms for cost in found.values())


@pytest.mark.parametrize(("p99_ms", "text"), [(3.0, "2.00 / 3.00"), (21.0, "2.00 / 21.00 (over 20: distil it)")])
def test_a_network_over_the_live_budget_is_to_be_distilled(p99_ms, text):
    embedding = {"spread": 1.0, "effective_rank": 4.0, "collapsed": 0.0}
    arm = ArmFigures("a", "sclcm, bands", "", "", embedding=embedding, live=LiveCost(2.0, p99_ms))
    assert cost_rows([arm])[0][-1] == text


def test_a_method_that_is_not_shipped_says_why_where_its_latency_would_stand():
    embedding = {"spread": 0.01, "effective_rank": 1.0, "collapsed": 0.5}
    arm = ArmFigures("a", "sclcm, bands", "", "", embedding=embedding, refusal="Its network cannot be exported.")
    row = cost_rows([arm])[0]
    assert row[-1] == "Its network cannot be exported." and row[4] == "1.0 collapsed"

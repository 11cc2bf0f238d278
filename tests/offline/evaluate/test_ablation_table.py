from types import SimpleNamespace

import pytest

from offline.datasets.dataset import DatasetCard
from offline.evaluate.ablation_table import ablation_html, ablation_rows, ablation_table
from offline.evaluate.curves import Point
from offline.evaluate.intervals import Figure
from offline.evaluate.summary import MethodSummary, SubjectRow
from offline.seeds import Seed


def method(name, scores):
    figure = Figure(sum(scores) / len(scores), min(scores), max(scores))
    rows = [SubjectRow(str(k), 10, score, score, score) for k, score in enumerate(scores)]
    return MethodSummary(name, "population", figure, figure, figure, figure, figure, 0.0, [], [], rows)


def point(name, scores):
    methods = [method("network", scores), method("logistic_regression", [0.6, 0.6, 0.6]), method("majority", [0.5] * 3)]
    summary = SimpleNamespace(
        methods=methods,
        protocol="Held out.",
        chance=0.5,
        folds=[],
        find=lambda name, _: next(m for m in methods if m.method == name),
    )
    card = DatasetCard("heads", "Heads", "MIT", "Nobody.", simulated=True, target="emotion")
    return Point(SimpleNamespace(name=name), summary, card)


@pytest.fixture
def points():
    return [point("joint", [0.8, 0.7, 0.9]), point("without <masking>", [0.7, 0.5, 0.9])]


def test_each_variant_stands_beside_the_first_and_the_simple_method_is_told_once(points):
    rows = ablation_rows(points, "network", Seed(0))
    assert [row[0] for row in rows] == ["joint", "without <masking>", "logistic regression"]
    assert {len(row) for row in rows} == {len(ablation_table(points))}
    assert rows[0][4:] == ("", "")
    assert [row[4].split()[0] for row in rows[1:]] == ["-0.100", "-0.200"]


def test_the_page_says_what_is_simulated_what_is_compared_and_by_what_protocol(points):
    page = ablation_html("SI-CLEER", points, ablation_rows(points, "network", Seed(0)))
    for text in (
        "Simulated data",
        "Held out. 3 people tested; chance is 0.500",
        "without &lt;masking&gt;",
        "less &#x27;joint&#x27;",
    ):
        assert text in page

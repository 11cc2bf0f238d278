import math
from pathlib import Path

import pytest

from sclcm_core.errors import ConfigError
from sclcm_core.recordings.spans import MarkerMapping, Rating, find_ratings, find_spans, read_mapping
from sclcm_core.types import Marker

OWN = [
    Marker(9.0, "stimulus-end/calm/lake#1"),
    Marker(0.5, "rest/eyes-open"),
    Marker(3.0, "rest-end/eyes-open"),
    Marker(4.0, "stimulus/calm/lake#1"),
    Marker(9.5, "rating/lake#1/valence=7"),
    Marker(10.0, "stimulus/tense/storm#1"),
    Marker(2.0, "blink"),
]


def test_the_programs_own_markers_become_spans_in_the_order_of_time() -> None:
    found = [(s.kind, s.label, s.name, s.t_start, s.t_end) for s in find_spans(OWN)]
    assert found == [
        ("rest", "", "eyes-open", 0.5, 3.0),
        ("stimulus", "calm", "lake#1", 4.0, 9.0),
        ("stimulus", "tense", "storm#1", 10.0, math.inf),
    ]
    assert find_ratings(OWN) == [Rating("lake#1", "valence", 7, 9.5)]


def test_markers_of_other_programs_mean_what_the_mapping_says() -> None:
    mapping = MarkerMapping(labels={"S  1*": "calm", "S  2": "tense"}, rest=("S 10",), ends=("S 99",), duration_s=20.0)
    markers = [Marker(0, "S 10"), Marker(5, "S  1 a"), Marker(8, "S 99"), Marker(9, "S  2"), Marker(12, "S  1", 1.5)]
    found = [(s.kind, s.label, s.t_start, s.t_end) for s in find_spans(markers, mapping)]
    assert found == [
        ("rest", "", 0, 5),
        ("stimulus", "calm", 5, 8),
        ("stimulus", "tense", 9, 12),
        ("stimulus", "calm", 12, 13.5),
    ]
    assert find_spans([Marker(0, "S  2")], mapping)[0].t_end == 20.0
    assert find_spans(markers) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[label]\na = "b"', r"'label': .*Did you mean 'labels'"),
        ("duration_s = 1.0", r"'labels': Field required"),
        ("labels = 3 =", r"no TOML"),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_mapping(path)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_mapping(tmp_path / "gone.toml")

import itertools
from pathlib import Path

import numpy as np
import pytest

from app.experiment.protocol import Protocol, calibration_protocol, read_protocol
from app.experiment.schedule import LONGEST_RUN, StepKind, make_schedule, presentation_order
from sclcm_core.errors import ConfigError

GOOD = """
name = "moods"
rest_s = 20
eyes_closed_s = 10
[[blocks]]
name = "words"
stimuli = ["joy", "sorrow"]
repeats = 6
ratings = ["valence"]
[[stimuli]]
name = "joy"
label = "positive"
text = "Joy"
duration_s = 6
[[stimuli]]
name = "sorrow"
label = "negative"
text = "Sorrow"
duration_s = 6
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "protocol.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def protocol(tmp_path: Path) -> Protocol:
    return read_protocol(written(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rest_s = 20", "rests = 20", r"unknown key 'rests'\. Did you mean 'rest_s'"),
        ("repeats = 6", "repeat = 6", r"unknown key 'blocks\.1\.repeat'\. Did you mean 'repeats'"),
        ('text = "Joy"', 'txt = "Joy"', r"unknown key 'stimuli\.1\.txt'\. Did you mean 'text'"),
        ('["joy", "sorrow"]', '["joy", "sorow"]', r"presents 'sorow', which is no stimulus\. Did you mean 'sorrow'"),
        ('name = "sorrow"', 'name = "joy"', r"must be distinct"),
        ('label = "positive"', 'label = "a/b"', r"'a/b' must not be empty nor hold '/'"),
        ("duration_s = 6", "duration_s = 0", r"stimuli\.1\.duration_s is 0\. It should be greater than 0\."),
        ('"valence"', '"sweetness"', r"ratings\.1 is 'sweetness'\. It should be 'valence', 'arousal' or 'dominance'"),
        ('text = "Joy"', 'kind = "image"', r"'joy' needs 'file', for its kind is image"),
        ('text = "Joy"', 'kind = "image"\nfile = "joy.png"', r"'.*joy\.png' of the stimulus 'joy' is not there"),
        ('name = "moods"', 'name = "moods', r"is no TOML file"),
    ],
)
def test_what_is_wrong_with_a_protocol_is_named_with_what_was_meant(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=said):
        read_protocol(written(tmp_path, GOOD.replace(old, new, 1)))


def test_the_shipped_protocol_can_be_run() -> None:
    protocol = read_protocol(Path(__file__).parents[3] / "assets" / "protocols" / "words.toml")
    steps = make_schedule(protocol, 1)
    assert sum(step.kind is StepKind.STIMULUS for step in steps) == 12 and protocol.labels == ("positive", "negative")


def test_a_missing_protocol_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml' cannot be read"):
        read_protocol(tmp_path / "gone.toml")


def test_files_of_stimuli_lie_beside_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "joy.png").write_bytes(b"x")
    protocol = read_protocol(written(tmp_path, GOOD.replace('text = "Joy"', 'kind = "image"\nfile = "joy.png"')))
    assert protocol.stimulus("joy").file == (tmp_path / "joy.png").resolve()


def test_a_balanced_order_holds_each_stimulus_once_a_round_and_no_long_runs(protocol: Protocol) -> None:
    for seed in range(20):
        order = [s.label for s in presentation_order(protocol.blocks[0], protocol, np.random.default_rng(seed))]
        assert all(set(order[k : k + 2]) == {"positive", "negative"} for k in range(0, 12, 2))
        runs = max(len(list(run)) for _, run in itertools.groupby(order))
        assert runs <= LONGEST_RUN


def test_the_seed_determines_the_order(protocol: Protocol) -> None:
    first, again, other = (make_schedule(protocol, seed) for seed in (1, 1, 2))
    assert first == again and first != other


@pytest.mark.parametrize(("order", "expected"), [("as_written", ["joy", "sorrow"] * 6), ("shuffled", None)])
def test_other_orders_can_be_had(tmp_path: Path, order: str, expected: list[str] | None) -> None:
    protocol = read_protocol(written(tmp_path, GOOD.replace("repeats = 6", f'repeats = 6\norder = "{order}"')))
    names = [s.name for s in presentation_order(protocol.blocks[0], protocol, np.random.default_rng(0))]
    assert sorted(names) == sorted(["joy", "sorrow"] * 6) and (expected is None or names == expected)


def test_every_presentation_has_its_own_name_and_the_markers_say_its_label(protocol: Protocol) -> None:
    shown = [step for step in make_schedule(protocol, 1) if step.kind is StepKind.STIMULUS]
    assert len({step.name for step in shown}) == 12
    assert {step.begin.split("/")[1] for step in shown} == {"positive", "negative"}
    assert all(step.end == step.begin.replace("stimulus", "stimulus-end") for step in shown)


def test_both_rests_come_first_each_after_a_countdown(protocol: Protocol) -> None:
    steps = make_schedule(protocol, 1)
    assert [step.kind for step in steps[:4]] == ["countdown", "rest", "countdown", "rest"]
    assert [step.begin for step in steps[1:4:2]] == ["rest/eyes-open", "rest/eyes-closed"]
    assert steps[-1].kind is StepKind.END


def test_a_calibration_needs_words_alone_and_may_be_rest_alone() -> None:
    words = calibration_protocol(("calm", "tense"), n_blocks=3, duration_s=10, rest_s=60)
    assert words.labels == ("calm", "tense") and words.blocks[0].repeats == 3
    assert calibration_protocol((), n_blocks=3, duration_s=10, rest_s=60).blocks == ()

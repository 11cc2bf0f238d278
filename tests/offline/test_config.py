from pathlib import Path

import pytest

from offline.config import load_config, parse_config
from offline.evaluate.compare_config import load_comparison
from offline.runs import fingerprint
from sclcm_core.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "assets" / "configs").glob("*.toml"))


def minimal(**changes):
    return {
        "name": "x",
        "title": "X",
        "dataset": {"name": "simulated"},
        "features": {"ch_names": ["T7"], "sfreq": 128.0},
    } | changes


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_committed_config_is_valid_and_named_after_its_file(path):
    compares = "[compare]" in path.read_text(encoding="utf-8")
    config = load_comparison(path)[0] if compares else load_config(path)
    assert config.name == path.stem


def test_an_unknown_key_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown key 'finetune.epoch'. Did you mean 'epochs'"):
        parse_config(minimal(finetune={"epoch": 3}), "here.toml")
    with pytest.raises(ConfigError, match=r"unknown key 'quantise'. Did you mean 'quantize'"):
        parse_config(minimal(quantise={}), "here.toml")


def test_a_wrong_value_is_refused_with_the_value_and_its_meaning():
    with pytest.raises(ConfigError, match=r"finetune.batch_size: .*got 4.*BatchNorm needs at least 16"):
        parse_config(minimal(finetune={"batch_size": 4}), "here.toml")


def test_a_missing_section_is_named():
    with pytest.raises(ConfigError, match="dataset"):
        parse_config({"name": "x", "title": "X", "features": {"ch_names": ["T7"], "sfreq": 128.0}}, "here.toml")


def test_a_missing_file_and_a_broken_file_are_named(tmp_path):
    with pytest.raises(ConfigError, match="no run config"):
        load_config(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(broken)


def test_the_fingerprint_follows_what_is_computed_and_not_what_it_is_called():
    base = parse_config(minimal(), "a")
    assert fingerprint(base) == fingerprint(parse_config(minimal(title="Y"), "a"))
    assert fingerprint(base) == fingerprint(parse_config(minimal(dataset={"name": "simulated", "root": "elsewhere"}), "a"))
    assert fingerprint(base) != fingerprint(parse_config(minimal(seed=1), "a"))

import pytest

from offline.config import DatasetConfig
from offline.roots import data_root
from offline.runs import fingerprint, open_run
from sclcm_core.errors import ConfigError


def test_a_run_folder_says_what_it_was_made_from(config, tmp_path):
    folder = open_run(config, tmp_path / "run")
    assert folder.read_json("config.json")["seed"] == 3
    origin = folder.read_json("origin.json")
    assert origin["versions"]["numpy"]
    assert set(origin) == {"commit", "versions", "fingerprint"}


def test_a_folder_of_the_same_config_is_taken_up_again_and_of_another_refused(config, make_config, tmp_path):
    open_run(config, tmp_path)
    open_run(config, tmp_path)
    with pytest.raises(ConfigError, match=r"differs in: seed.*--run-dir"):
        open_run(make_config(seed=4), tmp_path)


def test_a_folder_from_before_a_key_was_known_is_taken_up_again(config, make_config, tmp_path):
    folder = open_run(config, tmp_path)
    older = folder.read_json("config.json")
    del older["evaluate"]["seeds"]
    folder.write_json("config.json", older)
    open_run(config, tmp_path)
    with pytest.raises(ConfigError, match=r"differs in: seed"):
        open_run(make_config(seed=4), tmp_path)
    folder.write_json("config.json", older | {"gone": 1})
    with pytest.raises(ConfigError, match=r"another config"):
        open_run(config, tmp_path)


def test_what_changes_no_result_changes_no_fingerprint(make_config):
    plain = make_config(finetune={})
    assert fingerprint(plain) == fingerprint(make_config(finetune={}, title="Another"))
    assert fingerprint(plain) != fingerprint(make_config(finetune={"stop_by": "loss"}))


def test_a_stage_that_has_not_run_is_named(config, tmp_path):
    with pytest.raises(ConfigError, match=r"metrics.json' does not exist yet"):
        open_run(config, tmp_path).read_json("metrics.json")


def test_the_command_line_wins_over_config_and_environment(tmp_path, monkeypatch):
    (tmp_path / "eegmat").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("SCLCM_TEST_DATA", str(tmp_path))
    missing = DatasetConfig(name="eegmat", root="nowhere")
    assert data_root(missing, tmp_path / "option") == tmp_path / "option"
    assert data_root(DatasetConfig(name="eegmat", root=tmp_path / "here")) == tmp_path / "here"
    assert data_root(missing) == tmp_path / "eegmat"
    monkeypatch.delenv("SCLCM_TEST_DATA")
    assert data_root(missing) == missing.root


def test_a_table_has_a_line_an_epoch(config, tmp_path):
    path = open_run(config, tmp_path).write_table("log.csv", [{"loss": 0.5}, {"loss": 0.25, "score": 1.0}])
    assert path.read_text().splitlines() == ["epoch,loss,score", "1,0.5,", "2,0.25,1.0"]

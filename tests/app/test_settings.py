from pathlib import Path

import pytest

from app.settings import Settings, load_settings
from sclcm_core.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_the_network_can_be_set(tmp_path: Path) -> None:
    path = write(tmp_path, '[network]\nsession_id = "lab"\nknown_peers = ["10.1.0.2"]\n')
    network = load_settings(path).network
    assert (network.session_id, network.known_peers) == ("lab", ("10.1.0.2",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[network", "is not TOML"),
        ("[network]\nsession = 1", "unknown key 'network.session'. Did you mean 'session_id'"),
        ("[netwrk]\n", "unknown key 'netwrk'. Did you mean 'network'"),
        ("[network]\nlog_level = 99", "network.log_level"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_known_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_settings(write(tmp_path, text))

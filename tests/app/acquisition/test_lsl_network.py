"""How LSL is set up."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from numpy._core import _multiarray_umath

from app.acquisition import lsl_network
from app.acquisition.lsl_network import NetworkSettings, config_content, configure, load_lsl, network_settings
from sclcm_core.errors import StreamError


@pytest.fixture(autouse=True)
def _no_users_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("LSLAPICFG", raising=False)


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_settings_become_liblsls_own_words():
    text = config_content(
        NetworkSettings(session_id="lab 3", known_peers=("10.0.0.2", "10.0.0.3"), resolve_scope="machine", ipv6=False)
    )
    for line in (
        "SessionID = lab 3",
        "KnownPeers = {10.0.0.2, 10.0.0.3}",
        "ResolveScope = machine",
        "IPv6 = disable",
        "level = -3",
    ):
        assert line in text.splitlines()


def test_the_users_own_file_is_kept_and_laid_over(tmp_path):
    (tmp_path / "lsl_api.cfg").write_text(
        "[lab]\nKnownPeers = {10.9.9.9}\nSessionID = mine\n[tuning]\nInletBufferReserveMs = 9\n"
    )
    text = config_content(NetworkSettings(session_id="ours"))
    assert "KnownPeers = {10.9.9.9}" in text
    assert "SessionID = ours" in text
    assert "InletBufferReserveMs = 9" in text


def test_a_damaged_file_of_the_user_is_passed_over(tmp_path):
    (tmp_path / "lsl_api.cfg").write_bytes(b"\xff\xfenonsense [[[")
    assert "level = -3" in config_content(NetworkSettings())


def test_settings_come_from_the_environment_unless_configured(monkeypatch):
    monkeypatch.setattr(lsl_network, "_settings", None)
    monkeypatch.setenv("SCLCM_LSL", '{"session_id": "env"}')
    assert network_settings().session_id == "env"


@pytest.mark.lsl
def test_settings_cannot_change_once_lsl_is_in_use():
    load_lsl()
    with pytest.raises(StreamError, match="already in use"):
        configure(NetworkSettings(session_id="too late"))


def test_a_missing_library_says_what_to_install():
    done = python(
        "import sys; sys.modules['pylsl'] = None\nfrom app.acquisition.lsl_inlet import LslInlet\nLslInlet().open(1.0)",
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    assert "could not be loaded" in done.stderr
    assert "mne-lsl" in done.stderr


@pytest.mark.parametrize("library", [__file__, _multiarray_umath.__file__], ids=["text", "another library"])
def test_a_library_that_is_not_liblsl_is_named_with_the_way_back(library):
    done = python(
        "from app.acquisition.lsl_inlet import LslInlet\nLslInlet().open(1.0)",
        PYLSL_LIB=library,
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    assert f"PYLSL_LIB names '{library}': unset it" in done.stderr


def test_replaying_works_without_the_library_and_never_loads_it():
    program = (
        "import sys; sys.modules['pylsl'] = None\n"
        "import numpy as np, pathlib\n"
        "from app.acquisition.replay_source import ReplaySource\n"
        "from sclcm_core.recordings.recording import Recording\n"
        "from sclcm_core.types import StreamSpec\n"
        "r = Recording(StreamSpec(100.0, ('T7',)), np.zeros((50, 1), np.float32), np.arange(50) / 100, (), pathlib.Path('x'))\n"
        "for speed in ('max', 20.0):\n"
        "    s = ReplaySource(r, speed); s.open(1.0); print(len(s.read(1.0)))\n"
    )
    done = python(program, PYTHONPATH=os.pathsep.join(sys.path))
    assert done.stdout.split() == ["1", "1"], done.stderr


@pytest.mark.lsl
def test_an_answer_that_describes_no_stream_is_passed_over(monkeypatch):
    pylsl = load_lsl()
    broken = pylsl.StreamInfo("(invalid: stoi)", "", 0, 0.0, 0, "")  # what liblsl makes of an answer that it cannot read
    monkeypatch.setattr(pylsl, "resolve_streams", lambda wait_time: [broken])
    assert lsl_network.list_streams(0.0) == []

    resolver = lsl_network.Resolver()
    resolver._resolver = SimpleNamespace(results=lambda: [broken])
    assert resolver.infos() == []

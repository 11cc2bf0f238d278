"""Two people at once: two simulated headsets, two sessions, one folder."""

import json
from pathlib import Path

import pytest

from app.acquisition.simulated_headset import SimulatedHeadset
from app.cli import main
from app.session.recorded_session import read_session


@pytest.mark.lsl
def test_two_streams_are_predicted_side_by_side_and_recorded_in_one_folder(tmp_path: Path, capsys) -> None:
    with SimulatedHeadset("headset A", seed=1) as one, SimulatedHeadset("headset B", seed=2) as other:
        streams = [f"id:{one.source_id}", f"id:{other.source_id}"]
        chosen = [argument for stream in streams for argument in ("--stream", stream)]
        arguments = ["live", *chosen, "--model", "emotion-simulated", "--headless", "--json", "--seconds", "6"]
        assert main([*arguments, "--record", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["stream"] for line in lines} == set(streams)
    assert sum(line["type"] == "summary" for line in lines) == 2
    (folder,) = tmp_path.iterdir()
    recorded = [read_session(path) for path in sorted(folder.rglob("*.xdf"))]
    assert {session.header.source_id for session in recorded} == {one.source_id, other.source_id}
    starts = [session.t_first for session in recorded]
    assert abs(starts[0] - starts[1]) < 3.0  # one clock


@pytest.mark.parametrize(
    ("extra", "said"),
    [(["--stream", "A"], "Name two or more different streams"), (["--stream", "A", "--stream", "A"], "Name two or more")],
)
def test_one_stream_is_no_pair(extra: list[str], said: str, capsys) -> None:
    assert main(["live", "--headless", "--model", "emotion-simulated", *extra]) == 2
    assert said in capsys.readouterr().err


def test_one_port_cannot_tell_of_two_people(capsys) -> None:
    arguments = [
        "live",
        "--headless",
        "--model",
        "emotion-simulated",
        "--stream",
        "A",
        "--stream",
        "B",
        "--osc",
        "localhost:9000",
    ]
    assert main(arguments) == 2
    assert "tell of one person" in capsys.readouterr().err

"""One sitting, three ways to calibrate from it: while it streams over LSL, from its recording, and from a replay of that."""

import json
from pathlib import Path

import pytest

from app.acquisition.replay_source import ReplaySource
from app.calibrate import calibrate_on
from app.cli import main
from app.paths import find_bundle
from app.session.session import Session, SessionSettings
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.recordings.read import read_recording
from sclcm_core.types import Marker, Prediction

PROTOCOL = """
name = "moods"
rest_s = 8.0
countdown_s = 0.5
pause_s = 0.5
[[blocks]]
name = "words"
stimuli = ["joy", "sorrow"]
repeats = 4
[[stimuli]]
name = "joy"
label = "positive"
text = "Joy"
duration_s = 6.0
[[stimuli]]
name = "sorrow"
label = "negative"
text = "Sorrow"
duration_s = 6.0
"""


def calibrated_by_replay(path: Path, parent: Bundle, out: Path) -> Bundle:
    """Play a recording through a session, as 'sclcm replay' does, and calibrate on what it says."""
    predictions: list[Prediction] = []
    markers: list[Marker] = []
    source = ReplaySource(read_recording(path), "max")
    session = Session(source, parent, SessionSettings(policy=WindowPolicy.EVERY))
    session.on_prediction.append(predictions.append)
    session.on_marker.append(markers.append)
    session.start()
    assert session.wait(60)
    session.stop()
    return calibrate_on(parent, predictions, markers).keep(out.stem, out, "moods")


@pytest.mark.slow
@pytest.mark.lsl
@pytest.mark.timeout(300)
def test_stream_recording_and_replay_of_one_sitting_give_the_same_head_bit_for_bit(tmp_path: Path, capsys) -> None:
    protocol, live, again = tmp_path / "moods.toml", tmp_path / "live.onnx", tmp_path / "again.onnx"
    protocol.write_text(PROTOCOL, encoding="utf-8")
    streamed = ["--simulated", "--seed", "3", "--headless", "--protocol", str(protocol), "--record", str(tmp_path), "--json"]
    assert main(["calibrate", "--model", "emotion-simulated", *streamed, "--out", str(live)]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    (recording,) = tmp_path.glob("*.xdf")
    assert main(["calibrate", str(recording), "--model", "emotion-simulated", "--out", str(again), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["held_out"] == said["held_out"]
    parent = load_bundle(find_bundle("emotion-simulated"))
    bundles = [load_bundle(live), load_bundle(again), calibrated_by_replay(recording, parent, tmp_path / "replayed.onnx")]
    assert len({bundle.manifest.graph_sha256 for bundle in bundles}) == 1
    records = [bundle.manifest.calibration[-1].model_dump(exclude={"date", "protocol"}) for bundle in bundles]
    assert records[0] == records[1] == records[2]

"""One sitting from the first electrode to the personal model, with the simulated headset: every step by the commands a user types."""

import csv
import json
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QColor, QImage
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from app.cli import main
from app.experiment.schedule import StepKind
from app.gui.application import make_application
from app.gui.stimulus_screen import StimulusScreen
from offline.cli import main as offline_main
from sclcm_core.inference.bundle import load_bundle

PROTOCOL = """
name = "moods"
instructions = "Look at what comes."
rest_s = 8.0
countdown_s = 0.5
pause_s = 0.5

[[blocks]]
name = "words"
stimuli = ["joy", "sorrow"]
ratings = ["valence", "arousal"]

[[blocks]]
name = "pictures"
stimuli = ["sun", "rain"]
ratings = ["valence"]

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
[[stimuli]]
name = "sun"
kind = "image"
file = "sun.png"
label = "positive"
duration_s = 6.0
[[stimuli]]
name = "rain"
kind = "image"
file = "rain.png"
label = "negative"
duration_s = 6.0
"""

CLIPS = ("joy", "sorrow", "pride", "grief", "hope", "fear", "love", "shame")
"""What is shown in calibration: each clip once, for all showings of a clip are one observation; pleasant and unpleasant in turn."""

CALIBRATION = (
    """
name = "moods"
rest_s = 20.0
countdown_s = 0.5
pause_s = 0.5
[[blocks]]
name = "words"
stimuli = [{names}]
""".format(names=", ".join(f'"{clip}"' for clip in CLIPS))
    + "".join(
        f'[[stimuli]]\nname = "{clip}"\nlabel = "{label}"\ntext = "{clip}"\nduration_s = 6.0\n'
        for clip, label in zip(CLIPS, ("positive", "negative") * 4, strict=True)
    )
)

RECIPE = """
name = "retrained"
title = "Retrained on own sessions"
seed = 1
lines = ["population", "personal"]
[dataset]
name = "sessions"
[features]
ch_names = ["T7", "T8"]
sfreq = 250.0
window_s = 1.0
hop_s = 0.2
n_frames = 16
[encoder]
widths = [8, 12]
n_embedding = 16
[head]
n_hidden = 0
"""


class Finger:
    """Presses keys as a person would: goes on, rates, and leaves at the end."""

    def __init__(self) -> None:
        self.timer = QTimer()
        self.timer.timeout.connect(self.press)
        self.timer.start(60)

    def press(self) -> None:
        for screen in QApplication.topLevelWidgets():
            if isinstance(screen, StimulusScreen) and screen.isVisible():
                key = {StepKind.INSTRUCTIONS: Qt.Key_Space, StepKind.RATING: Qt.Key_7, StepKind.END: Qt.Key_Escape}
                kind = screen.step.kind
                if kind in key:
                    QTest.keyClick(screen, key[kind])


def picture(path: Path, colour: str) -> None:
    image = QImage(64, 48, QImage.Format_RGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))


def rows(path: Path, delimiter: str = "\t") -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def check_report(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "SIMULATED" in text and "sorrow#1" in text and "filling the first window" in text
    assert (page.parent / "time-course.png").stat().st_size > 10_000
    confusion = rows(page.parent / "confusion.csv", ",")
    assert {row["label"] for row in confusion} == {"negative", "positive"}


def retrain(tmp_path: Path, sessions: Path) -> None:
    recipe = tmp_path / "retrained.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    arguments = ["--data-root", str(sessions), "--run-dir", str(tmp_path / "run"), "--epochs", "2"]
    assert offline_main(["finetune", str(recipe), *arguments]) == 0
    windows = json.loads((tmp_path / "run" / "windows.json").read_text(encoding="utf-8"))
    assert set(windows["by_class"]) == {"negative", "positive"} and min(windows["by_class"].values()) > 10
    assert windows["data_set"]["simulated"] and list(windows["baseline_frames"]) == ["ada"]
    assert list((tmp_path / "run" / "checkpoints").glob("finetune*"))


@pytest.mark.slow
@pytest.mark.lsl
@pytest.mark.gui
@pytest.mark.timeout(400)
def test_a_sitting_goes_from_calibration_to_a_personal_model_in_live_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    application = make_application()
    picture(tmp_path / "sun.png", "#ffc93c")
    picture(tmp_path / "rain.png", "#4f6fa0")
    long, short = tmp_path / "long.toml", tmp_path / "short.toml"
    long.write_text(CALIBRATION, encoding="utf-8")
    short.write_text(PROTOCOL, encoding="utf-8")
    sessions, own = tmp_path / "sessions", tmp_path / "ada.onnx"
    simulated = ["--model", "emotion-simulated", "--simulated", "--seed", "3"]

    # calibrate
    record = ["--record", str(sessions / "sub-ada" / "ses-calibration")]
    status = main(["calibrate", *simulated, "--headless", "--protocol", str(long), "--out", str(own), "--json", *record])
    calibration = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 0 and calibration["accepted"] and calibration["n_blocks"] == 8, calibration
    assert calibration["held_out"][1] > 0.5

    # the same from the recording, bit for bit
    (recording,) = (sessions / "sub-ada").rglob("*.xdf")
    again = tmp_path / "again.onnx"
    assert main(["calibrate", str(recording), "--model", "emotion-simulated", "--out", str(again)]) == 0
    assert load_bundle(again).manifest.graph_sha256 == load_bundle(own).manifest.graph_sha256

    # run a protocol with two kinds of stimuli and ratings, in a window, with the personal model
    finger = Finger()
    with_own = ["--model", str(own), "--simulated", "--seed", "3"]
    status = main(["experiment", str(short), *with_own, "--subject", "ada", "--sessions", str(sessions), "--windowed"])
    finger.timer.stop()
    application.processEvents()
    assert status == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    (events,) = folder.glob("*_events.tsv")
    presented = [row for row in rows(events) if row["trial_type"] != "rest"]
    assert sorted(row["stimulus"] for row in presented) == ["joy#1", "rain#1", "sorrow#1", "sun#1"]
    assert all(abs(float(row["duration"]) - 6.0) < 0.2 for row in presented)
    (ratings,) = folder.glob("*_beh.tsv")
    assert len(rows(ratings)) == 2 * 2 + 2 and {row["rating"] for row in rows(ratings)} == {"7"}

    # report
    assert main(["report", str(folder)]) == 0
    check_report(Path(capsys.readouterr().out.splitlines()[-1]))

    # retrain on both sessions, without conversion
    retrain(tmp_path, sessions)
    capsys.readouterr()

    # the personal model, live
    assert main(["demo", "--model", str(own), "--seed", "3", "--headless", "--json", "--seconds", "8"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    given = [line for line in lines if line["type"] == "prediction" and line["withheld"] is None]
    assert given and all(set(line["probabilities"]) == {"negative", "positive"} for line in given)
    assert lines[-1]["model"] == "ada"

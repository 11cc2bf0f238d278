"""Two people at once: two headsets in processes of their own, two models, one recording."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.simulated_headset import SimulatedHeadset
from app.cli import main
from app.session.recorded_session import read_session, read_sessions
from sclcm_core.errors import RecordingError
from sclcm_core.recordings.read import list_trials, read_recording

MODELS = ("emotion-simulated", "words-simulated")
pytestmark = pytest.mark.slow

PEOPLE = ["--person", "ada", "--person", "bo", "--model", MODELS[0], "--model", MODELS[1]]


def streams(*headsets: SimulatedHeadset) -> list[str]:
    return [argument for headset in headsets for argument in ("--stream", f"id:{headset.source_id}")]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict], tuple[str, str]]:
    """One recording of two headsets, the lines that were written meanwhile, and the headsets' source ids."""
    folder = tmp_path_factory.mktemp("pair")
    out = folder / "out.jsonl"
    with SimulatedHeadset("headset A", seed=1) as one, SimulatedHeadset("headset B", seed=2) as other:
        arguments = ["live", *streams(one, other), *PEOPLE, "--headless", "--json", "--seconds", "4", "--record", str(folder)]
        with pytest.MonkeyPatch.context() as patch, out.open("w") as stdout:
            patch.setattr(sys, "stdout", stdout)
            assert main(arguments) == 0
    (path,) = folder.glob("**/*.xdf")
    return path, [json.loads(line) for line in out.read_text().splitlines()], (one.source_id, other.source_id)


@pytest.mark.lsl
def test_one_recording_holds_both_people_each_with_a_model_of_their_own(recorded) -> None:
    path, lines, source_ids = recorded
    ada, bo = read_sessions(path)
    assert (ada.header.person, bo.header.person) == ("ada", "bo")
    assert (ada.header.source_id, bo.header.source_id) == source_ids
    assert (ada.header.model, bo.header.model) == MODELS and ada.header.model_sha256 != bo.header.model_sha256
    assert bo.header.settings["model"] == "words-simulated" and bo.header.settings["stream"] == f"id:{source_ids[1]}"
    assert len(ada.samples) == len(bo.samples) == 1000 and ada.samples.tobytes() != bo.samples.tobytes()
    assert abs(ada.t_first - bo.t_first) < 3.0  # one clock
    for person in ("ada", "bo"):
        assert sum(line["type"] == "summary" and line["person"] == person for line in lines) == 1


@pytest.mark.lsl
def test_a_rerun_gives_each_persons_predictions_again(recorded, capsys) -> None:
    assert main(["rerun", str(recorded[0]), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ends = [line for line in lines if line["type"] == "summary"]
    assert [(line["person"], line["model"], line["is_exact"]) for line in ends] == [
        ("ada", MODELS[0], True),
        ("bo", MODELS[1], True),
    ]
    assert all(line["n_recorded"] == line["n_equal"] > 10 for line in ends)


@pytest.mark.lsl
def test_whoever_reads_one_recording_of_two_people_says_whose(recorded, capsys) -> None:
    path = recorded[0]
    with pytest.raises(RecordingError, match=r"2 sessions of 2 people. Say with --person whose: ada, bo"):
        read_session(path)
    with pytest.raises(RecordingError, match="no session of 'eve'"):
        read_session(path, "eve")
    assert list_trials(path) == ("ada", "bo")
    recording = read_recording(path, trial="bo")
    assert recording.samples.shape == (1000, 8) and recording.simulated
    assert main(["replay", str(path), "--headless", "--speed", "max", "--model", MODELS[0]]) == 2
    assert "2 sessions of 2 people" in capsys.readouterr().err


@pytest.mark.lsl
def test_a_report_is_made_for_each_person(recorded, tmp_path: Path, capsys) -> None:
    assert main(["report", str(recorded[0]), "--out", str(tmp_path / "report")]) == 0
    pages = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [page.parent.name for page in pages] == ["report-ada", "report-bo"]
    assert ": ada" in pages[0].read_text() and ": bo" in pages[1].read_text()


@pytest.mark.lsl
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_it_leaves_both_people_but_for_the_last_second(tmp_path: Path) -> None:
    with SimulatedHeadset("headset A", seed=1) as one, SimulatedHeadset("headset B", seed=2) as other:
        command = [sys.executable, "-m", "app.cli", "live", *streams(one, other), *PEOPLE, "--headless", "--json"]
        with subprocess.Popen([*command, "--record", str(tmp_path)], text=True, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            n_seen = {"ada": 0, "bo": 0}
            while min(n_seen.values()) < 12:
                n_seen[json.loads(process.stdout.readline())["person"]] += 1
            process.send_signal(signal.SIGKILL)
    (path,) = tmp_path.glob("*.xdf")
    ada, bo = read_sessions(path)
    assert len(ada.samples) > 250 and len(bo.samples) > 250
    assert len(ada.predictions) >= 6 and len(bo.predictions) >= 6


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--stream", "A"], "Name two or more different streams"),
        (["--stream", "A", "--stream", "A"], "Name two or more"),
        (["--stream", "A", "--stream", "B", "--osc", "localhost:9000"], "tells of one person"),
        (["--stream", "A", "--stream", "B", "--compare", MODELS[1]], "tells of one person"),
        (["--stream", "A", "--stream", "B", "--baseline", "rest.edf"], "'rest.edf' is one person's"),
        (["--stream", "A", "--stream", "B", "--person", "ada"], "a name of their own"),
        (["--stream", "A", "--stream", "B", "--person", "ada", "--person", "ada"], "a name of their own"),
        (["--stream", "A", "--stream", "B", "--model", MODELS[1], "--model", MODELS[1]], "3 times for 2 streams"),
        (["--model", MODELS[1]], "take --compare"),
        (["--person", "ada"], "Give --stream once for each"),
    ],
)
def test_what_several_people_cannot_share_is_refused_before_anything_is_started(extra: list[str], said: str, capsys) -> None:
    assert main(["live", "--headless", "--model", "emotion-simulated", *extra]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.lsl
@pytest.mark.slow
def test_when_ones_headset_comes_back_changed_the_other_loses_nothing_and_every_part_can_be_run_again(
    tmp_path: Path, capsys
) -> None:
    with SimulatedHeadset("headset A", seed=1) as one, SimulatedHeadset("headset B", seed=2) as other:
        command = [sys.executable, "-m", "app.cli", "live", *streams(one, other), *PEOPLE, "--headless", "--json"]
        with subprocess.Popen(
            [*command, "--record", str(tmp_path)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            until_answers(process, "bo", 8)
            other.kill()
            changed = ("--channels=Cz,T8,T7", "--sfreq=500")
            with SimulatedHeadset("headset B", other.source_id, seed=2, extra=changed):
                until_answers(process, "bo", 8)
                process.send_signal(signal.SIGINT)
                _, complaints = process.communicate(timeout=10)
    assert process.returncode == 0 and "came back with 3 channels instead of 8 and 500 Hz instead of 250 Hz" in complaints
    (path,) = tmp_path.glob("*.xdf")
    ada, *parts = read_sessions(path)
    assert ada.n_lost == 0 and np.ptp(np.diff(ada.timestamps)) < 1e-3, "nothing of the other person is touched"
    assert [(p.header.who, p.header.sfreq, len(p.header.ch_names)) for p in parts] == [
        ("bo", 250.0, 8),
        ("bo, part 2", 500.0, 3),
    ]
    assert parts[0].t_last < parts[1].t_first and all(len(p.predictions) >= 8 for p in parts)
    assert main(["rerun", str(path)]) == 0
    assert list_trials(path) == ("ada", "bo", "bo, part 2")
    assert main(["replay", str(path), "--headless", "--speed", "max", "--model", MODELS[0]]) == 2
    assert "3 sessions of 2 people" in capsys.readouterr().err


def until_answers(process: subprocess.Popen[str], person: str, n_answers: int) -> None:
    """Read lines until a person has got answers."""
    assert process.stdout is not None
    for line in process.stdout:
        n_answers -= json.loads(line)["person"] == person
        if n_answers == 0:
            return

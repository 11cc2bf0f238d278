import json
from pathlib import Path

import pytest

from app.cli import main
from app.session.recorder import Recorder
from app.session.session import Session, SessionSettings
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from tests.app.session.array_source import ArraySource
from tests.app.sitting import sitting
from tests.tiny_bundle import write_bundle


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    models = tmp_path / "config" / "sclcm-live" / "models"
    models.mkdir(parents=True)
    return write_bundle(models)


def recorded(model: Path, folder: Path, difference: float) -> Path:
    samples, markers = sitting(difference)
    session = Session(ArraySource(samples, markers=markers), load_bundle(model), SessionSettings(policy=WindowPolicy.EVERY))
    with Recorder(session, folder) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    return recorder.status.path


def test_recordings_that_lie_together_have_a_report_each(model: Path, tmp_path: Path, capsys) -> None:
    paths = [recorded(model, tmp_path / "rec", 1.8) for _ in range(2)]
    for path in paths:
        assert main(["report", str(path)]) == 0
    pages = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [page.parent.name for page in pages] == [f"report-{path.stem}" for path in paths] and all(p.is_file() for p in pages)


def test_a_recorded_session_makes_a_personal_model_that_leads_back(model: Path, tmp_path: Path, capsys, caplog) -> None:
    path = recorded(model, tmp_path / "rec", 1.8)
    assert main(["calibrate", str(path), "--model", "tiny", "--as", "ada"]) == 0
    said = capsys.readouterr().out
    assert "on held-out blocks" in said and "Use it with --model ada" in said
    at_full_speed = ["replay", str(path), "--headless", "--speed", "max", "--model"]
    for name, is_own in (("ada", True), ("tiny", False)):
        caplog.clear()
        assert main([*at_full_speed, name]) == 0
        assert ("says nothing of how well it does elsewhere" in caplog.text) is is_own
    capsys.readouterr()
    assert main(["calibrate", "--model", "ada", "--undo"]) == 0
    assert "was made from 'tiny'" in capsys.readouterr().out
    assert main(["calibrate", str(path), "--model", "ada", "--as", "twice"]) == 2
    assert "Calibrate 'tiny' again instead" in capsys.readouterr().err
    assert main(["calibrate", str(path), "--model", "tiny", "--as", "ada"]) == 2
    assert "There is a bundle" in capsys.readouterr().err


def test_what_is_not_better_than_chance_is_said_and_not_written(model: Path, tmp_path: Path, capsys) -> None:
    path = recorded(model, tmp_path / "rec", 1.0)
    assert main(["calibrate", str(path), "--model", "tiny", "--out", str(tmp_path / "x.onnx"), "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert not facts["accepted"] and facts["path"] is None and not (tmp_path / "x.onnx").exists()
    assert any("not applied" in sentence for sentence in facts["sentences"])


def test_another_programs_protocol_needs_an_end(model: Path, tmp_path: Path, capsys) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('[labels]\n"a" = "loud"\n', encoding="utf-8")
    assert main(["calibrate", "--model", "tiny", "--mapping", str(mapping), "--as", "x"]) == 2
    assert "Add --seconds" in capsys.readouterr().err


def test_sessions_are_listed_and_deleted_by_name(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "sub-07" / "ses-1"
    folder.mkdir(parents=True)
    (folder / "session.json").write_text('{"subject": "07", "session": "1", "task": "moods"}')
    assert main(["sessions", "list", "--sessions", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("sub-07/ses-1  moods")
    assert main(["sessions", "--sessions", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("sub-07/ses-1  moods"), "listing is what is meant when nothing is said"
    assert main(["sessions", "delete", "--sessions", str(tmp_path)]) == 2
    assert main(["sessions", "delete", "ses-1", "--sessions", str(tmp_path)]) == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    ("labels", "repeats", "said"),
    [(("calm", "calm"), 3, "presents only one class"), (("calm", "tense"), 1, "the class 'calm' in 1 block")],
)
def test_a_protocol_that_cannot_calibrate_is_refused_before_anybody_sits_through_it(
    model: Path, tmp_path: Path, capsys, labels: tuple[str, str], repeats: int, said: str
) -> None:
    text = f'name = "p"\n[[blocks]]\nname = "b"\nrepeats = {repeats}\nstimuli = ["s0", "s1"]\n'
    for number, label in enumerate(labels):
        text += f'[[stimuli]]\nname = "s{number}"\nlabel = "{label}"\ntext = "x"\nduration_s = 5.0\n'
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert main(["calibrate", "--model", str(model), "--protocol", str(path), "--simulated", "--headless"]) == 2
    err = capsys.readouterr().err
    assert said in err and "--rest-only" in err


def test_no_sessions_are_told_of_and_leave_the_output_empty(tmp_path: Path, capsys) -> None:
    assert main(["sessions", "list", "--sessions", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert not out and "There are no sessions" in err


def test_a_session_that_never_began_leaves_no_folder(model: Path, tmp_path: Path, capsys) -> None:
    protocol = tmp_path / "p.toml"
    protocol.write_text('name = "p"\nrest_s = 2.0\n')
    sessions = tmp_path / "sessions"
    arguments = [
        "experiment",
        str(protocol),
        "--model",
        str(model),
        "--headless",
        "--name",
        "no such stream",
        "--timeout",
        "0.3",
    ]
    assert main([*arguments, "--sessions", str(sessions)]) == 2
    assert not list(sessions.rglob("*.json"))


def test_rest_alone_is_taken_from_a_recording_too(model: Path, tmp_path: Path) -> None:
    path = recorded(model, tmp_path / "rec", 1.8)
    out = tmp_path / "rest.onnx"
    status = main(["calibrate", str(path), "--model", str(model), "--rest-only", "--out", str(out)])
    assert status == 0 and load_bundle(out).manifest.calibration[-1].kind == "baseline"


def test_a_mapping_that_fits_no_marker_is_told_with_what_was_heard(model: Path, tmp_path: Path, capsys) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('[labels]\n"S 1" = "calm"\n')
    assert (
        main(["calibrate", str(recorded(model, tmp_path / "rec", 1.8)), "--model", str(model), "--mapping", str(mapping)]) == 2
    )
    err = capsys.readouterr().err
    assert "None of the mapping's markers ('S 1') was heard; there were: 'rest/eyes-open'" in err

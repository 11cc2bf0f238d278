"""The commands as a user types them, each in a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.acquisition.faults import KINDS
from app.cli import main
from sclcm_core.recordings import Recording, read_recording, write_npz
from tests.tiny_bundle import FeatureSpec, write_bundle

MINUTE = "samples/eegmmidb_S001R03_19ch_160Hz_60s"
ISOLATED = json.dumps({"session_id": f"pytest-{uuid.uuid4().hex[:8]}", "resolve_scope": "machine"})


def sclcm(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command; never for longer than a minute."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *map(str, arguments)],
        check=False, capture_output=True, text=True, timeout=60, env={**os.environ, "SCLCM_LSL": ISOLATED, **environment},
    )  # fmt: skip


def here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, for what needs no process of its own."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(map(str, arguments)))
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the JSON lines of a successful run; anything else on stdout fails."""
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def answers(lines: list[dict[str, Any]]) -> list[Any]:
    """What the predictions say, without times."""
    return [(p["label"], p["probabilities"], p["withheld"]) for p in lines if p["type"] == "prediction"]


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the message of a run that refused; it must be one line, not a traceback."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == "" and "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("tiny"), FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0))


@pytest.mark.lsl
def test_the_demo_predicts_over_real_lsl_and_agrees_with_its_markers() -> None:
    *predictions, summary = records(sclcm("demo", "--headless", "--json", "--seconds", "6", "--seed", "2"))
    assert summary["type"] == "summary" and summary["model"] == "emotion-simulated"
    assert (summary["n_samples"], summary["n_lost"], summary["sfreq"]) == (1500, 0, 250.0)
    assert {"T7", "T8"} <= set(summary["ch_names"])
    assert summary["n_predictions"] == len(predictions) > summary["n_withheld"]
    assert summary["truth"]["n_compared"] > 0


@pytest.mark.data
def test_a_replay_at_full_speed_is_the_same_at_every_run(tiny: Path, data_dir: Path) -> None:
    command = ("replay", data_dir / f"{MINUTE}.edf", "--model", tiny, "--speed", "max", "--headless", "--json")
    first, second = records(sclcm(*command)), records(here(*command))
    assert answers(first) == answers(second) and len(first) == 119
    assert first[-1]["n_skipped"] == 0 and first[-1]["n_samples"] == 9600


@pytest.mark.data
@pytest.mark.lsl
def test_a_replay_through_lsl_predicts_what_the_file_predicts(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    minute, path, n = read_recording(data_dir / f"{MINUTE}.edf"), tmp_path / "cut.npz", 20 * 160
    write_npz(path, Recording(minute.spec, minute.samples[:n], minute.timestamps[:n], (), path))
    command = ("replay", path, "--model", tiny, "--speed", "max", "--headless", "--json")
    direct, over_lsl = records(here(*command)), records(here(*command, "--via-lsl"))
    assert answers(direct) == answers(over_lsl)
    assert over_lsl[-1]["n_lost"] == 0 and over_lsl[-1]["ch_names"] == direct[-1]["ch_names"]


@pytest.mark.data
@pytest.mark.parametrize("suffix", [".bdf", ".vhdr", ".set", ".xdf", "_raw.fif"])
def test_every_format_gives_the_same_predictions(tiny: Path, data_dir: Path, suffix: str) -> None:
    command = ("--model", tiny, "--speed", "max", "--headless", "--json")
    edf, other = (answers(records(here("replay", data_dir / f"{MINUTE}{s}", *command))) for s in (".edf", suffix))
    assert [(label, withheld) for label, _, withheld in edf] == [(label, withheld) for label, _, withheld in other]
    for (_, ours, _), (_, theirs, _) in zip(edf, other, strict=True):
        assert all(a == b or abs(a - b) < 2e-3 for a, b in zip(ours.values(), theirs.values(), strict=True))


@pytest.mark.data
def test_a_baseline_comes_from_a_file_or_from_the_start_of_the_stream(tiny: Path, data_dir: Path) -> None:
    recording = data_dir / f"{MINUTE}.edf"
    command = ("replay", recording, "--model", tiny, "--speed", "max", "--headless", "--json")
    without, from_file, from_start = (
        answers(records(here(*command, *extra))) for extra in ((), ("--baseline", recording), ("--baseline", "20"))
    )
    assert from_file[-1] != without[-1] and len(from_file) == len(without)
    assert from_start[0][2] == "taking your baseline: 0 of 20 s" and from_start[-1][2] is None


def test_a_missing_file_is_named(tiny: Path) -> None:
    assert "'gone.edf' does not exist" in complaint(here("replay", "gone.edf", "--model", tiny, "--headless"))


def test_text_called_edf_is_refused(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.edf"
    path.write_text("Dear diary, today I measured nothing.\n" * 50)
    assert "notes.edf" in complaint(here("replay", path, "--model", tiny, "--headless"))


@pytest.mark.data
def test_a_truncated_edf_is_refused(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "cut.edf"
    path.write_bytes((data_dir / f"{MINUTE}.edf").read_bytes()[:200_000])
    assert "cut short" in complaint(here("replay", path, "--model", tiny, "--headless"))


@pytest.mark.data
def test_a_truncated_xdf_is_read_as_far_as_it_goes(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "cut.xdf"
    path.write_bytes((data_dir / f"{MINUTE}.xdf").read_bytes()[:-100_000])
    done = sclcm("replay", path, "--model", tiny, "--headless", "--json", "--speed", "max")
    assert 0 < records(done)[-1]["n_samples"] < 9600
    assert "cut.xdf" in done.stderr


@pytest.mark.data
def test_a_recording_without_the_models_channels_is_refused_with_its_own(tiny: Path, data_dir: Path) -> None:
    path = data_dir / "samples/REAL_muse2016_256Hz_120s_markers.csv"
    text = complaint(here("replay", path, "--model", tiny, "--headless"))
    assert "T7, T8" in text and "TP9" in text and "sclcm models" in text


@pytest.mark.data
def test_a_recording_with_t7_but_without_t8_is_refused(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    from sclcm_core.recordings import write_npz
    from sclcm_core.recordings.recording import Recording
    from sclcm_core.types import StreamSpec

    samples = np.random.default_rng(0).normal(0, 20, (2560, 2)).astype(np.float32)
    recording = Recording(
        StreamSpec(128.0, ("T7", "O1"), origin="replay"), samples, np.arange(2560) / 128, (), tmp_path / "one.npz"
    )
    write_npz(tmp_path / "one.npz", recording)
    text = complaint(here("replay", tmp_path / "one.npz", "--model", tiny, "--headless"))
    assert "T8" in text and "O1" in text


@pytest.mark.data
def test_a_rate_too_low_for_the_model_is_refused(tiny: Path, tmp_path: Path) -> None:
    from sclcm_core.recordings import write_npz
    from sclcm_core.recordings.recording import Recording
    from sclcm_core.types import StreamSpec

    samples = np.random.default_rng(0).normal(0, 20, (640, 2)).astype(np.float32)
    recording = Recording(
        StreamSpec(64.0, ("T7", "T8"), origin="replay"), samples, np.arange(640) / 64, (), tmp_path / "slow.npz"
    )
    write_npz(tmp_path / "slow.npz", recording)
    assert "64 Hz" in complaint(here("replay", tmp_path / "slow.npz", "--model", tiny, "--headless"))


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    assert "Did you mean 'emotion-simulated'?" in complaint(here("demo", "--model", "emotion-simulate", "--headless"))


def test_a_model_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fake.onnx"
    path.write_bytes(b"hello")
    assert "not an ONNX network" in complaint(here("demo", "--model", path, "--headless"))


@pytest.mark.lsl
def test_no_stream_within_the_time_is_said(tiny: Path) -> None:
    assert "No EEG stream was found" in complaint(sclcm("live", "--timeout", "1", "--model", tiny, "--headless"))


def test_json_needs_headless(tiny: Path) -> None:
    assert "--headless" in complaint(here("demo", "--json", "--model", tiny))


def test_keeping_no_eeg_needs_a_recording(tiny: Path) -> None:
    assert "'--no-raw' needs '--record'" in complaint(here("demo", "--headless", "--no-raw", "--model", tiny))


@pytest.mark.parametrize(("command", "pace"), [("play", "100"), ("play", "max"), ("replay", "0.01"), ("replay", "nan")])
def test_a_pace_that_no_replay_has_is_refused(command: str, pace: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "walk.edf", "--speed", pace])
    assert left.value.code == 2 and f"'{pace}' is no number from 0.25 to 20" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["x", "-1", "0", "nan", "inf", ""])
@pytest.mark.parametrize("option", ["--seconds", "--risk", "--scale"])
def test_what_is_no_number_is_refused_in_words(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["replay", "walk.edf", f"{option}={text}"])
    said = capsys.readouterr().err
    assert left.value.code == 2 and f"'{text}' is not " in said and "_" not in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(13, "Permission denied", "models/a.onnx"),
            "'models/a.onnx' cannot be read or written (Permission denied).",
        ),
        (OSError(28, "No space left on device"), "The disk is full"),
    ],
)
def test_what_the_disk_refuses_is_told_in_a_line(error: OSError, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.main.run_models", lambda _: (_ for _ in ()).throw(error))
    assert complaint(here("models")).startswith(f"sclcm: {said}")


def test_other_errors_of_the_system_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.main.run_models", lambda _: (_ for _ in ()).throw(OSError(5, "what no file is about")))
    with pytest.raises(OSError, match="what no file is about"):
        here("models")


def test_the_help_names_every_fault_that_can_be_ordered(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["play", "--help"])
    assert set(KINDS) <= set(re.findall(r"[a-z]+", capsys.readouterr().out))


@pytest.mark.skipif(sys.platform != "linux", reason="only X11 and Wayland can be absent")
def test_without_a_display_the_remedy_is_named(tiny: Path) -> None:
    empty = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    assert "--headless" in complaint(sclcm("demo", "--model", tiny, **empty))


def test_the_models_are_listed_with_their_data_and_figures() -> None:
    by_name = {record["name"]: record for record in records(here("models", "--json"))}
    emotion, workload = by_name["emotion-simulated"], by_name["workload-eegmat"]
    assert emotion["simulated"] and not workload["simulated"]
    assert (emotion["target"], workload["target"]) == ("emotion", "workload")
    assert workload["class_names"] == ["rest", "mental arithmetic"]
    for record in (emotion, workload):
        interval = record["evaluation"]["balanced_accuracy"]
        assert interval["low"] <= interval["value"] <= interval["high"]
    table = here("models")
    assert table.returncode == 0 and "SIMULATED" in table.stdout


@pytest.mark.lsl
def test_a_stream_is_listed_with_how_it_fits(tiny: Path) -> None:
    headset = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "simulate", "--name", "Helmet", "--source-id", "helmet-1", "--seconds", "30"],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SCLCM_LSL": ISOLATED},
    )  # fmt: skip
    try:
        assert headset.stderr is not None and "is on the network" in headset.stderr.readline()
        found = records(sclcm("streams", "--json", "--model", tiny, "--seconds", "1"))
        stream = next(record for record in found if record["source_id"] == "helmet-1")
        assert stream["name"] == "Helmet" and stream["sfreq"] == 250.0 and stream["usable"]
        assert "resampled from 250 to 128 Hz" in stream["models"]["tiny"]["match"]
        *_, summary = records(sclcm("live", "--name", "Helmet", "--model", tiny, "--headless", "--json", "--seconds", "1"))
        assert summary["n_samples"] == 250
    finally:
        headset.terminate()
        headset.communicate()


@pytest.mark.parametrize("command", ["", "demo", "live", "replay", "streams", "models", "simulate"])
def test_every_command_has_help_that_teaches(command: str) -> None:
    done = sclcm(*command.split(), "--help")
    assert done.returncode == 0 and len(done.stdout) > 300


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "torch", "mne", "PyQt5", "scipy")
    code = f"import sys, app.cli; app.cli.build_parser(); print([m for m in sys.modules if m in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_live_path_imports_neither_torch_nor_mne() -> None:
    code = (
        "import sys, app.main, app.session.session, app.acquisition.served_inlet, app.headless, app.baseline, app.gui.main_window;"
        "print([m for m in ('torch', 'mne', 'pyxdf', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_two_script_names_are_installed() -> None:
    for name in ("sclcm", "sclcm-offline"):
        assert shutil.which(name, path=str(Path(sys.executable).parent)), f"{name} is not beside the interpreter"


@pytest.mark.data
def test_two_models_are_compared_on_every_window_of_a_recording(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    other = write_bundle(tmp_path, FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0), name="other", temperature=3.0)
    command = ("replay", data_dir / f"{MINUTE}.edf", "--model", tiny, "--speed", "max", "--headless", "--json")
    alone, both = records(here(*command)), records(here(*command, "--compare", other))
    assert answers(both) == answers(alone)
    theirs = [line for line in both if line["type"] == "rival_prediction"]
    assert [p["t_end"] for p in theirs] == [p["t_end"] for p in alone[:-1]]
    found = both[-1]["compare"]
    assert found["n_compared"] == found["n_agreed"] == sum(p["withheld"] is None for p in theirs)
    assert (found["second"]["model"], found["second"]["n_skipped"], found["trouble"]) == ("other", 0, None)


@pytest.mark.data
def test_a_model_is_not_compared_with_itself_nor_with_one_that_does_not_fit(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    command = ("replay", data_dir / f"{MINUTE}.edf", "--model", tiny, "--speed", "max", "--headless", "--compare")
    assert "is the same model" in complaint(here(*command, tiny))
    misfit = write_bundle(tmp_path, FeatureSpec(ch_names=("AF7",), sfreq=128.0))
    assert "AF7" in complaint(here(*command, misfit))

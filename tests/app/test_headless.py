import io
import json
from pathlib import Path

import numpy as np
import pytest

from app.headless import run_headless
from app.session.recorder import Recorder
from app.session.session import Session, SessionSettings
from sclcm_core.errors import MatchError
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle


def session(tmp_path: Path, **source: object) -> Session:
    samples = np.random.default_rng(0).standard_normal((1280, 2)).cumsum(axis=0)
    settings = SessionSettings(policy=WindowPolicy.EVERY)
    return Session(ArraySource(samples, **source), load_bundle(write_bundle(tmp_path)), settings)  # type: ignore[arg-type]


def test_json_lines_are_predictions_and_one_summary(tmp_path: Path) -> None:
    out = io.StringIO()
    run_headless(session(tmp_path), out, as_json=True)
    *predictions, summary = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(predictions) == summary["n_predictions"] == 19
    for record in predictions:
        assert set(record) == {"type", "t_end", "label", "probabilities", "latency_ms", "withheld", "typicality"}
        assert record["type"] == "prediction"
    assert predictions[0]["label"] is None and predictions[0]["probabilities"] == {"loud": None, "quiet": None}
    assert predictions[-1]["label"] in ("loud", "quiet")
    assert sum(predictions[-1]["probabilities"].values()) == pytest.approx(1.0)
    keys = "type n_predictions n_withheld n_samples n_lost n_skipped latency_ms sfreq ch_names model truth"
    assert set(summary) == set(keys.split())
    assert summary["type"] == "summary" and set(summary["latency_ms"]) == {"p50", "p99"}
    assert (summary["n_samples"], summary["sfreq"], summary["ch_names"]) == (1280, 128.0, ["T7", "T8"])


def test_words_are_for_people(tmp_path: Path) -> None:
    out = io.StringIO()
    run_headless(session(tmp_path), out, as_json=False)
    text = out.getvalue()
    assert "withheld: filling the first window" in text
    assert "19 predictions by tiny, 3 of them withheld; 1280 samples, 0 lost; 0 windows skipped." in text


@pytest.mark.parametrize("as_json", [False, True])
def test_it_says_where_a_session_was_recorded(tmp_path: Path, as_json: bool) -> None:
    out, recorded = io.StringIO(), session(tmp_path)
    with Recorder(recorded, tmp_path / "kept") as recorder:
        run_headless(recorded, out, as_json=as_json)
    (path,) = (tmp_path / "kept").iterdir()
    assert recorder.status.path == path
    last = out.getvalue().splitlines()[-1]
    assert json.loads(last)["recorded_in"] == [str(path)] if as_json else last == f"Recorded in '{path}'."


def test_a_failed_session_raises_what_failed(tmp_path: Path) -> None:
    with pytest.raises(MatchError, match="T8"):
        run_headless(session(tmp_path, ch_names=("T7", "O2")), io.StringIO(), as_json=True)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_baseline_that_was_never_finished_is_told_at_the_end_with_the_remedy(tmp_path: Path, as_json: bool) -> None:
    out, resting = io.StringIO(), session(tmp_path)
    resting.settings = SessionSettings(policy=WindowPolicy.EVERY, baseline_s=60.0)
    run_headless(resting, out, as_json=as_json)
    if as_json:
        summary = json.loads(out.getvalue().splitlines()[-1])
        assert summary["n_withheld"] == summary["n_predictions"] == 19
        assert summary["unfinished_baseline"] == {"taken_s": 9.5, "needed_s": 60.0}
    else:
        assert (
            "The baseline was not finished: 9.5 of 60 s of good rest, and so every window was withheld. Give a"
            in out.getvalue()
        )


def test_a_recording_that_is_shorter_than_a_window_is_told_of(tmp_path: Path) -> None:
    out = io.StringIO()
    samples = np.ones((40, 2))
    short = Session(ArraySource(samples), load_bundle(write_bundle(tmp_path)), SessionSettings(policy=WindowPolicy.EVERY))
    run_headless(short, out, as_json=False)
    assert "That was 0.3 s of signal; the model looks at 2.5 s." in out.getvalue()

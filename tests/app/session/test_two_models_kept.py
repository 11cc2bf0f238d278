"""What becomes of a second model's answers: in the recording, on the network, on stdout."""

import io
import json
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.headless import run_headless
from app.session.recorded_session import read_session
from app.session.recorder import Recorder
from app.session.rerun import compare, predict_again
from app.session.rival import Rival
from app.session.rival_broadcast import RivalBroadcast
from app.session.session import Session, SessionSettings
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Marker, Prediction
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="module")
def colder(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("colder"), name="colder", temperature=0.5))


def eeg(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.standard_normal((int(seconds * 128), 2)).cumsum(axis=0).astype(np.float32)


def two_models(source: ArraySource, bundle: Bundle, rival: Bundle) -> Session:
    return Session(source, bundle, EVERY, Rival(rival, bundle.manifest, EVERY))


def test_both_models_answers_are_recorded_and_the_session_can_be_run_again(
    bundle: Bundle, colder: Bundle, tmp_path: Path
) -> None:
    session = two_models(ArraySource(eeg(12)), bundle, colder)
    theirs: list[Prediction] = []
    session.on_rival_prediction.append(theirs.append)
    with Recorder(session, tmp_path) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    found = read_session(recorder.status.path)
    assert found.header.rival is not None and found.header.rival.model == "colder"
    assert found.header.rival.model_sha256 == colder.sha256
    assert [(p.index, p.t_end, p.withheld) for p in found.rival_predictions] == [(p.index, p.t_end, p.withheld) for p in theirs]
    for recorded, made in zip(found.rival_predictions, theirs, strict=True):
        np.testing.assert_array_equal(recorded.probabilities, made.probabilities)
    again = predict_again(found, bundle)
    assert compare(found, again, bundle).is_exact


def test_without_a_second_model_the_recording_says_nothing_of_one(bundle: Bundle, tmp_path: Path) -> None:
    session = Session(ArraySource(eeg(5)), bundle, EVERY)
    with Recorder(session, tmp_path) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    found = read_session(recorder.status.path)
    assert found.header.rival is None and found.rival_predictions == ()
    assert b"rival predictions" not in recorder.status.path.read_bytes()


@pytest.mark.lsl
def test_the_second_models_answers_are_a_stream_of_their_own(bundle: Bundle, colder: Bundle) -> None:
    from app.acquisition.lsl_network import list_streams
    from app.acquisition.rival_outlet import RIVAL_NAME

    source = ArraySource(eeg(4), realtime=True, endless=True)
    source._spec = replace(source._spec, source_id=f"pytest-{uuid.uuid4().hex[:8]}")
    session = two_models(source, bundle, colder)
    broadcast = RivalBroadcast(session)
    session.start()
    try:
        found = [s for s in list_streams(1.0) if s.name == RIVAL_NAME and source._spec.source_id in s.source_id]
    finally:
        session.stop()
        broadcast.close()
    assert [stream.labels for stream in found] == [("loud", "quiet")]


def test_a_replay_off_the_clock_is_not_on_the_network(bundle: Bundle, colder: Bundle) -> None:
    session = two_models(ArraySource(eeg(4)), bundle, colder)
    broadcast = RivalBroadcast(session)
    session.start()
    assert session.wait(20)
    session.stop()
    assert broadcast._outlet is None


def test_headless_writes_both_models_and_how_they_agree(bundle: Bundle, colder: Bundle) -> None:
    out = io.StringIO()
    run_headless(two_models(ArraySource(eeg(12), markers=[Marker(0.0, "loud")]), bundle, colder), out, as_json=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds.count("prediction") == kinds.count("rival_prediction") == 23
    found = lines[-1]["compare"]
    assert (found["first"]["model"], found["second"]["model"]) == ("tiny", "colder")
    assert found["n_compared"] == found["n_agreed"] == 20 and found["agreement"] == 1.0
    assert 0 < found["mean_difference"] < 0.5
    assert found["first"]["truth"] == found["second"]["truth"]
    assert found["second"]["cost_ms"] > 0


def test_headless_says_it_in_words(bundle: Bundle, colder: Bundle) -> None:
    out = io.StringIO()
    run_headless(two_models(ArraySource(eeg(12)), bundle, colder), out, as_json=False)
    assert "The two models say the same of 20 of 20 windows (100.0%)" in out.getvalue()
    assert out.getvalue().count("  second: ") == 23 + 1


def test_one_model_alone_is_compared_with_nothing(bundle: Bundle) -> None:
    out = io.StringIO()
    run_headless(Session(ArraySource(eeg(5)), bundle, EVERY), out, as_json=True)
    assert "compare" not in json.loads(out.getvalue().splitlines()[-1])

import threading
import time

import numpy as np
import pytest

from app.acquisition.source import Phase
from app.session.session import Session, SessionSettings
from sclcm_core.errors import MatchError, SclcmError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import Pipeline, WindowPolicy
from sclcm_core.types import Marker, Prediction, StreamSpec
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def eeg(seconds: float, n_channels: int = 2, sfreq: float = 128.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.standard_normal((int(seconds * sfreq), n_channels)).cumsum(axis=0).astype(np.float32)


def run(session: Session) -> list[Prediction]:
    predictions: list[Prediction] = []
    session.on_prediction.append(predictions.append)
    session.start()
    assert session.wait(20)
    session.stop()
    return predictions


def test_a_session_predicts_what_the_pipeline_alone_predicts(bundle: Bundle) -> None:
    samples = eeg(20)
    ours = run(Session(ArraySource(samples, chunk=37), bundle, EVERY))
    alone = Pipeline(bundle.manifest, bundle.predictor, 128.0).advance(samples, np.arange(len(samples)) / 128.0, 0.0)
    assert [p.t_end for p in ours] == [p.t_end for p in alone]
    for a, b in zip(ours, alone, strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_a_file_is_never_overrun_however_small_the_buffer_and_slow_the_model(bundle: Bundle) -> None:
    samples = eeg(400)
    session = Session(ArraySource(samples, chunk=4000), bundle, SessionSettings(policy=WindowPolicy.EVERY, buffer_s=1.0))
    session.on_prediction.append(lambda _: time.sleep(0.0005))
    predictions = run(session)
    assert len(predictions) == (len(samples) - 128) // 64 + 1
    assert session.status.n_skipped == 0


def test_channels_are_picked_by_name_from_a_larger_stream(bundle: Bundle) -> None:
    samples = eeg(10, n_channels=4)
    session = Session(ArraySource(samples, ch_names=("O1", "EEG T4", "ECG", "EEG T3")), bundle, EVERY)
    big = run(session)
    assert session.channel_indices == (3, 1)
    small = run(Session(ArraySource(samples[:, [3, 1]]), bundle, EVERY))
    np.testing.assert_array_equal(big[-1].probabilities, small[-1].probabilities)


def test_lost_samples_are_counted_numbered_and_withhold(bundle: Bundle) -> None:
    session = Session(ArraySource(eeg(20), lost_at={1000: 30}), bundle, EVERY)
    predictions = run(session)
    status = session.status
    assert (status.n_lost, status.n_samples) == (30, 20 * 128 + 30)
    assert status.n_withheld == sum(p.withheld is not None for p in predictions) > 3
    assert any("missing" in str(p.withheld) for p in predictions)


def test_a_stream_without_the_models_channels_fails_with_the_remedy(bundle: Bundle) -> None:
    session = Session(ArraySource(eeg(5), ch_names=("T7", "O1")), bundle, EVERY)
    run(session)
    assert isinstance(session.error, MatchError) and "T8" in str(session.error)
    assert session.status.phase is Phase.FAILED
    assert session.source.closed  # type: ignore[attr-defined]


def test_an_unforeseen_error_ends_the_session_and_is_told(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    session = Session(ArraySource(eeg(2), error=ZeroDivisionError("cable on fire")), bundle, EVERY)
    run(session)
    assert "cable on fire" in str(session.error) and session.status.phase is Phase.FAILED


def test_a_failing_callback_ends_the_session_too(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    session = Session(ArraySource(eeg(10)), bundle, EVERY)
    session.on_prediction.append(lambda _: 1 / 0)
    run(session)
    assert isinstance(session.error, SclcmError) and session.status.phase is Phase.FAILED


def test_a_session_ends_after_the_seconds_it_was_given(bundle: Bundle) -> None:
    session = Session(ArraySource(eeg(60), chunk=77), bundle, SessionSettings(policy=WindowPolicy.EVERY, max_seconds=10.0))
    predictions = run(session)
    assert session.status.n_samples == 1280
    assert len(predictions) == (1280 - 128) // 64 + 1


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.1])
def test_a_session_stops_within_two_seconds_at_any_moment(bundle: Bundle, after_s: float) -> None:
    session = Session(ArraySource(eeg(30), endless=True, realtime=True), bundle)
    session.start()
    threading.Event().wait(after_s)
    started = time.monotonic()
    session.stop()
    session.stop()
    assert time.monotonic() - started < 2
    assert session.source.closed  # type: ignore[attr-defined]


def test_predictions_are_scored_against_the_markers_that_cover_their_window(bundle: Bundle) -> None:
    samples = eeg(20) * np.r_[np.full(10 * 128, 0.2), np.full(10 * 128, 3.0)][:, None].astype(np.float32)
    markers = [Marker(0.0, "quiet"), Marker(10.0, "loud"), Marker(3.0, "blink")]
    session = Session(ArraySource(samples, markers=markers), bundle, EVERY)
    predictions = run(session)
    score = session.score()
    assert score is not None and score.accuracy == 1.0
    straddling = sum(p.withheld is None and p.t_start < 10.0 < p.t_end for p in predictions)
    assert straddling > 0
    assert score.n_compared == sum(p.withheld is None for p in predictions) - straddling


def test_without_markers_there_is_no_score(bundle: Bundle) -> None:
    session = Session(ArraySource(eeg(5)), bundle, EVERY)
    run(session)
    assert session.score() is None


def test_the_status_tells_phase_counts_and_latency(bundle: Bundle) -> None:
    session = Session(ArraySource(eeg(10)), bundle, EVERY)
    phases = []
    session.on_status.append(lambda status: phases.append(status.phase))
    run(session)
    status = session.status
    assert phases == [Phase.STREAMING, Phase.ENDED] and status.is_over
    assert status.latency_p50_s is not None and 0 < status.latency_p50_s <= status.latency_p99_s < 5
    assert status.backlog_s == 0


def test_a_stream_that_returns_changed_is_planned_anew(bundle: Bundle) -> None:
    later = StreamSpec(250.0, ("EEG T4", "Cz", "EEG T3"), "array", "array-1", "replay")
    samples, other = eeg(10), eeg(10, n_channels=3, sfreq=250.0)
    session = Session(ArraySource(samples, changed_to=(later, other)), bundle, EVERY)
    predictions = run(session)
    assert session.error is None and session.spec is later and session.channel_indices == (2, 0)
    assert session.status.n_samples == 1280 + 2500
    alone = run(Session(ArraySource(other, sfreq=250.0, ch_names=later.ch_names), bundle, EVERY))
    for a, b in zip(predictions[-len(alone) :], alone, strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_the_seconds_that_were_wanted_are_counted_across_a_change(bundle: Bundle) -> None:
    later = StreamSpec(250.0, ("T7", "T8"), "array", "array-1", "replay")
    source = ArraySource(eeg(10), changed_to=(later, eeg(10, sfreq=250.0)))
    session = Session(source, bundle, SessionSettings(policy=WindowPolicy.EVERY, max_seconds=14.0))
    run(session)
    assert session.status.n_samples == 10 * 128 + 4 * 250
    assert session.status.message == "The wanted 14 s have come."


def test_a_stream_that_returns_without_the_models_channels_ends_the_session(bundle: Bundle) -> None:
    later = StreamSpec(128.0, ("O1", "O2"), "array", "array-1", "replay")
    session = Session(ArraySource(eeg(5), changed_to=(later, eeg(5))), bundle, EVERY)
    run(session)
    assert isinstance(session.error, MatchError) and session.status.phase is Phase.FAILED


def test_it_says_whose_statistics_are_used(bundle: Bundle) -> None:
    said: list[str] = []

    def run_with(settings: SessionSettings) -> str:
        session = Session(ArraySource(eeg(12)), bundle, settings)
        session.on_prediction.append(lambda _: said.append(session.status.normalised_by))
        run(session)
        return session.status.normalised_by

    own = bundle.manifest.normaliser.normaliser()
    assert run_with(EVERY) == "the population"
    assert run_with(SessionSettings(policy=WindowPolicy.EVERY, normaliser=lambda: own)) == "your recorded rest"
    assert run_with(SessionSettings(policy=WindowPolicy.EVERY, normaliser=lambda: None)) == "the population"
    said.clear()
    assert run_with(SessionSettings(policy=WindowPolicy.EVERY, baseline_s=5.0)) == "your first 5 s of rest"
    assert said[0] == "your rest, being taken"

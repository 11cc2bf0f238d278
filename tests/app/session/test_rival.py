import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.source import Phase
from app.session.rival import Rival
from app.session.session import Session, SessionSettings
from sclcm_core.errors import MatchError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Marker, Prediction, StreamSpec
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


class Turned:
    """A predictor that says the opposite, as slowly as it is told to."""

    def __init__(self, predictor: object, pause_s: float = 0.0) -> None:
        self._predictor, self._pause_s = predictor, pause_s

    def logits(self, features: np.ndarray) -> np.ndarray:
        threading.Event().wait(self._pause_s) if self._pause_s else None
        return self._predictor.logits(features)[:, ::-1]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="module")
def slower_rate(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    spec = FeatureSpec(ch_names=("T7", "T8"), sfreq=100.0, n_frames=4)
    return load_bundle(write_bundle(tmp_path_factory.mktemp("other"), spec, name="other"))


def turned(bundle: Bundle, pause_s: float = 0.0) -> Bundle:
    return replace(bundle, predictor=Turned(bundle.predictor, pause_s))  # type: ignore[arg-type]


def eeg(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.standard_normal((int(seconds * 128), 2)).cumsum(axis=0).astype(np.float32)


def run(source: ArraySource, bundle: Bundle, rival: Bundle | None, settings: SessionSettings = EVERY):
    session = Session(source, bundle, settings, Rival(rival, bundle.manifest, settings) if rival else None)
    mine: list[Prediction] = []
    theirs: list[Prediction] = []
    session.on_prediction.append(mine.append)
    session.on_rival_prediction.append(theirs.append)
    session.start()
    assert session.wait(20)
    session.stop()
    return session, mine, theirs


def test_the_second_model_sees_the_same_windows_in_the_same_order(bundle: Bundle) -> None:
    session, mine, theirs = run(ArraySource(eeg(30), chunk=37), bundle, bundle)
    assert [p.t_end for p in mine] == [p.t_end for p in theirs]
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)
    found = session.comparison()
    assert found is not None and found.trouble == ""
    n_given = sum(p.withheld is None for p in mine)
    assert (found.n_compared, found.n_agreed, found.mean_difference) == (n_given, n_given, 0.0)
    assert found.theirs.n_predictions == len(mine) and found.theirs.n_skipped == 0
    assert found.mine.cost_s is not None and found.theirs.cost_s is not None and found.theirs.cost_s > 0


def test_the_first_model_says_what_it_says_alone(bundle: Bundle, slower_rate: Bundle) -> None:
    _, alone, _ = run(ArraySource(eeg(30)), bundle, None)
    _, beside, _ = run(ArraySource(eeg(30)), bundle, slower_rate)
    for a, b in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)


def test_disagreements_are_kept_with_their_times(bundle: Bundle) -> None:
    session, mine, _ = run(ArraySource(eeg(30)), bundle, turned(bundle))
    found = session.comparison()
    assert found is not None and (found.n_agreed, found.agreement) == (0, 0.0)
    given = [p for p in mine if p.withheld is None]
    assert [d.t for d in found.disagreements] == [p.t_end for p in given]
    assert {(d.mine, d.theirs) for d in found.disagreements} <= {("loud", "quiet"), ("quiet", "loud")}
    assert found.disagreements[0].at_s == pytest.approx(given[0].t_end - mine[0].t_end)


def test_models_of_different_rates_are_paired_by_time(bundle: Bundle, slower_rate: Bundle) -> None:
    session, mine, theirs = run(ArraySource(eeg(30)), bundle, slower_rate)
    found = session.comparison()
    assert found is not None
    n_both = min(sum(p.withheld is None for p in said) for said in (mine, theirs))
    assert n_both - 1 <= found.n_compared <= n_both


def test_models_with_other_classes_are_not_counted_against_each_other(bundle: Bundle, tmp_path: Path) -> None:
    other = load_bundle(write_bundle(tmp_path, class_names=("rest", "work"), target="workload"))
    session, _, theirs = run(ArraySource(eeg(10)), bundle, other)
    found = session.comparison()
    assert found is not None and not found.is_comparable and found.agreement is None
    assert theirs


def test_both_are_scored_against_the_markers(bundle: Bundle) -> None:
    samples = eeg(20) * np.r_[np.full(10 * 128, 0.2), np.full(10 * 128, 3.0)][:, None].astype(np.float32)
    markers = [Marker(0.0, "quiet"), Marker(10.0, "loud")]
    session, _, _ = run(ArraySource(samples, markers=markers), bundle, turned(bundle))
    found = session.comparison()
    assert found is not None and found.mine.score is not None and found.theirs.score is not None
    assert (found.mine.score.accuracy, found.theirs.score.accuracy) == (1.0, 0.0)
    assert found.mine.score.n_compared == found.theirs.score.n_compared


class Paced(ArraySource):
    """Comes at the pace of a clock that runs eight times too fast."""

    def read(self, timeout_s: float):
        self._pause.wait(self._chunk / 128.0 / 8)
        return super().read(timeout_s)


def test_a_slow_second_model_skips_and_holds_nobody_up(bundle: Bundle) -> None:
    alone = run(Paced(eeg(9), chunk=16, realtime=True), bundle, None)
    beside = run(Paced(eeg(9), chunk=16, realtime=True), bundle, turned(bundle, pause_s=0.3))
    found = beside[0].comparison()
    assert found is not None and found.theirs.n_skipped > 5
    assert found.mine.n_skipped == 0 and beside[0].status.n_skipped == 0
    assert found.theirs.n_predictions + found.theirs.n_skipped == pytest.approx(len(beside[1]), abs=3)
    for a, b in zip(alone[1], beside[1], strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)
    assert beside[0].status.latency_p50_s < 3 * alone[0].status.latency_p50_s + 0.002


def test_a_file_at_full_speed_waits_for_the_second_model(bundle: Bundle) -> None:
    session, mine, theirs = run(ArraySource(eeg(30), chunk=2000), bundle, turned(bundle, pause_s=0.01))
    assert len(theirs) == len(mine) and session.comparison().theirs.n_skipped == 0  # type: ignore[union-attr]


def test_trouble_of_the_second_model_ends_the_comparison_alone(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    broken = replace(bundle, predictor=None)  # type: ignore[arg-type]
    session, mine, theirs = run(ArraySource(eeg(20)), bundle, broken)
    assert session.error is None and session.status.phase is Phase.ENDED
    assert len(mine) == (20 * 128 - 128) // 64 + 1
    found = session.comparison()
    assert found is not None and "has stopped" in found.trouble and not [p for p in theirs if p.withheld is None]


def test_a_second_model_that_does_not_fit_is_refused_at_the_start(bundle: Bundle, tmp_path: Path) -> None:
    other = load_bundle(write_bundle(tmp_path, FeatureSpec(ch_names=("Cz",), sfreq=128.0, n_frames=4)))
    session, mine, _ = run(ArraySource(eeg(5)), bundle, other)
    assert isinstance(session.error, MatchError) and "Cz" in str(session.error) and not mine


def test_a_changed_stream_that_only_the_first_model_fits_parts_them(bundle: Bundle, tmp_path: Path) -> None:
    other = load_bundle(write_bundle(tmp_path, FeatureSpec(ch_names=("Cz",), sfreq=128.0, n_frames=4)))
    later = StreamSpec(128.0, ("T7", "T8"), "array", "array-1", "replay")
    samples = np.column_stack([eeg(6), eeg(6)[:, :1]])
    source = ArraySource(samples, ch_names=("T7", "T8", "Cz"), changed_to=(later, eeg(6)))
    session, mine, theirs = run(source, bundle, other)
    assert session.error is None and len(mine) == 2 * 11 and len(theirs) == 11
    found = session.comparison()
    assert found is not None and "Cz" in found.trouble


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.4])
def test_two_models_stop_within_two_seconds_at_any_moment(bundle: Bundle, after_s: float) -> None:
    settings = SessionSettings()
    rival = Rival(turned(bundle, pause_s=0.2), bundle.manifest, settings)
    session = Session(ArraySource(eeg(30), endless=True, realtime=True), bundle, settings, rival)
    session.start()
    threading.Event().wait(after_s)
    started = time.monotonic()
    session.stop()
    assert time.monotonic() - started < 2

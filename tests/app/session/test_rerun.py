from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.session.recorded_session import read_session
from app.session.recorder import Recorder
from app.session.rerun import Comparison, bundle_of, compare, is_equal, predict_again, rerun, samples_until
from app.session.session import Session, SessionSettings
from sclcm_core.errors import BundleError
from sclcm_core.features.extractor import Extractor
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Chunk, Prediction
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import SPEC, write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle that smooths, so that what was skipped matters."""
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle"), smoothing_s=3.0))


def eeg(seconds: float, sfreq: float = 128.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((int(seconds * sfreq), 2)).cumsum(axis=0)
    return (noise * np.exp(rng.standard_normal(2))).astype(np.float32)


class Headset(ArraySource):
    """Chunks of odd sizes with stamps that jitter, as from a real device; its stamps show what was lost."""

    def read(self, timeout_s: float) -> list[Chunk]:
        self._chunk = 1 + (self._position * 7919) % 61
        chunks = []
        for chunk in super().read(timeout_s):
            self._n_lost = getattr(self, "_n_lost", 0) + chunk.n_lost_before
            first = self._position - len(chunk.samples)
            jitter = np.sin(np.arange(first, self._position)) * 1e-3
            times = 5000.0 + (np.arange(first, self._position) + self._n_lost) / self._spec.sfreq + jitter
            chunks.append(Chunk(chunk.samples, times, chunk.n_lost_before))
        return chunks


def record(session: Session, folder: Path) -> tuple[Path, list[Prediction]]:
    predictions: list[Prediction] = []
    session.on_prediction.append(predictions.append)
    with Recorder(session, folder) as recorder:
        session.start()
        assert session.wait(30)
        session.stop()
    assert session.error is None
    return recorder.status.path, predictions


def again(path: Path, bundle: Bundle) -> Comparison:
    session = read_session(path)
    return compare(session, predict_again(session, bundle), bundle)


@pytest.mark.parametrize("sfreq", [128.0, 250.0, 500.0])
def test_a_rerun_gives_the_recorded_predictions_bit_for_bit(bundle: Bundle, tmp_path: Path, sfreq: float) -> None:
    path, predictions = record(Session(Headset(eeg(30, sfreq), sfreq=sfreq), bundle, EVERY), tmp_path)
    found = list(rerun(path, str(bundle.path)))
    assert len(found) == len(predictions) > 50
    for one, other in zip(predictions, found, strict=True):
        assert one.probabilities.tobytes() == other.probabilities.tobytes()
        assert (one.t_end, one.t_start, one.index, one.withheld) == (other.t_end, other.t_start, other.index, other.withheld)


def test_lost_and_broken_samples_change_nothing_of_that(bundle: Bundle, tmp_path: Path) -> None:
    samples = eeg(40, 250.0)
    samples[3000:3003] = np.nan
    samples[5000:5400, 1] = 7.0
    lost_at = {start: 1 + start % 40 for start in range(0, 10_000, 5)}
    source = Headset(samples, sfreq=250.0, lost_at=lost_at)
    path, predictions = record(Session(source, bundle, EVERY), tmp_path)
    assert read_session(path).n_lost > 500
    comparison = again(path, bundle)
    assert comparison.is_exact and comparison.n_recorded == len(predictions)
    assert comparison.n_again == comparison.n_recorded and comparison.same_model


def test_windows_that_were_skipped_live_are_skipped_again(bundle: Bundle, tmp_path: Path) -> None:
    def stumble(prediction: Prediction) -> None:
        if prediction.index % 7 == 0:
            source._pause.wait(0.05)

    source = Surging(eeg(60, 250.0), sfreq=250.0, realtime=True)
    session = Session(source, bundle, SessionSettings(policy=WindowPolicy.NEWEST))
    session.on_prediction.append(stumble)
    path, predictions = record(session, tmp_path)
    assert session.status.n_skipped > 5
    comparison = again(path, bundle)
    assert comparison.is_exact and comparison.n_recorded == len(predictions)


class Surging(Headset):
    """Comes slowly, then all at once when it is told to, and slowly again for the last half minute."""

    surges = False

    def read(self, timeout_s: float) -> list[Chunk]:
        if not self.is_surging:
            self._pause.wait(0.001)
        return super().read(timeout_s)

    @property
    def is_surging(self) -> bool:
        return self.surges and self._position < len(self._samples) - 30 * self._spec.sfreq


@pytest.mark.parametrize("sfreq", [128.0, 250.0])
@pytest.mark.parametrize("stall_at", [3, 20])
def test_a_session_that_fell_a_whole_buffer_behind_is_followed(
    bundle: Bundle, tmp_path: Path, sfreq: float, stall_at: int, caplog: pytest.LogCaptureFixture
) -> None:
    source = Surging(eeg(300, sfreq), sfreq=sfreq, realtime=True)

    def stall(prediction: Prediction) -> None:
        if prediction.index >= stall_at and not source.surges:
            source.surges = True
            while source.is_surging:
                source._pause.wait(0.001)

    session = Session(source, bundle, SessionSettings(policy=WindowPolicy.NEWEST, buffer_s=1.0))
    session.on_prediction.append(stall)
    path, predictions = record(session, tmp_path)
    assert "skips to the newest" in caplog.text
    comparison = again(path, bundle)
    assert comparison.is_exact and comparison.n_recorded == len(predictions)


def test_a_baseline_from_the_stream_is_taken_again(bundle: Bundle, tmp_path: Path) -> None:
    settings = replace(EVERY, baseline_s=12.0)
    path, predictions = record(Session(Headset(eeg(40)), bundle, settings), tmp_path)
    assert any("baseline" in str(p.withheld) for p in predictions) and predictions[-1].withheld is None
    assert again(path, bundle).is_exact


def test_a_baseline_from_elsewhere_travels_in_the_file(bundle: Bundle, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    shape = (SPEC.n_bands, SPEC.n_columns)
    own = Normaliser(rng.standard_normal(shape), rng.uniform(0.5, 2.0, shape))
    path, predictions = record(Session(Headset(eeg(30)), bundle, replace(EVERY, normaliser=lambda: own)), tmp_path)
    plain, _ = record(Session(Headset(eeg(30)), bundle, EVERY), tmp_path)
    assert again(path, bundle).is_exact
    assert not is_equal(predictions[-1], list(rerun(plain, str(bundle.path)))[-1])


def test_of_a_cut_recording_what_was_recorded_comes_again(bundle: Bundle, tmp_path: Path) -> None:
    path, _ = record(Session(Headset(eeg(60)), bundle, EVERY), tmp_path)
    cut = tmp_path / "cut.xdf"
    cut.write_bytes(path.read_bytes()[: 2 * path.stat().st_size // 3])
    assert again(cut, bundle).is_exact


def test_another_model_predicts_every_window(bundle: Bundle, tmp_path: Path) -> None:
    path, predictions = record(Session(Headset(eeg(30)), bundle, EVERY), tmp_path)
    spec = SPEC.model_copy(update={"hop_s": 0.25})
    other = load_bundle(write_bundle(tmp_path, spec))
    comparison = again(path, other)
    assert not comparison.same_model and comparison.n_again > 1.8 * len(predictions)
    assert 0 < comparison.n_labelled <= comparison.n_equal + comparison.n_different


def test_an_altered_sample_is_a_difference_with_its_time(bundle: Bundle, tmp_path: Path) -> None:
    path, _ = record(Session(Headset(eeg(30)), bundle, EVERY), tmp_path)
    session = read_session(path)
    session.samples[2000, 0] += 0.01
    comparison = compare(session, predict_again(session, bundle), bundle)
    assert not comparison.is_exact and comparison.n_different > 0
    assert comparison.t_first_different is not None and comparison.t_first_different >= session.timestamps[2000]


def test_the_bundle_is_found_where_it_was_and_missed_by_name(bundle: Bundle, tmp_path: Path) -> None:
    path, _ = record(Session(Headset(eeg(2)), bundle, EVERY), tmp_path)
    header = read_session(path).header
    assert bundle_of(header).sha256 == bundle.sha256
    with pytest.raises(BundleError, match=r"'tiny' \(sha256 0123.*--model"):
        bundle_of(header.model_copy(update={"model_sha256": "0123" * 16}))


@pytest.mark.parametrize("sfreq", [128.0, 160.0, 250.0, 300.0, 1000.0])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_it_is_known_which_sample_completes_a_frame(sfreq: float, number: int) -> None:
    spec = FeatureSpec(ch_names=("T7",), sfreq=128.0)
    needed = samples_until(spec, sfreq, number)
    samples, times = eeg(10, sfreq)[:, :1], np.arange(int(10 * sfreq)) / sfreq
    assert len(Extractor(spec, sfreq).push(samples[: needed - 1], times[: needed - 1])) == number
    assert len(Extractor(spec, sfreq).push(samples[:needed], times[:needed])) == number + 1

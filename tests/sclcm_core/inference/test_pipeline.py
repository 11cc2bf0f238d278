import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sclcm_core.errors import SclcmError
from sclcm_core.features.extractor import extract, stack
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.personal_baseline import BaselineRecorder, baseline_normaliser
from sclcm_core.inference.pipeline import Pipeline, WindowPolicy
from sclcm_core.inference.predictor import softmax
from sclcm_core.inference.smoothing import ProbabilitySmoother
from sclcm_core.types import FeatureFrame, Prediction
from tests.tiny_bundle import SPEC, manifest, write_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def eeg(seconds: float, sfreq: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    n = int(seconds * sfreq)
    samples = np.random.default_rng(seed).standard_normal((n, 2)).cumsum(axis=0).astype(np.float32)
    return samples, 50.0 + np.arange(n) / sfreq


def run(pipeline: Pipeline, samples: np.ndarray, times: np.ndarray, size: int) -> list[Prediction]:
    out: list[Prediction] = []
    for start in range(0, len(samples), size):
        out += pipeline.advance(samples[start : start + size], times[start : start + size], t_arrived=0.0)
    return out


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 2000), sfreq=st.sampled_from([128.0, 250.0]))
def test_live_predictions_equal_offline_ones_bit_for_bit(bundle: Bundle, size: int, sfreq: float) -> None:
    samples, times = eeg(8, sfreq)
    live = run(Pipeline(bundle.manifest, bundle.predictor, sfreq), samples, times, size)
    values, t_end, _ = stack(extract(SPEC, samples, sfreq, times))
    answered = [p for p in live if p.withheld is None]
    assert len(answered) == len(values) - SPEC.n_frames + 1
    for k, prediction in enumerate(answered):
        features = np.moveaxis(values[k : k + SPEC.n_frames], 0, -1)[None]
        np.testing.assert_array_equal(prediction.probabilities, softmax(bundle.predictor.logits(features)[0]))
        assert prediction.t_end == t_end[k + SPEC.n_frames - 1]


def test_the_first_predictions_are_withheld_until_a_window_is_full(bundle: Bundle) -> None:
    samples, times = eeg(4, 128.0)
    predictions = run(Pipeline(bundle.manifest, bundle.predictor, 128.0), samples, times, 64)
    reasons = [p.withheld for p in predictions]
    assert reasons[0] == "filling the first window: 1 of 4 frames (2.5 s)"
    assert [reason is None for reason in reasons] == [False] * 3 + [True] * (len(reasons) - 3)
    assert predictions[0].label is None and predictions[-1].label in ("loud", "quiet")


def test_lost_samples_withhold_every_prediction_that_they_touch(bundle: Bundle) -> None:
    samples, times = eeg(20, 128.0)
    samples[1280:1300, 1] = np.nan
    predictions = run(Pipeline(bundle.manifest, bundle.predictor, 128.0), samples, times, 50)
    lost_from, lost_to = times[1280], times[1299]
    for p in predictions[3:]:
        if p.t_start < lost_to and p.t_end >= lost_from:
            assert "T8" in str(p.withheld) and np.isnan(p.probabilities).all()
        elif p.t_end < lost_from or p.t_start > lost_to + 2.0:  # the signal quality looks back two seconds more
            assert p.withheld is None, p


def test_a_poor_signal_withholds_and_says_why(bundle: Bundle) -> None:
    samples, times = eeg(12, 128.0)
    samples[5 * 128 : 8 * 128, 0] = 5e4 * np.sign(np.sin(np.arange(3 * 128)))
    predictions = run(Pipeline(bundle.manifest, bundle.predictor, 128.0), samples, times, 50)
    at_seven = next(p for p in predictions if p.t_end > times[7 * 128])
    assert str(at_seven.withheld).startswith("poor signal: T7"), at_seven


def test_newest_skips_and_counts_but_agrees_where_it_answers(bundle: Bundle) -> None:
    samples, times = eeg(20, 128.0)
    every = run(Pipeline(bundle.manifest, bundle.predictor, 128.0), samples, times, 300)
    skipping = Pipeline(bundle.manifest, bundle.predictor, 128.0, policy=WindowPolicy.NEWEST)
    newest = run(skipping, samples, times, 300)
    assert len(newest) + skipping.n_skipped == len(every)
    answers = {p.index: p.probabilities for p in every}
    for p in newest:
        np.testing.assert_array_equal(p.probabilities, answers[p.index])


def test_a_baseline_is_taken_first_and_then_used(bundle: Bundle) -> None:
    samples, times = eeg(40, 128.0)
    pipeline = Pipeline(bundle.manifest, bundle.predictor, 128.0, baseline_s=15.0)
    predictions = run(pipeline, samples, times, 128)
    assert predictions[0].withheld == "taking your baseline: 0 of 15 s"
    frames = extract(SPEC, samples, 128.0, times)
    expected = baseline_normaliser(frames[:30])
    np.testing.assert_array_equal(pipeline.normaliser.mean, expected.mean)
    first = next(p for p in predictions if p.withheld is None)
    assert first.index == 33, "no frame of the baseline may be in a prediction"
    assert pipeline.baseline_progress_s is None


def test_a_poor_signal_is_no_part_of_a_baseline_and_is_named_while_it_lasts(bundle: Bundle) -> None:
    samples, times = eeg(60, 128.0)
    clean = Pipeline(bundle.manifest, bundle.predictor, 128.0, baseline_s=15.0)
    run(clean, samples, times, 128)
    samples[2 * 128 : 10 * 128, 0] = 5e4 * np.sign(np.sin(np.arange(8 * 128)))
    railed = Pipeline(bundle.manifest, bundle.predictor, 128.0, baseline_s=15.0)
    predictions = run(railed, samples, times, 128)
    assert railed.baseline_progress_s is None
    assert np.abs(railed.normaliser.mean - clean.normaliser.mean).max() < 1.0, "nats; a railed second has 10 more"
    at_nine = next(p for p in predictions if p.t_end > times[9 * 128])
    assert re.fullmatch(r"taking your baseline: \d of 15 s; poor signal: T7 .*", str(at_nine.withheld)), at_nine.withheld


def test_a_given_normaliser_takes_the_place_of_the_populations(bundle: Bundle) -> None:
    samples, times = eeg(10, 128.0)
    own = baseline_normaliser(extract(SPEC, eeg(30, 128.0, seed=1)[0], 128.0))
    a = run(Pipeline(bundle.manifest, bundle.predictor, 128.0, normaliser=own), samples, times, 128)[-1]
    b = run(Pipeline(bundle.manifest, bundle.predictor, 128.0), samples, times, 128)[-1]
    assert not np.array_equal(a.probabilities, b.probabilities)


def test_a_baseline_of_bad_frames_is_refused() -> None:
    bad = [FeatureFrame(np.zeros((5, 2), np.float32), k, float(k), "flat") for k in range(50)]
    with pytest.raises(SclcmError, match="0 good windows of 50; at least 20"):
        baseline_normaliser(bad)
    recorder = BaselineRecorder(5.0, 0.5)
    for frame in bad:
        recorder.push(frame)
    assert not recorder.is_complete and recorder.progress_s[0] == 0


def test_after_a_reset_the_window_fills_anew(bundle: Bundle) -> None:
    samples, times = eeg(6, 128.0)
    pipeline = Pipeline(bundle.manifest, bundle.predictor, 128.0)
    first = run(pipeline, samples, times, 128)
    pipeline.reset()
    again = run(pipeline, samples, times, 128)
    assert [p.withheld for p in again] == [p.withheld for p in first]


def test_latency_is_the_time_from_arrival_to_answer(bundle: Bundle) -> None:
    samples, times = eeg(6, 128.0)
    pipeline = Pipeline(bundle.manifest, bundle.predictor, 128.0, clock=lambda: 7.5)
    assert pipeline.advance(samples, times, t_arrived=7.0)[-1].latency_s == 0.5


def test_smoothing_follows_its_time_constant() -> None:
    smoother = ProbabilitySmoother(2.0)
    smoother.push(np.array([1.0, 0.0], np.float32), 0.0)
    after = smoother.push(np.array([0.0, 1.0], np.float32), 2.0)
    np.testing.assert_allclose(after, [np.exp(-1), 1 - np.exp(-1)], rtol=1e-6)
    smoother.reset()
    np.testing.assert_array_equal(smoother.push(np.array([0.3, 0.7], np.float32), 9.0), np.array([0.3, 0.7], np.float32))


def test_without_a_time_constant_nothing_is_smoothed() -> None:
    smoother = ProbabilitySmoother(0.0)
    smoother.push(np.array([1.0, 0.0], np.float32), 0.0)
    np.testing.assert_array_equal(smoother.push(np.array([0.2, 0.8], np.float32), 0.1), np.array([0.2, 0.8], np.float32))


def test_smoothed_predictions_do_not_depend_on_the_chunks(bundle: Bundle) -> None:
    samples, times = eeg(12, 128.0)
    smooth = manifest(smoothing_s=3.0)
    runs = [run(Pipeline(smooth, bundle.predictor, 128.0), samples, times, size) for size in (17, 1000)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a.probabilities, b.probabilities)

import numpy as np
import pytest
from scipy.linalg import solveh_banded

from sclcm_core.errors import MatchError
from sclcm_core.features.extractor import Extractor, extract
from sclcm_core.features.smoothing import KalmanSmoother, MovingAverage, centred_average, kalman_ratio, lds_filter, lds_smooth
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, smoothing_s=2.5)


def frames(n: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (n, 2, 3)).cumsum(axis=0)


def eeg(n_samples: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((n_samples, 2)).cumsum(axis=0)


def test_the_lds_is_the_most_probable_course_of_a_random_walk_seen_through_noise() -> None:
    y, ratio, first = frames()[:, 0, 0], 0.3, 0.01
    diagonal = np.full(60, 1.0 + 2 / ratio)
    diagonal[0] = 1.0 + 1 / first + 1 / ratio
    diagonal[-1] = 1.0 + 1 / ratio
    right = y.copy()
    right[0] += y.mean() / first
    exact = solveh_banded(np.stack([np.concatenate([[0], np.full(59, -1 / ratio)]), diagonal]), right)
    np.testing.assert_allclose(lds_smooth(y, ratio, first), exact, atol=1e-10)


def test_the_forward_pass_equals_kalmans_filter_as_torcheeg_writes_it() -> None:
    y = frames()[:, 0, 0]
    a, c, process, noise, start, p = 1.0, 1.0, 1e-4, 1.0, y.mean(), 0.01
    k = p * c / (c * p * c + noise)
    expected, v = [start + k * (y[0] - c * start)], (1 - k * c) * p
    for value in y[1:]:
        p = a * v * a + process
        k = p * c / (c * p * c + noise)
        expected.append(a * expected[-1] + k * (value - c * a * expected[-1]))
        v = (1 - k * c) * p
    np.testing.assert_allclose(lds_filter(y), expected, rtol=1e-12)


def test_the_last_frame_of_the_lds_needs_no_look_ahead() -> None:
    values = frames()
    np.testing.assert_array_equal(lds_smooth(values)[-1], lds_filter(values)[-1])


def test_the_centred_average_equals_a_convolution_away_from_the_ends() -> None:
    values = frames()[:, 0, 0]
    np.testing.assert_allclose(centred_average(values, 5)[2:-2], np.convolve(values, np.ones(5) / 5, "valid"))


def test_the_causal_average_is_the_mean_of_the_newest_frames() -> None:
    values, smoother = frames(), MovingAverage(4)
    smoothed = np.stack([smoother.push(v) for v in values])
    np.testing.assert_allclose(smoothed[10], values[7:11].mean(axis=0))
    np.testing.assert_allclose(smoothed[1], values[:2].mean(axis=0))


@pytest.mark.parametrize("n_frames", [2, 5, 20])
def test_both_causal_smoothers_are_late_by_the_stated_delay(n_frames: int) -> None:
    ramp = np.arange(2000.0)[:, None, None]
    for smoother in (MovingAverage(n_frames), KalmanSmoother(kalman_ratio(n_frames))):
        late = ramp[-1] - [smoother.push(v) for v in ramp][-1]
        assert late.item() == pytest.approx((n_frames - 1) / 2, rel=1e-6)
    spec = SPEC.model_copy(update={"smoothing": "kalman", "smoothing_s": n_frames * 0.5})
    assert spec.smoothing_delay_s == pytest.approx((n_frames - 1) / 4)


def test_one_frame_means_no_smoothing() -> None:
    values = frames()
    smoother = KalmanSmoother(kalman_ratio(1))
    np.testing.assert_allclose(np.stack([smoother.push(v) for v in values]), values)


def test_a_frame_that_cannot_be_trusted_leaves_no_trace() -> None:
    for smoother in (MovingAverage(3), KalmanSmoother(0.5)):
        good = np.ones((1, 1))
        assert smoother.push(1e6 * good, is_good=False).item() == 1e6
        smoother.push(good)
        assert smoother.push(1e6 * good, is_good=False).item() == 1.0
        assert smoother.push(good).item() == pytest.approx(1.0)


@pytest.mark.parametrize("smoothing", ["moving_average_centred", "lds"])
def test_smoothing_that_looks_ahead_is_done_offline_and_refused_live(smoothing: str) -> None:
    spec = SPEC.model_copy(update={"smoothing": smoothing})
    samples = eeg(128 * 12)
    samples[640:768, 1] = np.nan
    plain, smooth = extract(SPEC, samples, 128.0), extract(spec, samples, 128.0)
    assert [f.fault for f in plain] == [f.fault for f in smooth]
    rough, calm = (np.stack([f.values for f in found if f.fault is None]) for found in (plain, smooth))
    assert np.diff(calm, axis=0).std() < 0.7 * np.diff(rough, axis=0).std()
    assert spec.smoothing_delay_s == 0.0
    with pytest.raises(MatchError, match=f"'{smoothing}', which looks ahead"):
        Extractor(spec, 128.0)


def test_offline_smoothing_of_nothing_is_nothing() -> None:
    spec = SPEC.model_copy(update={"smoothing": "lds"})
    assert extract(spec, eeg(50), 128.0) == []
    assert centred_average(np.zeros((0, 2)), 3).shape == (0, 2)
    assert lds_smooth(np.zeros((0, 2))).shape == (0, 2)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from offline.datasets import load_windows
from offline.datasets.raw_windows import as_patches, as_signals, raw_spec, same_moment
from offline.training.inputs import normalised, population_normaliser
from sclcm_core.features.extractor import Extractor, extract, stack
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.personal_baseline import baseline_normaliser

NAMES = ("T7", "T8", "Cz")
OPTIONS = {"n_subjects": 2, "n_stimuli": 3, "trial_s": 9.0, "rest_s": 12.0}


def eeg(n, seed=0):
    return 20 * np.random.default_rng(seed).standard_normal((n, 3)).cumsum(axis=0) / 10 + 500


@settings(deadline=None, max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 400), min_size=2, max_size=8), sfreq=st.sampled_from([128.0, 250.0]), seed=st.integers(0, 99)
)
def test_a_live_stream_gives_the_offline_windows_bit_for_bit(sizes, sfreq, seed):
    spec = raw_spec(NAMES)
    samples = eeg(sum(sizes), seed)
    samples[np.random.default_rng(seed).random(samples.shape) < 0.002] = np.nan
    times = np.arange(len(samples)) / sfreq
    whole = extract(spec, samples, sfreq)
    extractor, frames, start = Extractor(spec, sfreq), [], 0
    for size in sizes:
        frames += extractor.push(samples[start : start + size], times[start : start + size])
        start += size
    np.testing.assert_array_equal(stack(frames)[0], stack(whole)[0])
    assert [frame.fault for frame in frames] == [frame.fault for frame in whole]


def test_frames_joined_are_the_signal_itself():
    samples = eeg(1280)
    spec = FeatureSpec(kind="raw", ch_names=NAMES, sfreq=128.0, window_s=0.25, hop_s=0.25, n_frames=40)
    values = stack(extract(spec, samples, 128.0))[0]  # (40, 32, 3)
    assert values.shape == (40, 32, 3)
    window = np.moveaxis(values, 0, -1)[None]
    signal = as_signals(window)[0].T
    np.testing.assert_allclose(signal - signal[0], samples - samples[0], atol=1e-3)


def test_signals_and_patches_are_two_ways_to_lay_out_the_same_samples():
    windows = np.random.default_rng(0).normal(0, 1, (4, 32, 3, 16)).astype(np.float32)
    signals = as_signals(windows)
    assert signals.shape == (4, 3, 512)
    np.testing.assert_array_equal(signals[1, 2, 32:64], windows[1, :, 2, 1])
    np.testing.assert_array_equal(as_patches(signals, 32), windows)
    with pytest.raises(ValueError, match="32 samples"):
        as_patches(signals[..., :500], 32)


def test_the_usual_window_lasts_four_seconds_at_128_hz():
    spec = raw_spec(NAMES)
    assert (spec.input_shape, spec.span_s, spec.unit, spec.is_raw) == ((32, 3, 16), 4.0, "µV", True)


@pytest.mark.parametrize("change", [{"hop_s": 0.125}, {"pairs": ["dasm"]}, {"smoothing": "kalman"}])
def test_what_would_not_be_the_signal_any_more_is_refused(change):
    content = raw_spec(NAMES).model_dump(mode="json") | change
    with pytest.raises(ValidationError, match="raw"):
        FeatureSpec.model_validate(content)


def test_all_samples_of_a_patch_share_the_statistics_of_their_channel():
    rng = np.random.default_rng(0)
    frames = rng.normal([1.0, -2.0, 5.0], [1.0, 3.0, 10.0], (400, 32, 3))
    pooled = Normaliser.fit(frames).pooled()
    np.testing.assert_allclose(pooled.mean, np.tile(frames.reshape(-1, 3).mean(axis=0), (32, 1)), atol=1e-12)
    np.testing.assert_allclose(pooled.sd, np.tile(frames.reshape(-1, 3).std(axis=0), (32, 1)), atol=1e-12)


def test_raw_windows_come_from_the_same_recordings_under_the_same_ids_and_end_together_with_feature_windows():
    ch_names = ("T7", "T8")
    bands = FeatureSpec(ch_names=ch_names, sfreq=128.0, window_s=1.0, hop_s=0.25, n_frames=5)
    raw = load_windows("simulated", None, raw_spec(ch_names), options=OPTIONS, window_hop_frames=4)
    features = load_windows("simulated", None, bands, options=OPTIONS, window_hop_frames=1)
    assert raw.subject_names == features.subject_names
    assert raw.trial_names == features.trial_names
    assert raw.class_names == features.class_names
    first, second = same_moment(raw, features)
    assert len(first) == len(raw)
    for name in ("subject", "trial", "label", "stimulus", "recording"):
        np.testing.assert_array_equal(getattr(raw, name)[first], getattr(features, name)[second])
    ends = raw.t0[first] + raw.spec.span_s, features.t0[second] + features.spec.span_s
    np.testing.assert_allclose(*ends, atol=1e-9)


def test_raw_windows_are_scaled_by_rest_or_training_people_and_never_by_themselves():
    raw = load_windows("simulated", None, raw_spec(("T7", "T8")), options=OPTIONS, window_hop_frames=4)
    everything = np.flatnonzero(raw.usable)
    population = population_normaliser(raw, everything)
    assert (population.sd == population.sd[:1]).all()
    own = normalised(raw, everything, "personal", population)
    mine = everything[raw.subject[everything] == 0]
    rest = raw.baseline_frames[0].reshape(-1, 2)
    expected = (raw.features[mine[0]] - rest.mean(axis=0)[:, None]) / rest.std(axis=0)[:, None]
    np.testing.assert_allclose(own.features[0], expected, atol=1e-4)
    level = own.features.std(axis=(1, 3))
    assert level.std(axis=0).min() > 0.01, "windows must keep their own level"


def test_the_live_baseline_shares_statistics_over_a_patch_too():
    frames = extract(raw_spec(NAMES), eeg(128 * 30), 128.0)
    found = baseline_normaliser(frames, is_raw=True)
    assert (found.sd == found.sd[:1]).all()
    np.testing.assert_allclose(found.sd[0], stack(frames)[0].reshape(-1, 3).astype(np.float64).std(axis=0), rtol=1e-9)

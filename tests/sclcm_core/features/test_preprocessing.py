import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, iirnotch, lfilter, sosfilt

from sclcm_core.bands import ALPHA, BETA
from sclcm_core.features.extractor import Extractor, extract, stack
from sclcm_core.features.spec import UNITS, FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.streaming.interpolate import interpolate_channels, spline_weights
from sclcm_core.streaming.preprocess import Preprocessor
from sclcm_core.streaming.reference import average_reference

NAMES = ("T7", "T8", "Cz", "M1", "M2")
STEPS: dict[str, dict[str, object]] = {
    "nothing": {},
    "rebuilt": {"rebuilt": ("Cz",)},
    "average": {"reference": "average"},
    "linked": {"reference": "linked"},
    "bipolar": {"bipolar": (("T7", "Cz"), ("Cz", "T8"))},
    "passband": {"passband": (1.0, 45.0)},
    "low-pass": {"passband": (0.0, 40.0)},
    "notch": {"notch_hz": 50.0},
    "moving average": {"smoothing": "moving_average", "smoothing_s": 2.0},
    "kalman": {"smoothing": "kalman", "smoothing_s": 3.0},
    "all": {"rebuilt": ("T8",), "reference": "average", "passband": (1.0, 45.0), "notch_hz": 50.0, "smoothing": "kalman"},
}


def eeg(n_samples: int, seed: int = 0, n_channels: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n_samples, n_channels)).cumsum(axis=0) + 1e4).astype(np.float32)


def spec(**changes: object) -> FeatureSpec:
    return FeatureSpec(**{"bands": (ALPHA, BETA), "ch_names": NAMES, "sfreq": 128.0, **changes})  # type: ignore[arg-type]


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(sorted(set(UNITS) - {"raw"})),
    step=st.sampled_from(sorted(STEPS)),
    sfreq=st.sampled_from([128.0, 250.0]),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=12),
)
def test_online_equals_offline_for_every_feature_and_every_step_bit_for_bit(
    seed: int, kind: str, step: str, sfreq: float, sizes: list[int]
) -> None:
    chosen = spec(kind=kind, **STEPS[step])
    samples = eeg(sum(sizes), seed)
    samples[np.random.default_rng(seed).random(samples.shape) < 0.002] = np.nan
    times = np.arange(len(samples)) / sfreq
    whole = extract(chosen, samples, sfreq)
    extractor, frames, start = Extractor(chosen, sfreq), [], 0
    for size in sizes:
        frames += extractor.push(samples[start : start + size], times[start : start + size])
        start += size
    for ours, theirs in zip(stack(frames), stack(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [frame.fault for frame in frames] == [frame.fault for frame in whole]


@pytest.mark.parametrize("kind", ["de", "de_bandpass"])
def test_a_recording_longer_than_the_piece_taken_at_once_gives_what_small_chunks_give(kind: str) -> None:
    chosen, samples = spec(kind=kind, passband=(1.0, 45.0)), eeg(9000)
    extractor = Extractor(chosen, 128.0)
    frames = [f for k in range(0, 9000, 77) for f in extractor.push(samples[k : k + 77], np.arange(9000)[k : k + 77] / 128.0)]
    np.testing.assert_array_equal(stack(frames)[0], stack(extract(chosen, samples, 128.0))[0])


@pytest.mark.parametrize("step", sorted(STEPS))
def test_permuting_the_channels_permutes_the_features_after_every_step(step: str) -> None:
    order = np.array([3, 0, 4, 2, 1])
    straight = stack(extract(spec(**STEPS[step]), eeg(700), 128.0))[0]
    names = tuple(np.array(NAMES)[order].tolist())
    permuted = stack(extract(spec(ch_names=names, **STEPS[step]), eeg(700)[:, order], 128.0))[0]
    np.testing.assert_allclose(permuted, straight if step == "bipolar" else straight[..., order], rtol=1e-4, atol=1e-4)


def test_after_a_reset_filters_and_smoothers_start_anew() -> None:
    chosen = spec(kind="de_bandpass", **STEPS["all"])
    extractor, samples, times = Extractor(chosen, 128.0), eeg(700), np.arange(700) / 128.0
    first = stack(extractor.push(samples, times))[0]
    extractor.reset()
    np.testing.assert_array_equal(stack(extractor.push(samples, times))[0], first)


def test_the_preprocessor_equals_scipys_filters() -> None:
    x = eeg(1000).astype(np.float64)
    x -= x[0]
    ours = Preprocessor(128.0, NAMES, reference="average", passband=(1.0, 45.0), notch_hz=50.0).push(x)
    expected = sosfilt(butter(4, (1.0, 45.0), "bandpass", fs=128.0, output="sos"), x - x.mean(axis=1, keepdims=True), axis=0)
    expected = lfilter(*iirnotch(50.0, 30.0, fs=128.0), expected, axis=0)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_a_notch_takes_the_mains_hum_away_and_leaves_alpha() -> None:
    t = np.arange(128 * 20) / 128.0
    x = np.repeat((5 * np.sin(2 * np.pi * 10 * t) + 50 * np.sin(2 * np.pi * 50 * t))[:, None], 5, axis=1)
    cleaned = Preprocessor(128.0, NAMES, notch_hz=50.0).push(x)[-256:]
    assert cleaned.std() == pytest.approx(5 / np.sqrt(2), rel=0.05)


def test_a_common_offset_vanishes_under_the_average_and_the_linked_reference() -> None:
    samples, common = eeg(600), np.random.default_rng(3).normal(0, 50, (600, 1)).astype(np.float32)
    for reference in ("average", "linked"):
        chosen = spec(reference=reference)
        a, b = (stack(extract(chosen, x, 128.0))[0] for x in (samples, samples + common))
        ears = [NAMES.index("T7"), NAMES.index("T8"), NAMES.index("Cz")]
        np.testing.assert_allclose(a[..., ears], b[..., ears], atol=2e-3)


def test_bipolar_columns_bear_the_names_of_both_electrodes() -> None:
    chosen = spec(bipolar=(("T7", "Cz"), ("Cz", "T8")))
    samples = eeg(600)
    assert chosen.columns == ("T7-Cz", "Cz-T8") and chosen.n_columns == 2
    differences = np.stack([samples[:, 0] - samples[:, 2], samples[:, 2] - samples[:, 1]], axis=1)
    plain = spec(ch_names=("T7", "T8"))
    np.testing.assert_allclose(
        stack(extract(chosen, samples, 128.0))[0], stack(extract(plain, differences, 128.0))[0], atol=2e-3
    )


def test_the_average_of_the_average_reference_is_zero() -> None:
    np.testing.assert_allclose(average_reference(eeg(50).astype(np.float64)).mean(axis=1), 0, atol=1e-9)


def test_spline_weights_equal_those_of_mne() -> None:
    from mne.channels.interpolation import _make_interpolation_matrix

    from sclcm_core.montage import positions

    places = positions(SEED_CHANNELS)
    ours = spline_weights(places[5:], places[:5])
    np.testing.assert_allclose(ours, _make_interpolation_matrix(places[5:], places[:5]), atol=1e-8)
    np.testing.assert_allclose(ours.sum(axis=1), 1.0)


def test_a_smooth_field_is_rebuilt_where_a_channel_is_bad() -> None:
    from sclcm_core.montage import positions

    field = positions(SEED_CHANNELS)[:, 1] * 20
    samples = np.stack([field, 2 * field])
    broken = samples.copy()
    broken[:, SEED_CHANNELS.index("FC3")] = np.nan
    rebuilt = interpolate_channels(broken, SEED_CHANNELS, ["FC3"])
    np.testing.assert_allclose(rebuilt, samples, atol=0.3)
    np.testing.assert_array_equal(np.delete(rebuilt, 16, axis=1), np.delete(samples, 16, axis=1))


def test_a_channel_without_a_place_or_with_too_few_neighbours_is_not_rebuilt() -> None:
    with pytest.raises(ValueError, match="ECG: not among the electrodes"):
        interpolate_channels(np.zeros((2, 5)), NAMES, ["ECG"])
    with pytest.raises(ValueError, match="2 good channels are left"):
        interpolate_channels(np.zeros((2, 3)), ("T7", "T8", "Cz"), ["Cz"])


def test_a_rebuilt_channel_is_what_the_others_say_whatever_it_recorded() -> None:
    x = eeg(640)
    broken = x.copy()
    broken[:, 2] = np.nan
    wanted = spec(rebuilt=("Cz",))
    (values, _, ok), (same, _, _) = stack(extract(wanted, broken, 128.0)), stack(extract(wanted, x, 128.0))
    assert ok.all()
    np.testing.assert_array_equal(values, same)
    plain = stack(extract(spec(), interpolate_channels(x.astype(np.float64), NAMES, ["Cz"]), 128.0))[0]
    np.testing.assert_allclose(values, plain, atol=1e-5)


def test_a_channel_that_cannot_be_rebuilt_is_refused() -> None:
    with pytest.raises(ValueError, match="ECG: not among the electrodes"):
        spec(rebuilt=("ECG",))


def test_the_key_of_specs_without_rebuilt_channels_is_what_it_was_before_there_were_any() -> None:
    assert spec().cache_key() != spec(rebuilt=("Cz",)).cache_key()
    former = spec().model_copy(update={"n_frames": 1}).model_dump_json(exclude={"rebuilt"})
    assert spec().cache_key() == hashlib.sha256(former.encode()).hexdigest()[:16]

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.signal import butter, lfilter, sosfilt, welch

from sclcm_core.bands import ALPHA, BETA, SEED_BANDS, Band
from sclcm_core.features.bandpass_entropy import bandpass_differential_entropy
from sclcm_core.features.baseline import subtract_baseline
from sclcm_core.features.differential_entropy import entropy_of_variance
from sclcm_core.features.extractor import Extractor, extract, stack
from sclcm_core.features.hjorth import hjorth_activity, hjorth_complexity, hjorth_mobility
from sclcm_core.features.spec import FILTER_BANK_KINDS, TITLES, UNITS, FeatureSpec
from sclcm_core.features.spectrum import band_variance
from sclcm_core.features.welch import relative_power, welch_density

SFREQ = 200.0


def eeg(n_samples: int, n_channels: int = 3, seed: int = 0) -> np.ndarray:
    walk = np.random.default_rng(seed).standard_normal((n_samples, n_channels)).cumsum(axis=0)
    return walk - walk[0]


def spec(**changes: object) -> FeatureSpec:
    return FeatureSpec(**{"ch_names": ("T7", "T8", "Cz"), "sfreq": SFREQ, "hop_s": 1.0, **changes})  # type: ignore[arg-type]


def test_band_pass_entropy_equals_scipys_filters_run_through_the_whole_signal() -> None:
    samples = eeg(2000)
    values = stack(extract(spec(kind="de_bandpass"), samples, SFREQ))[0]
    for k, band in enumerate(SEED_BANDS):
        filtered = sosfilt(butter(5, (band.low, band.high), "bandpass", fs=SFREQ, output="sos"), samples, axis=0)
        expected = 0.5 * np.log(2 * np.pi * np.e * filtered.reshape(10, 200, 3).var(axis=1))
        np.testing.assert_allclose(values[:, k], expected, atol=1e-5)


def test_torcheegs_window_from_rest_gives_the_same_number_in_the_first_window_in_bits() -> None:
    samples = eeg(200)
    ours = stack(extract(spec(kind="de_bandpass"), samples, SFREQ))[0][0]
    for k, band in enumerate(SEED_BANDS):
        b, a = butter(5, (band.low * 2 / SFREQ, band.high * 2 / SFREQ), btype="band")
        for channel in range(3):
            bits = 0.5 * np.log2(2 * np.pi * np.e * np.var(lfilter(b, a, samples[:, channel])))
            # in delta the poles crowd around 1: one polynomial of degree ten loses digits there, second-order sections do not
            assert ours[k, channel] == pytest.approx(bits * np.log(2), abs=5e-3 if band.name == "delta" else 1e-4)


def test_the_entropy_of_a_flat_band_is_finite() -> None:
    assert np.isfinite(bandpass_differential_entropy(np.ones((5, 2, 200)))).all()


def test_welch_equals_scipys_average_of_half_overlapping_hann_segments() -> None:
    x = eeg(200).T
    frequencies, density = welch(x, SFREQ, window="hann", nperseg=100, noverlap=50, detrend="constant")
    ours = welch_density(x, SFREQ, SEED_BANDS, 100)
    for k, band in enumerate(SEED_BANDS):
        inside = (frequencies >= band.low) & (frequencies < band.high)
        np.testing.assert_allclose(ours[k], 10 * np.log10(density[:, inside].mean(axis=-1)), atol=1e-5)


def test_one_welch_segment_as_long_as_the_window_is_the_plain_density() -> None:
    samples = eeg(600)
    plain, segmented = (stack(extract(s, samples, SFREQ))[0] for s in (spec(kind="psd"), spec(kind="psd_welch", segment_s=1.0)))
    np.testing.assert_array_equal(plain, segmented)


def test_shares_of_bands_that_leave_nothing_out_sum_to_one_whatever_the_gain() -> None:
    x = eeg(200).T
    shares = relative_power(x, SFREQ, SEED_BANDS)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-6)
    np.testing.assert_allclose(relative_power(7 * x, SFREQ, SEED_BANDS), shares, rtol=1e-5)
    np.testing.assert_allclose(
        shares, band_variance(x, SFREQ, SEED_BANDS) / band_variance(x, SFREQ, SEED_BANDS).sum(axis=0), rtol=1e-6
    )


@pytest.mark.parametrize("frequency", [2.0, 10.0, 30.0])
def test_a_sine_has_half_its_squared_amplitude_its_own_frequency_and_no_complexity(frequency: float) -> None:
    sine = 3.0 * np.sin(2 * np.pi * frequency * np.arange(20_000) / 2000.0)
    assert hjorth_activity(sine) == pytest.approx(4.5, rel=1e-3)
    assert hjorth_mobility(sine, 2000.0) == pytest.approx(2 * np.pi * frequency, rel=1e-3)
    assert hjorth_complexity(sine) == pytest.approx(1.0, rel=1e-3)


def test_hjorths_descriptors_equal_loops_written_from_the_formulas() -> None:
    x = eeg(100)[:, 0]
    slope = np.array([x[k + 1] - x[k] for k in range(99)])
    curve = np.array([slope[k + 1] - slope[k] for k in range(98)])
    spread = [np.mean((v - np.mean(v)) ** 2) for v in (x, slope, curve)]
    assert hjorth_activity(x) == pytest.approx(spread[0])
    assert hjorth_mobility(x, 100.0) == pytest.approx(100.0 * np.sqrt(spread[1] / spread[0]))
    assert hjorth_complexity(x) == pytest.approx(np.sqrt(spread[2] / spread[1]) / np.sqrt(spread[1] / spread[0]))


def test_asm_is_dasm_then_rasm() -> None:
    samples = eeg(600)
    both = spec(pairs=("asm",))
    assert both.columns == ("T7", "T8", "Cz", "dasm T7-T8", "rasm T7-T8")
    np.testing.assert_array_equal(
        stack(extract(both, samples, SFREQ))[0], stack(extract(spec(pairs=("dasm", "rasm")), samples, SFREQ))[0]
    )


def test_the_mean_of_rest_features_not_of_rest_waveforms_is_subtracted() -> None:
    rest = np.random.default_rng(0).normal(0, 5, (3000, 1, 200))
    entropy = entropy_of_variance(rest.var(axis=-1))[:, None]
    corrected = subtract_baseline(entropy, entropy)
    assert abs(corrected.mean()) < 1e-12
    of_waveforms = entropy_of_variance(rest.reshape(1000, 3, 1, 200).mean(axis=1).var(axis=-1)).mean()
    assert entropy.mean() - of_waveforms == pytest.approx(0.5 * np.log(3), abs=0.01)


def test_a_baseline_of_another_shape_or_without_frames_is_refused() -> None:
    for wrong in (np.zeros((0, 5, 2)), np.zeros((4, 5, 3)), np.zeros((5, 2))):
        with pytest.raises(ValueError, match="baseline"):
            subtract_baseline(np.zeros((4, 5, 2)), wrong)


def test_every_kind_has_a_unit_a_title_and_features() -> None:
    assert set(UNITS) == set(TITLES)
    for kind in set(UNITS) - {"raw"}:
        chosen = spec(kind=kind, bands=(ALPHA, BETA), pairs=("dasm",))
        values = stack(extract(chosen, eeg(400), SFREQ))[0]
        assert values.shape == (2, 2, 4) and np.isfinite(values).all()
        assert chosen.unit and chosen.title


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(sorted(UNITS)))
def test_permuting_the_channels_permutes_the_features_of_every_kind(seed: int, kind: str) -> None:
    samples = eeg(450, seed=seed)
    order = np.random.default_rng(seed).permutation(3)
    names = tuple(np.array(["T7", "T8", "Cz"])[order].tolist())
    straight = stack(extract(spec(kind=kind), samples, SFREQ))[0]
    permuted = stack(extract(spec(kind=kind, ch_names=names), samples[:, order], SFREQ))[0]
    np.testing.assert_array_equal(permuted, straight[..., order])


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(sorted(set(UNITS) - FILTER_BANK_KINDS - {"raw"})))
def test_a_window_alone_gives_the_features_it_gives_among_others(seed: int, kind: str) -> None:
    samples = eeg(1000, seed=seed)
    together = stack(extract(spec(kind=kind), samples, SFREQ))[0]
    for k in range(5):
        alone = stack(extract(spec(kind=kind), samples[200 * k : 200 * k + 200], SFREQ))[0][0]
        np.testing.assert_allclose(alone, together[k], rtol=1e-5, atol=1e-5)  # the gap bridge takes another first value away


def test_a_spec_written_before_there_were_variants_means_what_it_meant() -> None:
    old = '{"kind":"de","bands":[["alpha",8.0,14.0]],"ch_names":["T7"],"pairs":[],"sfreq":128.0,"window_s":1.0,"hop_s":0.5,"n_frames":4}'
    read = FeatureSpec.model_validate_json(old)
    assert read == FeatureSpec(bands=(ALPHA,), ch_names=("T7",), sfreq=128.0, n_frames=4)
    assert (read.reference, read.passband, read.notch_hz, read.smoothing) == ("as_recorded", None, None, "none")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "de_bandpass", "bands": (Band("high", 50.0, 100.0),)}, "a filter for high needs a rate above 200 Hz"),
        ({"kind": "psd_welch", "segment_s": 1.5}, "segment_s 1.5"),
        ({"passband": (40.0, 1.0)}, "must rise"),
        ({"notch_hz": 120.0}, "notch_hz 120 must lie below 100 Hz"),
        ({"reference": "linked"}, "A1 and A2"),
        ({"bipolar": (("F3", "T8"),)}, "F3"),
        ({"bipolar": (("T7", "T8"),), "pairs": ("dasm",)}, "bipolar takes neither"),
        ({"pairs": ("asm", "dasm")}, "twice"),
    ],
)
def test_an_impossible_variant_is_refused_with_the_reason(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        spec(**wrong)


def test_a_band_between_the_lines_of_the_segments_spectrum_is_refused_before_the_first_sample() -> None:
    with pytest.raises(ValueError, match="no spectral bin in delta"):
        extract(spec(kind="psd_welch", segment_s=0.2), eeg(400), SFREQ)


@pytest.mark.parametrize("hop_s", [1.0, 0.5, 0.385])
def test_a_band_pass_frame_is_there_with_its_last_sample_whatever_the_hop(hop_s: float) -> None:
    chosen = spec(kind="de_bandpass", hop_s=hop_s)
    extractor, samples, due = Extractor(chosen, SFREQ), eeg(700), []
    for k in range(700):
        due += [k + 1] * len(extractor.push(samples[k : k + 1], np.array([k / SFREQ])))
    assert due == [chosen.window + n * chosen.hop for n in range(len(due))] and due[-1] + chosen.hop > 700

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import periodogram

from sclcm_core.bands import ALPHA, BETA, SEED_BANDS, Band
from sclcm_core.features.asymmetry import dasm, dcau, rasm
from sclcm_core.features.differential_entropy import differential_entropy, entropy_of_variance
from sclcm_core.features.psd import power_spectral_density
from sclcm_core.features.spatial import to_grid
from sclcm_core.features.spectrum import band_variance
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.recordings import read_recording


def test_the_entropy_of_unit_variance_is_1_4189385() -> None:
    assert entropy_of_variance(np.array(1.0)) == pytest.approx(1.418938533205, abs=1e-12)


def test_white_noise_has_the_entropy_of_its_variance(rng: np.random.Generator) -> None:
    sigma = 7.0
    noise = rng.normal(0, sigma, (400, 1, 200))
    whole = (Band("whole", 0.5, 100.0),)
    mean_variance = band_variance(noise, 200.0, whole).mean()
    assert mean_variance == pytest.approx(sigma**2, rel=0.03)
    assert differential_entropy(noise, 200.0, whole).mean() == pytest.approx(
        0.5 * np.log(2 * np.pi * np.e * sigma**2), abs=0.03
    )


def test_a_10_hz_sine_lies_in_alpha_with_half_its_squared_amplitude() -> None:
    t = np.arange(250) / 250.0
    variance = band_variance(4.0 * np.sin(2 * np.pi * 10 * t)[None], 250.0, SEED_BANDS)[:, 0]
    assert variance[2] == pytest.approx(8.0, rel=1e-6)
    assert np.delete(variance, 2).max() < 1e-9


def test_band_variance_equals_scipys_periodogram_summed(rng: np.random.Generator) -> None:
    x = rng.standard_normal((3, 256))
    frequencies, density = periodogram(x, 256.0, window="hann", detrend="constant")
    for band, ours in zip(SEED_BANDS, band_variance(x, 256.0, SEED_BANDS), strict=True):
        inside = (frequencies >= band.low) & (frequencies < band.high)
        np.testing.assert_allclose(ours, density[:, inside].sum(axis=-1), rtol=1e-5)


def test_doubling_the_amplitude_adds_ln_2(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 200))
    difference = differential_entropy(2 * x, 200.0, SEED_BANDS) - differential_entropy(x, 200.0, SEED_BANDS)
    np.testing.assert_allclose(difference, np.log(2), atol=1e-9)


def reference_entropy(windows: np.ndarray, sfreq: float) -> np.ndarray:
    """The formula in double precision, by scipy: (..., n_channels, n_times) to (..., n_bands, n_channels)."""
    frequencies, density = periodogram(np.asarray(windows, np.float64), sfreq, window="hann", detrend="constant")
    inside = [(frequencies >= band.low) & (frequencies < band.high) for band in SEED_BANDS]
    variance = np.stack([density[..., mask].sum(axis=-1) for mask in inside], axis=-2)
    return np.asarray(entropy_of_variance(variance * sfreq / windows.shape[-1]))


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    offset=st.floats(-1e5, 1e5),
    amplitude=st.floats(0.1, 500.0),
    drift=st.floats(0.0, 1.0),
    n_times=st.sampled_from([125, 200, 256, 501]),
)
def test_single_precision_costs_less_than_1e_4_nats(
    seed: int, offset: float, amplitude: float, drift: float, n_times: int
) -> None:
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((3, 7, n_times))
    x = offset + amplitude * (white + drift * white.cumsum(axis=-1))
    np.testing.assert_allclose(
        differential_entropy(x, float(n_times), SEED_BANDS), reference_entropy(x, float(n_times)), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_single_precision_costs_real_eeg_less_than_1e_5_nats(data_dir: Path, offset: float) -> None:
    recording = read_recording(data_dir / "eegmat" / "Subject00_1.edf")
    samples = recording.samples[: 120 * 500].astype(np.float64) + offset
    windows = samples.reshape(120, 500, -1).swapaxes(1, 2)
    np.testing.assert_allclose(
        differential_entropy(windows, 500.0, SEED_BANDS), reference_entropy(windows, 500.0), atol=1e-5, rtol=0
    )


def test_an_offset_changes_nothing(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 200))
    np.testing.assert_allclose(
        differential_entropy(x + 1e4, 200.0, SEED_BANDS), differential_entropy(x, 200.0, SEED_BANDS), atol=1e-6
    )


def test_a_flat_channel_gives_a_finite_number() -> None:
    assert np.isfinite(differential_entropy(np.ones((1, 200)), 200.0, SEED_BANDS)).all()
    assert np.isfinite(power_spectral_density(np.ones((1, 200)), 200.0, SEED_BANDS)).all()


def test_density_is_variance_over_width_in_db(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 200))
    expected = 10 * np.log10(band_variance(x, 200.0, (BETA,)) / 17.0)
    np.testing.assert_allclose(power_spectral_density(x, 200.0, (BETA,)), expected)


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), n_channels=st.integers(1, 64), n_times=st.sampled_from([125, 128, 200, 250, 256, 500]))
def test_a_batch_gives_the_same_bits_as_each_window_alone(seed: int, n_channels: int, n_times: int) -> None:
    windows = np.random.default_rng(seed).standard_normal((5, n_channels, n_times))
    batch = differential_entropy(windows, float(n_times), SEED_BANDS)
    for k in range(5):
        np.testing.assert_array_equal(differential_entropy(windows[k], float(n_times), SEED_BANDS), batch[k])


@given(seed=st.integers(0, 10**6))
def test_permuting_the_channels_permutes_the_features(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, order = rng.standard_normal((6, 128)), rng.permutation(6)
    np.testing.assert_array_equal(
        differential_entropy(x[order], 128.0, SEED_BANDS), differential_entropy(x, 128.0, SEED_BANDS)[:, order]
    )


def test_a_band_without_a_spectral_bin_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"no spectral bin in delta.*longer windows"):
        band_variance(np.zeros((1, 50)), 250.0, (Band("delta", 1.0, 4.0),))


def test_mirroring_the_head_changes_the_sign_of_dasm(rng: np.random.Generator) -> None:
    values = rng.standard_normal((5, 4))
    pairs, mirrored = [(0, 1), (2, 3)], [(1, 0), (3, 2)]
    np.testing.assert_array_equal(dasm(values, pairs), -dasm(values, mirrored))
    np.testing.assert_allclose(rasm(values + 9, pairs) * rasm(values + 9, mirrored), 1.0)
    np.testing.assert_array_equal(dcau(values, pairs), values[:, [0, 2]] - values[:, [1, 3]])


def test_a_ratio_over_nothing_stays_finite() -> None:
    assert rasm(np.array([[1.0, 0.0]]), [(0, 1)]).item() == pytest.approx(1000.0)


def test_every_channel_of_seed_has_its_own_cell(rng: np.random.Generator) -> None:
    values = rng.standard_normal(62)
    grid = to_grid(values, SEED_CHANNELS)
    assert np.count_nonzero(grid) == 62
    assert grid[0, 3] == np.float32(values[0]) and grid[8, 6] == np.float32(values[61])


def test_alpha_is_the_alpha_of_seed() -> None:
    assert (ALPHA.low, ALPHA.high) == (8.0, 14.0)

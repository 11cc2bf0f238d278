import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sclcm_core.bands import ALPHA, BETA, THETA, Band
from sclcm_core.errors import MatchError
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.extractor import Extractor, extract, stack
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, pairs=("dasm",))


def eeg(n_samples: int, seed: int, n_channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n_samples, n_channels)).cumsum(axis=0) + 1e4).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    sfreq=st.sampled_from([128.0, 160.0, 250.0, 500.0]),
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=40),
    hop_s=st.sampled_from([0.25, 0.5, 1.0, 1.5]),
)
def test_chunking_changes_nothing_bit_for_bit(seed: int, sfreq: float, sizes: list[int], hop_s: float) -> None:
    spec = SPEC.model_copy(update={"hop_s": hop_s})
    samples = eeg(sum(sizes), seed)
    samples[np.random.default_rng(seed).random(samples.shape) < 0.01] = np.nan
    times = np.arange(len(samples)) / sfreq
    whole = stack(extract(spec, samples, sfreq))
    extractor, frames, start = Extractor(spec, sfreq), [], 0
    for size in sizes:
        frames += extractor.push(samples[start : start + size], times[start : start + size])
        start += size
    for ours, theirs in zip(stack(frames), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    sfreq=st.sampled_from([128.0, 160.0, 250.0, 500.0]),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=30),
)
def test_the_next_frame_comes_with_the_sample_that_was_said_and_none_before(seed: int, sfreq: float, sizes: list[int]) -> None:
    extractor, samples = Extractor(SPEC, sfreq), eeg(sum(sizes) + 2000, seed)
    times, start = np.arange(len(samples)) / sfreq, 0
    for size in sizes:
        extractor.push(samples[start : start + size], times[start : start + size])
        start += size
    last = start + extractor.n_awaited - 1
    assert last >= start
    assert extractor.push(samples[start:last], times[start:last]) == []
    assert len(extractor.push(samples[last : last + 1], times[last : last + 1])) == 1


def test_a_frame_holds_the_entropy_of_its_window_and_its_end_time() -> None:
    samples = eeg(128 * 4, 0)
    frames = extract(SPEC, samples, 128.0, timestamps=100 + np.arange(512) / 128)
    assert [frame.index for frame in frames] == list(range(7))
    expected = differential_entropy(samples[64:192].T, 128.0, SPEC.bands)
    np.testing.assert_allclose(frames[1].values[:, :2], expected, rtol=1e-5)
    np.testing.assert_allclose(frames[1].values[:, 2], expected[:, 0] - expected[:, 1], rtol=1e-4)
    assert frames[1].t_end == pytest.approx(100 + 191 / 128)


def test_the_features_hardly_depend_on_the_sampling_rate() -> None:
    spec = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, bands=(THETA, ALPHA, BETA))
    fine = eeg(1000 * 30, 1)
    coarse = fine[::2]
    a, b = (stack(extract(spec, x, sfreq))[0] for x, sfreq in ((fine, 1000.0), (coarse, 500.0)))
    n = min(len(a), len(b))
    assert np.abs(a[:n] - b[:n]).mean() < 0.05


@pytest.mark.parametrize("sfreq", [128.0, 250.0])
def test_missing_samples_mark_their_frames_with_channel_and_share(sfreq: float) -> None:
    samples = eeg(int(sfreq * 6), 2)
    samples[int(sfreq * 2) : int(sfreq * 3), 1] = np.nan
    faults = [frame.fault for frame in extract(SPEC, samples, sfreq)]
    assert faults[0] is None and faults[-1] is None
    assert faults[4] == "T8: 100% of the samples missing"
    assert sum(fault is not None for fault in faults) == 3


def test_a_flat_channel_marks_its_frames() -> None:
    samples = eeg(128 * 4, 3)
    samples[:, 0] = 12.5
    assert extract(SPEC, samples, 128.0)[-1].fault == "T7: 100% of the signal flat"


def test_one_missing_sample_marks_no_frame() -> None:
    samples = eeg(128 * 4, 4)
    samples[200, 0] = np.nan
    assert all(frame.fault is None for frame in extract(SPEC, samples, 128.0))


def test_after_a_reset_the_next_sample_is_the_first() -> None:
    extractor = Extractor(SPEC, 250.0)
    samples, times = eeg(1000, 5), np.arange(1000) / 250.0
    first = stack(extractor.push(samples, times))
    extractor.reset()
    np.testing.assert_array_equal(stack(extractor.push(samples, times))[0], first[0])


def test_a_rate_too_low_for_the_bands_is_refused_with_reason_and_remedy() -> None:
    with pytest.raises(MatchError, match=r"64 Hz.*highest band ends at 50 Hz.*at least 100 Hz"):
        Extractor(SPEC, 64.0)


def test_too_short_a_recording_gives_no_frame() -> None:
    assert extract(SPEC, eeg(100, 6), 128.0) == []
    assert stack([])[0].shape == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ch_names": ()},
        {"ch_names": ("T7", "T7")},
        {"bands": ()},
        {"bands": (Band("high", 40.0, 70.0),)},
        {"window_s": 0.001},
        {"hop_s": 0.0},
        {"sfrq": 3},
    ],
)
def test_an_impossible_spec_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeatureSpec(**{"ch_names": ("T7",), "sfreq": 128.0, **wrong})  # type: ignore[arg-type]


def test_a_spec_survives_json() -> None:
    assert FeatureSpec.model_validate_json(SPEC.model_dump_json()) == SPEC


def test_the_cache_key_changes_with_what_changes_the_frames_only() -> None:
    assert SPEC.model_copy(update={"n_frames": 3}).cache_key() == SPEC.cache_key()
    assert SPEC.model_copy(update={"hop_s": 0.25}).cache_key() != SPEC.cache_key()


def test_the_normaliser_takes_mean_and_spread_away(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 2.0, (500, 5, 3))
    normalised = Normaliser.fit(values).transform(values)
    assert normalised.dtype == np.float32
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(normalised.std(axis=0), 1, atol=1e-5)


def test_a_constant_feature_is_not_divided_by_zero() -> None:
    assert np.isfinite(Normaliser.fit(np.ones((5, 2, 2))).transform(np.full((2, 2), 1.5))).all()


def test_a_normaliser_needs_two_frames_and_positive_spread() -> None:
    with pytest.raises(ValueError, match="two frames"):
        Normaliser.fit(np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match="positive"):
        Normaliser(np.zeros((1, 1)), np.zeros((1, 1)))

"""The simulated head shows what it was told to, and nothing depends on how it is cut."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.simulation import EMOTIONS, HEADSET_CHANNELS, HeadSettings, SimulatedHead, draw_person

T7, T8, O1, C3, FP1 = (HEADSET_CHANNELS.index(name) for name in ("T7", "T8", "O1", "C3", "Fp1"))
CALM = HeadSettings(blinks_per_min=0.0, jaw_clenches_per_min=0.0)


def head(seed: int = 1, **switches: float) -> SimulatedHead:
    return SimulatedHead(np.random.default_rng(seed), settings=HeadSettings(**switches))


def band_power(samples: np.ndarray, low: float, high: float, sfreq: float = 250.0) -> np.ndarray:
    frequencies, density = signal.welch(samples, sfreq, nperseg=round(2 * sfreq), axis=0)
    return density[(frequencies >= low) & (frequencies < high)].sum(axis=0) * frequencies[1]


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 1500), max_size=12), stimulus=st.sampled_from([None, 3]))
def test_chunks_of_any_size_give_the_same_bits(cuts: list[int], stimulus: int | None) -> None:
    whole = head(2, stimulus_effect=1.0).render(1500, "positive", stimulus)
    cut = head(2, stimulus_effect=1.0)
    sizes = np.diff([0, *sorted(cuts), 1500])
    assert np.array_equal(np.concatenate([cut.render(int(n), "positive", stimulus) for n in sizes]), whole)


def test_a_change_of_state_falls_on_the_same_sample_however_the_chunks_are() -> None:
    one, other = head(3), head(3)
    expected = np.concatenate([one.render(700, "neutral"), one.render(800, "positive")])
    pieces = [other.render(n, "neutral") for n in (1, 699)] + [other.render(n, "positive") for n in (300, 500)]
    assert np.array_equal(np.concatenate(pieces), expected)


def test_the_same_seed_gives_the_same_head_and_another_seed_another() -> None:
    assert np.array_equal(head(4).render(500, "neutral"), head(4).render(500, "neutral"))
    assert not np.array_equal(head(4).render(500, "neutral"), head(5).render(500, "neutral"))


def test_samples_are_float32_microvolts_of_a_plausible_size() -> None:
    samples = head().render(250 * 60, "neutral")
    assert samples.dtype == np.float32 and samples.shape == (15_000, 8)
    assert np.all((samples.std(axis=0) > 3) & (samples.std(axis=0) < 60))


def test_the_background_falls_with_frequency_as_the_persons_slope_says() -> None:
    person = draw_person(np.random.default_rng(0), subject_effect=0.0)
    only_background = SimulatedHead(np.random.default_rng(0), 250.0, ("C3",), CALM, person)
    only_background._levels[:] = 0.0
    only_background._make_block()
    samples = only_background.render(250 * 200, "neutral")
    frequencies, density = signal.welch(samples[500:, 0], 250.0, nperseg=1000)
    chosen = (frequencies > 1) & (frequencies < 30)
    slope = np.polyfit(np.log(frequencies[chosen]), np.log(density[chosen]), 1)[0]
    assert slope == pytest.approx(-person.slope, abs=0.15)


def test_alpha_stands_at_the_back_and_waxes_and_wanes() -> None:
    samples = SimulatedHead(np.random.default_rng(1), settings=CALM).render(250 * 60, "neutral")
    assert band_power(samples, 8, 13)[O1] > 4 * band_power(samples, 8, 13)[C3]
    seconds = signal.periodogram(samples[:, O1].reshape(60, 250), 250.0)[1][:, 8:13].sum(axis=1)
    assert seconds.max() > 2.5 * np.median(seconds) and seconds.min() < np.median(seconds) / 2


def test_blinks_show_at_the_front_only() -> None:
    many = SimulatedHead(np.random.default_rng(1), settings=HeadSettings(blinks_per_min=30, jaw_clenches_per_min=0))
    samples = many.render(250 * 60, "neutral")
    assert np.quantile(samples[:, FP1], 0.995) > 60 > np.quantile(samples[:, C3], 0.995)


def test_jaw_clenches_show_at_the_temples_as_bursts_of_high_frequency() -> None:
    many = SimulatedHead(np.random.default_rng(1), settings=HeadSettings(blinks_per_min=0, jaw_clenches_per_min=20))
    fast = np.diff(many.render(250 * 60, "neutral"), axis=0).reshape(-1, 8)
    assert fast[:, T7].std() > 1.5 * fast[:, C3].std()


def test_line_noise_is_there_when_asked_for() -> None:
    quiet, loud = head(1).render(5000, "neutral"), head(1, line_noise_uv=20.0).render(5000, "neutral")
    assert np.all(band_power(loud, 49, 51) > 20 * band_power(quiet, 49, 51))


@pytest.mark.parametrize(("low", "high"), [(14, 31), (31, 50)])
def test_a_positive_state_raises_beta_and_gamma_over_the_temples(low: float, high: float) -> None:
    average = HeadSettings(subject_effect=0.0, blinks_per_min=0.0, jaw_clenches_per_min=0.0)
    calm, happy = (
        SimulatedHead(np.random.default_rng(1), settings=average).render(250 * 120, state) for state in ("neutral", "positive")
    )
    change = np.log(band_power(happy, low, high) / band_power(calm, low, high))
    assert change[T7] > 0.2 and change[T7] > change[T8] > 0.1
    assert abs(change[O1]) < 0.05


def test_without_class_effect_the_states_are_the_same_bits() -> None:
    one, *others = (head(1, class_effect=0.0).render(2000, state) for state in EMOTIONS)
    assert all(np.array_equal(one, other) for other in others)


def test_a_state_fades_in_instead_of_jumping() -> None:
    switched, steady = head(1), head(1)
    switched.render(1000, "neutral"), steady.render(1000, "neutral")
    difference = np.abs(switched.render(1000, "positive") - steady.render(1000, "neutral"))[:, T7]
    assert difference[:5].max() < 0.1 * difference[500:].max()


def test_a_clip_leaves_the_same_course_in_every_person_when_switched_on() -> None:
    def course(seed: int, stimulus: int, effect: float) -> np.ndarray:
        chosen = HeadSettings(stimulus_effect=effect, blinks_per_min=0, jaw_clenches_per_min=0)
        samples = SimulatedHead(np.random.default_rng(seed), settings=chosen).render(250 * 180, "neutral", stimulus)
        return np.log(np.square(samples[:, 4:].reshape(60, 750, 4) - samples[:, 4:].mean(0)).mean(axis=(1, 2)))

    shared = np.corrcoef(course(1, 7, 3.0), course(2, 7, 3.0))[0, 1]
    other = np.corrcoef(course(1, 7, 3.0), course(2, 8, 3.0))[0, 1]
    assert shared > 0.4 > other
    assert np.array_equal(course(1, 7, 0.0), course(1, 8, 0.0))


def test_without_subject_effect_all_persons_are_the_average_one() -> None:
    persons = [draw_person(np.random.default_rng(seed), 0.0) for seed in (1, 2)]
    assert persons[0].alpha_peak == persons[1].alpha_peak == 10.0 and np.all(persons[0].levels == 1.0)
    assert draw_person(np.random.default_rng(1)).gain != draw_person(np.random.default_rng(2)).gain


def test_neighbouring_electrodes_share_more_than_distant_ones() -> None:
    samples = SimulatedHead(np.random.default_rng(1), 250.0, ("F3", "F5", "P8"), CALM).render(250 * 60, "neutral")
    together = np.corrcoef(samples.T)
    assert together[0, 1] > 0.5 > together[0, 2]


def test_a_label_that_names_no_electrode_gets_noise_of_its_own() -> None:
    samples = SimulatedHead(np.random.default_rng(1), 250.0, ("EXG 1", "EXG 2"), CALM).render(250 * 60, "neutral")
    assert np.isfinite(samples).all() and abs(np.corrcoef(samples.T)[0, 1]) < 0.2


@pytest.mark.parametrize("sfreq", [4.0, 128.0, 200.0, 1000.0])
def test_any_usual_sampling_rate_works(sfreq: float) -> None:
    samples = SimulatedHead(np.random.default_rng(1), sfreq).render(200, "positive")
    assert np.isfinite(samples).all()


def test_the_level_does_not_depend_on_the_sampling_rate() -> None:
    person = draw_person(np.random.default_rng(0), 0.0)
    slow, fast = (
        SimulatedHead(np.random.default_rng(1), f, ("C3",), CALM, person).render(round(60 * f), "neutral")
        for f in (128.0, 512.0)
    )
    assert band_power(slow, 2, 30, 128.0) == pytest.approx(band_power(fast, 2, 30, 512.0), rel=0.2)


def test_an_unknown_state_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'positive'"):
        head().render(10, "positiv")


def test_a_negative_strength_is_refused() -> None:
    with pytest.raises(ValueError, match="class_effect"):
        HeadSettings(class_effect=-1.0)


def test_it_is_a_hundred_times_faster_than_real_time() -> None:
    fast = head()
    started = time.perf_counter()
    fast.render(250 * 60, "positive")
    assert 60.0 / (time.perf_counter() - started) > 100


def test_the_62_channels_of_seed_can_be_rendered() -> None:
    assert SimulatedHead(np.random.default_rng(1), 200.0, SEED_CHANNELS).render(100, "negative").shape == (100, 62)

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly, sosfilt

from sclcm_core.streaming.bridge_gaps import GapBridge
from sclcm_core.streaming.filters import bandpass, notch
from sclcm_core.streaming.marks import FLAT, GOOD, MISSING, FlatWatch, merge
from sclcm_core.streaming.resample import Resampler, rate_ratio


def cut(n: int, seed: int) -> list[slice]:
    rng = np.random.default_rng(seed)
    edges = np.unique(np.r_[0, rng.integers(0, n + 1, rng.integers(0, 40)), n])
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


RATES = [(250.0, 128.0), (500.0, 128.0), (160.0, 128.0), (128.0, 250.0), (256.0, 128.0), (300.0, 250.0), (249.7, 250.0)]


@pytest.mark.parametrize(("sfreq_in", "sfreq_out"), RATES)
def test_the_resampler_equals_scipys_offline_one(sfreq_in: float, sfreq_out: float, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2000, 2))
    ratio = rate_ratio(sfreq_in, sfreq_out)
    ours, times, _ = Resampler(sfreq_in, sfreq_out, 2).push(x, np.arange(2000) / sfreq_in, np.zeros(x.shape, np.uint8))
    reference = resample_poly(x, ratio.numerator, ratio.denominator, axis=0)[: len(ours)]
    np.testing.assert_allclose(ours, reference, atol=1e-12)
    np.testing.assert_allclose(times, np.arange(len(ours)) / (sfreq_in * float(ratio)), atol=1e-9)
    assert len(ours) >= len(x) * sfreq_out / sfreq_in - 25


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), rates=st.sampled_from(RATES))
def test_resampling_in_chunks_gives_the_same_bits_as_at_once(seed: int, rates: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    x, t = rng.standard_normal((700, 3)).cumsum(axis=0), np.arange(700) / rates[0]
    marks = (rng.random(x.shape) < 0.1).astype(np.uint8)
    whole = Resampler(*rates, 3).push(x, t, marks)
    chunked = Resampler(*rates, 3)
    parts = [chunked.push(x[s], t[s], marks[s]) for s in cut(len(x), seed)]
    for k in range(3):
        np.testing.assert_array_equal(np.concatenate([part[k] for part in parts]), whole[k])


def test_resampling_keeps_a_tone_and_removes_what_would_alias() -> None:
    t = np.arange(5000) / 500.0
    tones = np.stack([np.sin(2 * np.pi * 10 * t), np.sin(2 * np.pi * 100 * t)], axis=1)
    out, times, _ = Resampler(500.0, 128.0, 2).push(tones, t, np.zeros(tones.shape, np.uint8))
    inner = slice(50, -50)
    np.testing.assert_allclose(out[inner, 0], np.sin(2 * np.pi * 10 * times[inner]), atol=1e-3)
    assert np.abs(out[inner, 1]).max() < 1e-3


def test_a_filter_forgets_nothing_between_chunks(rng: np.random.Generator) -> None:
    x = rng.standard_normal((500, 2))
    band = bandpass(8, 14, 200.0)
    state = band.start(np.zeros(2))
    parts = []
    for span in cut(500, 3):
        filtered, state = band.apply(x[span], state)
        parts.append(filtered)
    np.testing.assert_array_equal(np.concatenate(parts), sosfilt(band.sos, x, axis=0))


def test_a_filter_started_on_an_offset_makes_no_transient() -> None:
    x = np.full((300, 1), 1e5)
    for causal_filter in (bandpass(1, 45, 250.0), notch(50.0, 250.0)):
        filtered, _ = causal_filter.apply(x, causal_filter.start(x[0]))
        assert np.ptp(filtered) < 1e-3


def test_a_notch_removes_its_line_and_keeps_the_rest() -> None:
    t = np.arange(2500) / 250.0
    x = np.stack([np.sin(2 * np.pi * 50 * t), np.sin(2 * np.pi * 10 * t)], axis=1)
    line = notch(50.0, 250.0)
    filtered, _ = line.apply(x, line.start(x[0]))
    assert filtered[1000:, 0].std() < 0.02 and filtered[1000:, 1].std() > 0.69


@pytest.mark.parametrize("edges", [(10, 5), (-1, 5), (5, 125)])
def test_impossible_edges_are_refused(edges: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="band-pass needs"):
        bandpass(*edges, 250.0)


@given(seed=st.integers(0, 10**6))
def test_bridging_in_chunks_gives_the_same_bits_as_at_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((200, 2)) + 1e5
    x[rng.random(x.shape) < 0.3] = np.nan
    x[: rng.integers(0, 50), 0] = np.inf
    whole, valid = GapBridge(2).push(x)
    bridge = GapBridge(2)
    parts = [bridge.push(x[s]) for s in cut(200, seed)]
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), whole)
    np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), valid)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(valid, np.isfinite(x))


def test_the_bridge_carries_the_last_good_value_over() -> None:
    bridged, valid = GapBridge(1).push(np.array([[np.nan], [5.0], [7.0], [np.nan], [6.0]]))
    assert bridged.ravel().tolist() == [0, 0, 2, 2, 1]
    assert valid.ravel().tolist() == [False, True, True, False, True]


@given(seed=st.integers(0, 10**6))
def test_flat_stretches_are_found_whatever_the_chunks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((300, 2))
    x[50:150, 1] = 3.0
    whole = FlatWatch(100.0, 2).push(x)
    watch = FlatWatch(100.0, 2)
    np.testing.assert_array_equal(np.concatenate([watch.push(x[s]) for s in cut(300, seed)]), whole)
    assert not whole[:, 0].any() and whole[75:150, 1].all() and not whole[:74, 1].any() and not whole[150:, 1].any()


def test_a_missing_sample_counts_as_missing_rather_than_flat() -> None:
    marks = merge(np.array([[True, False, True]]), np.array([[False, True, True]]))
    assert marks.tolist() == [[GOOD, MISSING, FLAT]]

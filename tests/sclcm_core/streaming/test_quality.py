import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sclcm_core.recordings import read_recording
from sclcm_core.streaming.blinks import BlinkCounter, find_blinks
from sclcm_core.streaming.figures import FIGURES, measure
from sclcm_core.streaming.quality import LIMITS, Light, Trouble, assess, figure_table
from sclcm_core.streaming.quality_watch import QualityGate, QualityWatch

SFREQ = 250.0
NAMES = ("T7", "T8", "Fp1", "O1")


def eeg(seconds: float = 2.0, n_channels: int = 4, sfreq: float = SFREQ, seed: int = 1) -> np.ndarray:
    """Noise that falls with the frequency, 10 µV, shape (n_channels, n_times)."""
    n_times = int(seconds * sfreq)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((n_channels, n_times)))
    spectrum[:, 1:] /= np.maximum(np.fft.rfftfreq(n_times, 1 / sfreq)[1:], 1.0)
    out = np.fft.irfft(spectrum, n_times)
    return (10.0 * out / out.std(axis=1, keepdims=True)).astype(np.float32)


def troubles(samples: np.ndarray, sfreq: float = SFREQ, names: tuple[str, ...] = NAMES) -> list[list[tuple[str, str]]]:
    report = assess(samples, sfreq, names)
    return [[(f.trouble.value, f.light.value) for f in channel.findings] for channel in report.channels]


def test_clean_eeg_is_good() -> None:
    report = assess(eeg(), SFREQ, NAMES)
    assert report.light is Light.GOOD and report.line_frequency is None
    assert all(channel.light is Light.GOOD and channel.hint == "" for channel in report.channels)


def test_a_silent_channel_is_flat() -> None:
    samples = eeg()
    samples[1] = 17.0
    assert troubles(samples) == [[], [("flat", "poor")], [], []]


def test_a_channel_that_stops_half_way_is_flat() -> None:
    samples = eeg()
    samples[1, 250:] = samples[1, 250]
    assert troubles(samples)[1] == [("flat", "poor")]


@pytest.mark.parametrize("rail", [187_500.0, -187_500.0, 1000.0])
def test_a_channel_at_the_amplifiers_limit_is_railed(rail: float) -> None:
    samples = eeg()
    samples[3] = rail
    assert troubles(samples)[3] == [("railed", "poor")]


def test_a_clipped_channel_is_railed() -> None:
    samples = eeg()
    samples[0] = np.clip(100 * samples[0], -400, 400)
    assert ("railed", "poor") in troubles(samples)[0]


def test_missing_samples_are_counted_and_spoil_nothing_else() -> None:
    samples = eeg()
    samples[2, 100:110] = np.nan
    report = assess(samples, SFREQ, NAMES)
    assert report.channels[2].missing_share == pytest.approx(0.02)
    assert troubles(samples) == [[], [], [("missing", "poor")], []]
    assert np.isfinite(report.channels[2].rms_uv)


def test_a_channel_without_any_number_is_missing() -> None:
    samples = eeg()
    samples[:] = np.nan
    report = assess(samples, SFREQ, NAMES)
    assert all(channel.findings[0].trouble is Trouble.MISSING for channel in report.channels) and report.light is Light.POOR


@pytest.mark.parametrize("line", [50.0, 60.0])
@pytest.mark.parametrize("sfreq", [128.0, 250.0, 1000.0])
def test_mains_hum_is_found_with_its_frequency_and_amplitude(line: float, sfreq: float) -> None:
    samples = eeg(sfreq=sfreq)
    hum = 30.0 * np.sqrt(2) * np.sin(2 * np.pi * line * np.arange(samples.shape[1]) / sfreq)
    report = assess(samples + hum, sfreq, NAMES)
    assert report.line_frequency == line
    for channel in report.channels:
        assert channel.line_uv == pytest.approx(30.0, rel=0.1)
        assert channel.findings[0].trouble is Trouble.LINE_NOISE


def test_at_a_rate_too_low_for_the_mains_no_hum_can_be_told() -> None:
    report = assess(eeg(sfreq=64.0), 64.0, NAMES)
    assert report.line_frequency is None and all(np.isnan(channel.line_uv) for channel in report.channels)


def test_muscle_at_the_temples_asks_to_unclench_the_jaw() -> None:
    samples = eeg()
    samples[0] += np.random.default_rng(2).normal(0, 40, samples.shape[1]).astype(np.float32)
    samples[3] += np.random.default_rng(3).normal(0, 40, samples.shape[1]).astype(np.float32)
    report = assess(samples, SFREQ, NAMES)
    assert [c.findings[0].trouble for c in report.channels if c.findings] == [Trouble.MUSCLE, Trouble.MUSCLE]
    assert "jaw" in report.channels[0].hint and "jaw" not in report.channels[3].hint


def test_a_step_is_drift() -> None:
    samples = eeg()
    samples[0] += np.linspace(0, 2000, samples.shape[1], dtype=np.float32)
    assert troubles(samples)[0] == [("drift", "poor")]


def test_an_offset_changes_nothing_but_rounding() -> None:
    plain, offset = (measure(eeg() + shift, SFREQ).table for shift in (0.0, np.float32(5000.0)))
    np.testing.assert_allclose(plain, offset, atol=0.02)


@given(order=st.permutations(range(4)))
@settings(max_examples=10, deadline=None)
def test_channels_do_not_know_each_other(order: list[int]) -> None:
    samples = eeg()
    samples[1] = 0.0
    one = {c.name: c for c in assess(samples, SFREQ, NAMES).channels}
    other = assess(samples[order], SFREQ, [NAMES[k] for k in order])
    for channel in other.channels:
        assert channel.findings == one[channel.name].findings


@given(samples=st.integers(0, 2**32 - 1), n_times=st.integers(4, 300), sfreq=st.sampled_from([1.0, 8.0, 100.0, 256.0, 20000.0]))
@settings(max_examples=40, deadline=None)
def test_any_window_gets_a_report(samples: int, n_times: int, sfreq: float) -> None:
    rng = np.random.default_rng(samples)
    window = (rng.standard_normal((3, n_times)) * 10.0 ** rng.uniform(-3, 6, (3, 1))).astype(np.float32)
    window[rng.random(window.shape) < rng.choice([0.0, 0.1, 1.0])] = rng.choice([np.nan, np.inf])
    report = assess(window, sfreq, ("a", "b", "c"))
    assert figure_table(report).shape == (3, 1 + len(FIGURES)) and len(report.channels) == 3


def test_every_trouble_has_limits_and_a_hint() -> None:
    assert set(LIMITS) == set(Trouble) and all(fair < poor for fair, poor in LIMITS.values())


def test_a_prediction_is_withheld_when_too_many_of_its_channels_are_poor() -> None:
    samples = eeg()
    samples[1] = 0.0
    report = assess(samples, SFREQ, NAMES)
    assert report.withhold_reason(("T7", "T8")) == "poor signal: T8 flat"
    assert report.withhold_reason(("T7", "T8"), max_poor_share=0.5) is None
    assert report.withhold_reason(NAMES) is None
    assert report.withhold_reason(("T7", "O1")) is None


def test_thirty_two_channels_cost_less_than_a_millisecond() -> None:
    samples, names = eeg(n_channels=32), [f"C{k}" for k in range(32)]
    costs = []
    for _ in range(30):
        started = time.perf_counter()
        assess(samples, SFREQ, names)
        costs.append(time.perf_counter() - started)
    assert min(costs) < 1e-3


# -- along a stream ----------------------------------------------------------------------------------------------------------------


def with_blinks(at: list[float], seconds: float = 60.0) -> np.ndarray:
    samples = eeg(seconds)
    t = np.arange(samples.shape[1]) / SFREQ
    for moment in at:
        samples[2] += (120 * np.exp(-0.5 * ((t - moment) / 0.08) ** 2)).astype(np.float32)
    return samples


def test_blinks_are_found_where_they_are() -> None:
    at = [3.0, 7.5, 8.1, 21.0, 40.0]
    np.testing.assert_allclose(find_blinks(with_blinks(at)[[2]], SFREQ), at, atol=0.03)


def test_each_blink_is_counted_once() -> None:
    at = [2.0 + 3.0 * k for k in range(19)]
    reports = QualityWatch(SFREQ, NAMES).push(with_blinks(at).T, np.arange(60 * 250) / SFREQ)
    assert reports[0].blinks_per_minute is None
    assert reports[-1].blinks_per_minute == pytest.approx(20.0, rel=0.05)


def test_without_forehead_electrodes_no_blink_rate_is_told() -> None:
    counter = BlinkCounter(SFREQ, ("T7", "T8"))
    assert all(counter.push(eeg(2.0, 2).T) is None for _ in range(20))


@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
@settings(max_examples=15, deadline=None)
def test_chunking_changes_nothing(cuts: list[int]) -> None:
    samples, times = with_blinks([3.0, 8.0], 12.0).T.copy(), np.arange(3000) / SFREQ
    samples[700:720] = np.nan
    whole = QualityWatch(SFREQ, NAMES).push(samples, times)
    watch, edges = QualityWatch(SFREQ, NAMES), [0, *sorted(cuts), 3000]
    parts = [r for a, b in pairwise(edges) for r in watch.push(samples[a:b], times[a:b])]
    assert repr(parts) == repr(whole) and len(whole) == 21


def test_the_gate_withholds_what_a_clenched_jaw_touches_and_nothing_else() -> None:
    samples = eeg(30.0, 2)
    noise = np.random.default_rng(2).normal(0, 60, (2, 751))
    samples[:, 10 * 250 : 13 * 250] += np.diff(noise, axis=1).astype(np.float32)
    gate = QualityGate(SFREQ, ("T7", "T8"), span_s=5.0)
    gate.push(samples.T, np.arange(30 * 250) / SFREQ)
    reasons = {t: gate.why_withheld(t - 5.0, t) for t in np.arange(5.0, 30.0, 0.5)}
    assert all(reasons[t] is None for t in (5.0, 9.0, 10.0, 20.0, 29.0))
    assert reasons[13.0] == "poor signal: T7 muscle, T8 muscle (in 60% of the window)"


@given(cuts=st.lists(st.integers(0, 5000), max_size=8))
@settings(max_examples=10, deadline=None)
def test_the_gate_answers_alike_however_the_samples_come(cuts: list[int]) -> None:
    samples, times = eeg(20.0, 2).T.copy(), np.arange(5000) / SFREQ
    samples[2000:2600] = 0.0
    spans = [(t - 5.0, t) for t in np.arange(5.0, 20.0, 0.5)]
    whole = QualityGate(SFREQ, ("T7", "T8"), 5.0)
    whole.push(samples, times)
    expected = [whole.why_withheld(*span) for span in spans]
    gate, edges, found = QualityGate(SFREQ, ("T7", "T8"), 5.0), [0, *sorted(cuts), 5000], []
    for a, b in pairwise(edges):
        gate.push(samples[a:b], times[a:b])
        while len(found) < len(spans) and spans[len(found)][1] <= (b - 1) / SFREQ:
            found.append(gate.why_withheld(*spans[len(found)]))
    assert found == expected[: len(found)] and any(expected)


# -- on real recordings ------------------------------------------------------------------------------------------------------------


def reports_of(path: Path, trial: int | None = None) -> list:
    recording = read_recording(path, trial=trial)
    return QualityWatch(recording.spec.sfreq, recording.spec.ch_names).push(recording.samples, recording.timestamps)


@pytest.mark.data
def test_a_cleaned_recording_is_good_but_for_its_padded_end(data_dir: Path) -> None:
    lights = [report.light for report in reports_of(data_dir / "eegmat" / "Subject00_1.edf")]
    assert lights.count(Light.GOOD) / len(lights) > 0.98
    assert lights[-1] is Light.POOR


@pytest.mark.data
def test_muse_and_emotiv_at_rest_are_good(data_dir: Path) -> None:
    folder = data_dir / "samples"
    muse = reports_of(folder / "REAL_muse2016_256Hz_120s_markers.csv")
    emotiv = reports_of(folder / "emotiv_insight_EO_EC_10x40s_128Hz_5ch.npz", trial=1)
    for reports in (muse, emotiv):
        assert sum(report.light is Light.GOOD for report in reports) / len(reports) > 0.9
        assert not any(report.light is Light.POOR for report in reports)


@pytest.mark.data
def test_an_unshielded_board_shows_american_mains_hum(data_dir: Path) -> None:
    reports = reports_of(data_dir / "samples" / "REAL_openbci_cyton8_250Hz_last30s_alpha.txt")
    assert all(report.line_frequency == 60.0 for report in reports)
    humming = [c for r in reports for c in r.channels if any(f.trouble is Trouble.LINE_NOISE for f in c.findings)]
    assert len(humming) / (len(reports) * 8) > 0.9


@pytest.mark.data
def test_blinks_and_a_tense_temple_are_seen_in_a_real_minute(data_dir: Path) -> None:
    reports = reports_of(data_dir / "samples" / "eegmmidb_S001R03_19ch_160Hz_60s.edf")
    assert 10 < (reports[-1].blinks_per_minute or 0) < 30
    tense = {c.name for r in reports for c in r.channels if any(f.trouble is Trouble.MUSCLE for f in c.findings)}
    assert "T8" in tense and len(tense) <= 3

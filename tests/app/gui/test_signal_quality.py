import numpy as np
import pytest

from app.gui.signal_quality import Grade, advice, judge

pytestmark = pytest.mark.gui

SFREQ = 250.0


@pytest.fixture
def good(rng):
    """Two seconds of 1/f noise, as EEG has it."""
    white = np.fft.rfft(rng.standard_normal(500))
    shaped = np.fft.irfft(white / np.maximum(np.arange(251), 1.0), 500)
    return shaped / shaped.std() * 15.0


def graded(channel: np.ndarray):
    return judge(channel[:, None].astype(np.float32), SFREQ)[0]


def test_a_quiet_head_is_good(good):
    assert graded(good).grade is Grade.GOOD


def test_a_flat_channel_is_bad_and_says_so():
    contact = graded(np.full(500, 12.0))
    assert contact.grade is Grade.BAD
    assert contact.finding.startswith("flat")
    assert "press" in contact.hint


def test_a_channel_that_has_just_been_unplugged_is_flat(good):
    good[200:] = 40.0
    assert graded(good).finding.startswith("flat")


def test_missing_samples_are_bad(good):
    good[:50] = np.nan
    assert graded(good).finding == "10% of the samples missing"


@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_mains_hum_is_named(good, frequency):
    contact = graded(good + 60 * np.sin(2 * np.pi * frequency * np.arange(500) / SFREQ))
    assert "mains hum" in contact.finding
    assert contact.grade is Grade.BAD


def test_muscle_is_named(good, rng):
    noise = np.diff(rng.standard_normal(501)) * 25
    assert "muscle" in graded(good + noise).finding


def test_a_loose_electrode_is_bad(good):
    assert graded(good + 900 * np.sin(2 * np.pi * 0.7 * np.arange(500) / SFREQ)).grade is Grade.BAD


def test_the_hint_speaks_of_the_worst_and_of_the_model_first(good):
    flat = np.zeros(500)
    contacts = judge(np.stack([good, flat, flat], axis=1), SFREQ)
    assert advice(["O1", "O2", "T7"], contacts, {2}).startswith("T7: flat")
    assert advice(["O1"], contacts[:1], set()) == "All electrodes are good."


def test_a_slow_stream_is_judged_without_what_it_cannot_show(good):
    assert judge(good[:, None], 60.0)[0].grade is Grade.GOOD

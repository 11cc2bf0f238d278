"""Numbers of any unit become µV, or the user is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.acquisition.units import factor_of, find_scaling, is_eeg_channel, scatter


def eeg(rng, scale: float = 1.0, offset: float = 0.0, n_channels: int = 3) -> np.ndarray:
    return (offset + 20.0 * rng.standard_normal((125, n_channels))) * scale


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("V", 1e6),
        ("Volts", 1e6),
        ("mV", 1e3),
        ("uV", 1.0),
        ("µV", 1.0),
        ("μV", 1.0),
        ("microvolts", 1.0),
        ("-6", 1.0),
        ("nV", 1e-3),
    ],
)
def test_units_are_read_however_they_are_written(unit, factor):
    assert factor_of(unit) == factor


@pytest.mark.parametrize("unit", ["", "counts", "raw", "g", "none", "0"])
def test_what_is_no_voltage_has_no_factor(unit):
    assert factor_of(unit) is None


@pytest.mark.parametrize("offset", [0.0, -2e5])
@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6, 1e3])
def test_an_undeclared_unit_is_inferred_whatever_the_offset(rng, scale, offset):
    found = find_scaling([""] * 3, [True] * 3, eeg(rng, scale, offset))
    assert np.allclose(found.factors, 1 / scale)
    assert "gives no unit" in found.message


def test_a_declared_unit_is_believed_when_the_signal_fits(rng):
    found = find_scaling(["V"] * 3, [True] * 3, eeg(rng, 1e-6))
    assert np.array_equal(found.factors, [1e6] * 3)
    assert found.message == ""


def test_a_declared_unit_that_the_signal_rules_out_is_corrected_and_told(rng):
    found = find_scaling(["uV"] * 3, [True] * 3, eeg(rng, 1e-6))
    assert np.allclose(found.factors, 1e6)
    assert "cannot be right" in found.message


@pytest.mark.parametrize("level", [100.0, 0.02])
def test_a_noisy_or_quiet_signal_is_told_but_not_rescaled(rng, level):
    found = find_scaling(["uV"] * 3, [True] * 3, level * eeg(rng))
    assert found.is_identity
    assert "check the stream's unit and the electrodes" in found.message


def test_a_silent_or_flat_stream_is_believed_what_it_says():
    for samples in (np.zeros((0, 2)), np.full((125, 2), 7.0)):
        found = find_scaling(["mV", "mV"], [True, True], samples)
        assert np.array_equal(found.factors, [1e3, 1e3])
        assert found.message == ""


def test_channels_that_are_no_eeg_keep_their_numbers(rng):
    found = find_scaling(["V", "counts", "V"], [True, False, True], eeg(rng, 1e-6))
    assert np.array_equal(found.factors, [1e6, 1.0, 1e6])


def test_lost_and_infinite_samples_do_not_disturb_the_scale(rng):
    samples = eeg(rng)
    samples[10:20] = np.nan
    samples[50] = np.inf
    samples[:, 2] = np.nan
    assert scatter(samples)[:2] == pytest.approx([20.0, 20.0], rel=0.3)
    assert scatter(samples)[2] == 0.0


@given(st.floats(-1e6, 1e6), st.floats(-100, 100))
def test_scatter_is_blind_to_offset_and_drift(offset, slope):
    wave = np.sin(np.arange(200) * 1.7)[:, None]
    drifting = wave + offset + slope * np.arange(200)[:, None]
    assert scatter(drifting) == pytest.approx(scatter(wave), rel=0.1, abs=1e-6)


@pytest.mark.parametrize(
    ("label", "ch_type", "expected"),
    [
        ("T7", "", True), ("EEG T3", "eeg", True), ("E45", "EEG", True), ("T7", "misc", False), ("TRIG", "", False),
        ("X", "ACC", False), ("T8", "potential", True), ("ch 3", "", True), ("HEOG", "EOG", False),
    ],
)  # fmt: skip
def test_eeg_channels_are_told_by_type_then_by_label(label, ch_type, expected):
    assert is_eeg_channel(label, ch_type) is expected

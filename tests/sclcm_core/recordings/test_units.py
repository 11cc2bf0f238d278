"""Units: what is stated is believed unless it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from sclcm_core.recordings.units import check_microvolts, microvolts_per, typical_spread

EEG = 20.0 * np.random.default_rng(0).standard_normal((2500, 4))


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("µV", 1.0),
        ("μV", 1.0),
        ("uV", 1.0),
        (" microvolts ", 1.0),
        ("MV", 1e3),
        ("V", 1e6),
        ("nV", 1e-3),
        ("counts", None),
        (None, None),
    ],
)
def test_spellings_of_units_are_known(unit: str | None, expected: float | None) -> None:
    assert microvolts_per(unit) == expected


@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_the_spread_is_that_within_a_second_whatever_the_offset(offset: float) -> None:
    drift = np.linspace(0, 500, 2500)[:, None]
    assert typical_spread(EEG + offset + drift, 250.0) == pytest.approx(32.0, rel=0.3)


def test_flat_and_lost_channels_do_not_count() -> None:
    samples = np.concatenate([EEG, np.zeros((2500, 3)), np.full((2500, 3), np.nan)], axis=1)
    assert typical_spread(samples, 250.0) == typical_spread(EEG, 250.0)
    assert np.isnan(typical_spread(samples[:, 4:], 250.0))


@pytest.mark.parametrize(("factor", "stated", "expected"), [
    (1.0, True, 1.0), (1.0, False, 1.0), (1e-6, True, 1e6), (1e-6, False, 1e6), (1e-3, False, 1e3), (1e3, False, 1e-3), (50.0, True, 1.0),
    (1e-3, True, 1.0), (1e12, True, 1.0),
])  # fmt: skip
def test_the_factor_makes_eeg_of_the_numbers(factor: float, stated: bool, expected: float) -> None:
    found, note = check_microvolts(EEG * factor, 250.0, stated=stated)
    assert found == expected
    assert (note is None) == (expected == 1.0 and factor < 1e6)


def test_nothing_is_said_of_a_flat_recording() -> None:
    assert check_microvolts(np.zeros((500, 2)), 250.0, stated=False) == (1.0, None)

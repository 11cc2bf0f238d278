"""How good the contact of each electrode is, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from sclcm_core.bands import Band
from sclcm_core.features.spectrum import band_variance
from sclcm_core.types import Float64Array, FloatArray

LOWEST_UV, LARGE_UV, HUGE_UV = 0.5, 150.0, 400.0
LINE_SHARE, MUSCLE_SHARE = 0.5, 0.55
MISSING_SHARE = 0.02
STILL_UV, STILL_SHARE = 0.005, 0.5
"""A channel that moves less than this from sample to sample, for more than this share of the time, is flat."""


class Grade(IntEnum):
    """How far a channel can be trusted."""

    GOOD = 0
    FAIR = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of one electrode.

    Parameters
    ----------
    grade : Grade
        How far it can be trusted.
    finding : str
        What was seen, with the figure.
    hint : str
        What to do; empty when all is well.
    """

    grade: Grade
    finding: str
    hint: str = ""


def judge(samples: FloatArray, sfreq: float) -> list[Contact]:
    """Judge each channel by its newest seconds.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials in µV; NaN where there is none.
    sfreq : float
        Sampling rate in Hz.

    Returns
    -------
    list of Contact
        One a channel. The first finding that applies: missing, flat, huge, mains hum, muscle, large.
    """
    missing = ~np.isfinite(samples)
    filled = np.where(missing, 0.0, samples)
    centred = filled - np.median(filled, axis=0)
    swing = np.quantile(np.abs(centred), 0.98, axis=0)
    spread = centred.std(axis=0)
    hum, muscle = _shares(centred, sfreq)
    still = (np.abs(np.diff(filled, axis=0)) < STILL_UV).mean(axis=0)
    spread = np.where(still > STILL_SHARE, 0.0, spread)
    facts = zip(missing.mean(axis=0), spread, swing, hum, muscle, strict=True)
    return [_contact(*(float(value) for value in row)) for row in facts]


def _contact(missing: float, spread: float, swing: float, hum: float, muscle: float) -> Contact:
    hum_grade = Grade.BAD if hum > 0.8 else Grade.FAIR
    rules = (
        (
            missing > MISSING_SHARE,
            Grade.BAD,
            f"{missing:.0%} of the samples missing",
            "Move closer to the receiver; check the network.",
        ),
        (spread < LOWEST_UV, Grade.BAD, f"flat ({spread:.2g} µV)", "Not connected: press the electrode down, check the plug."),
        (swing > HUGE_UV, Grade.BAD, f"swings of {swing:.0f} µV", "Loose: part the hair, add gel or water, sit still."),
        (hum > LINE_SHARE, hum_grade, f"{hum:.0%} mains hum", "Check ground and reference; move away from chargers."),
        (muscle > MUSCLE_SHARE, Grade.FAIR, f"{muscle:.0%} above 30 Hz: muscle", "Relax jaw and forehead."),
        (swing > LARGE_UV, Grade.FAIR, f"swings of {swing:.0f} µV", "Blinks or movement: wait, or sit still."),
    )
    found = next((rule for rule in rules if rule[0]), None)
    return Contact(Grade.GOOD, f"good ({spread:.0f} µV)") if found is None else Contact(*found[1:])


def _shares(centred: Float64Array, sfreq: float) -> tuple[Float64Array, Float64Array]:
    """Return the shares of the variance above 1 Hz that are mains hum, and that lie above 30 Hz without it; (n_channels,) each."""
    top = 0.48 * sfreq
    if top < 32 or len(centred) < sfreq:
        return np.zeros(centred.shape[1]), np.zeros(centred.shape[1])
    parts = [Band("all", 1.0, top), Band("high", 30.0, top)]
    parts += [Band(f"{f:g} Hz", f - 1.5, f + 1.5) for f in (50.0, 60.0) if f + 1.5 < top]
    power = band_variance(centred.T, sfreq, parts)
    everything = np.maximum(power[0], 1e-12)
    hum = power[2:].max(axis=0) if len(power) > 2 else np.zeros(power.shape[1])
    inside_high = power[2:].sum(axis=0) if len(power) > 2 else np.zeros(power.shape[1])
    return hum / everything, np.clip(power[1] - inside_high, 0, None) / everything


def advice(names: list[str], contacts: list[Contact], fed: set[int]) -> str:
    """Return one sentence: the worst electrode, those of the model first, and what to do about it.

    Parameters
    ----------
    names : list of str
        Names of the channels.
    contacts : list of Contact
        What is known of them.
    fed : set of int
        Which of them the model sees.
    """
    if not contacts:
        return "No channel of this stream is an electrode with a known place."
    worst = max(range(len(contacts)), key=lambda k: (contacts[k].grade, k in fed, -k))
    if contacts[worst].grade is Grade.GOOD:
        return "All electrodes are good."
    return f"{names[worst]}: {contacts[worst].finding}. {contacts[worst].hint}"

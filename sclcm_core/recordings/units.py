"""Units of potentials: what a file says, and whether the numbers can be that."""

from __future__ import annotations

import math

import numpy as np

from sclcm_core.types import FloatArray

MICROVOLTS: dict[str, float] = {
    "uv": 1.0, "µv": 1.0, "μv": 1.0, "microvolt": 1.0, "microvolts": 1.0,
    "mv": 1e3, "millivolt": 1e3, "millivolts": 1e3,
    "v": 1e6, "volt": 1e6, "volts": 1e6,
    "nv": 1e-3, "nanovolt": 1e-3, "nanovolts": 1e-3,
}  # fmt: skip
"""How many µV each unit is; keys in lower case."""

LOWEST_UV, HIGHEST_UV = 0.02, 20_000.0
"""Between these the spread of a living channel lies, with room for poor contacts and hum."""

_CANDIDATES = (1.0, 1e6, 1e3, 1e-3)
_NAMES = {1.0: "µV", 1e3: "mV", 1e6: "V", 1e-3: "nV"}
_TYPICAL_UV = (2.0, 2000.0)


def microvolts_per(unit: str | None) -> float | None:
    """Return how many µV a unit is, or None when it is missing or no unit of potential.

    Parameters
    ----------
    unit : str or None
        The unit as a file or stream gives it.

    Examples
    --------
    >>> microvolts_per("microvolts"), microvolts_per("mV"), microvolts_per("counts"), microvolts_per(None)
    (1.0, 1000.0, None, None)
    """
    return MICROVOLTS.get((unit or "").strip().lower())


def typical_spread(samples: FloatArray, sfreq: float) -> float:
    """Return how much the channels typically vary within a second, whatever their offsets and drifts.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials, in any unit.
    sfreq : float
        Sampling rate in Hz.

    Returns
    -------
    float
        Median over channels and seconds of the standard deviation within a second, in the unit of the samples; flat channels
        are left out, NaN when nothing is left.
    """
    n = max(2, min(round(sfreq), len(samples)))
    seconds = samples[: len(samples) // n * n].reshape(-1, n, samples.shape[1])
    seconds = seconds[:: max(1, len(seconds) // 120)]
    with np.errstate(invalid="ignore", over="ignore"):
        spread = np.ptp(seconds.astype(np.float64), axis=1) / 4
    living = spread[np.isfinite(spread) & (spread > 0)]
    return float(np.median(living)) if living.size else math.nan


def check_microvolts(samples: FloatArray, sfreq: float, *, stated: bool) -> tuple[float, str | None]:
    """Check whether potentials can be in µV, and say what factor would make them so.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Potentials of the EEG channels, believed to be in µV.
    sfreq : float
        Sampling rate in Hz.
    stated : bool
        Whether the source stated the unit, so that it is believed unless impossible; else the likeliest unit is taken.

    Returns
    -------
    factor : float
        What to multiply the samples by; 1 when they are plausible or nothing makes them so.
    note : str or None
        What was found, for the user; None when all is well.

    Examples
    --------
    >>> volts = 2e-5 * np.random.default_rng(0).standard_normal((1000, 2))
    >>> check_microvolts(volts, 250.0, stated=False)[0]
    1000000.0
    """
    spread = typical_spread(samples, sfreq)
    low, high = (LOWEST_UV, HIGHEST_UV) if stated else _TYPICAL_UV
    if math.isnan(spread) or low <= spread <= high:
        return 1.0, None
    fitting = [factor for factor in _CANDIDATES if _TYPICAL_UV[0] <= spread * factor <= _TYPICAL_UV[1]]
    if not fitting and LOWEST_UV <= spread <= HIGHEST_UV:
        return 1.0, None
    if not fitting:
        return 1.0, f"The channels vary by {spread:.3g} a second, which is no EEG in µV, mV or V; the numbers are left as is."
    said = "are said to be in µV" if stated else "have no unit"
    return fitting[0], f"The channels {said} but vary by {spread:.3g} a second; they are taken as {_NAMES[fitting[0]]}."

"""Which factor turns a stream's numbers into µV, and whether the result can be EEG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sclcm_core.montage import is_eeg_label
from sclcm_core.types import Float64Array, FloatArray

_FACTORS = {
    "v": 1e6, "volt": 1e6, "volts": 1e6,
    "mv": 1e3, "millivolt": 1e3, "millivolts": 1e3, "-3": 1e3,
    "uv": 1.0, "µv": 1.0, "μv": 1.0, "microvolt": 1.0, "microvolts": 1.0, "-6": 1.0,
    "nv": 1e-3, "nanovolt": 1e-3, "nanovolts": 1e-3, "-9": 1e-3,
}  # fmt: skip
"""µV in one of the unit; numbers are the power of ten of mne-lsl's descriptions."""

PLAUSIBLE_UV = (0.5, 500.0)
"""Scatter of the signal of an electrode, in µV: the noise of a good amplifier on one side, a bad contact on the other."""

_ROUNDING = 1e-12
_GUESSES = (1.0, 1e6, 1e3, 1e-3)
_NOT_EEG = ("aux", "misc", "trig", "stim", "acc", "gyro", "counter", "ecg", "emg", "eog", "battery", "marker", "event")


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a stream's numbers become µV.

    Parameters
    ----------
    factors : ndarray of float64, shape (n_channels,)
        µV in one of the stream's units; 1 for channels that are not EEG.
    message : str
        What the user should know, or an empty string.
    """

    factors: Float64Array
    message: str = ""

    @property
    def is_identity(self) -> bool:
        """Whether the numbers are µV already."""
        return bool(np.all(self.factors == 1.0))


def factor_of(unit: str) -> float | None:
    """Return µV in one of a unit, or None when the unit is not known.

    Parameters
    ----------
    unit : str
        The unit as a stream writes it.

    Examples
    --------
    >>> factor_of("microvolts"), factor_of("mV"), factor_of("counts")
    (1.0, 1000.0, None)
    """
    return _FACTORS.get(unit.strip().lower())


def is_eeg_channel(label: str, ch_type: str = "") -> bool:
    """Tell whether a channel is EEG, by its type where one is given, else by its label.

    Parameters
    ----------
    label : str
        Label of the channel.
    ch_type : str
        Type of the channel; empty when not given.

    Examples
    --------
    >>> is_eeg_channel("T7"), is_eeg_channel("T7", "AUX"), is_eeg_channel("E45", "EEG"), is_eeg_channel("TRIG")
    (True, False, True, False)
    """
    kind = ch_type.strip().lower()
    if kind:
        return kind == "eeg" or (not kind.startswith(_NOT_EEG) and is_eeg_label(label))
    return is_eeg_label(label) or label.startswith("ch ")


def find_scaling(units: Sequence[str], eeg: Sequence[bool], samples: FloatArray) -> Scaling:
    """Decide how a stream's numbers become µV.

    The declared unit is believed unless the signal rules it out and exactly one other unit fits; an unknown unit is inferred
    from the signal.

    Parameters
    ----------
    units : sequence of str
        Declared unit of each channel; empty where none is given.
    eeg : sequence of bool
        Whether each channel is EEG.
    samples : ndarray, shape (n_samples, n_channels)
        The stream's first samples, in its own unit.

    Returns
    -------
    Scaling
        The factors and what to tell the user.
    """
    is_eeg = np.asarray(eeg, dtype=bool)
    declared = np.array([_declared(unit) for unit in units])
    spread = scatter(samples)
    known = is_eeg & np.isfinite(declared)
    factors = np.where(known, declared, 1.0)
    messages = []
    for group, unit in ((known, "declared"), (is_eeg & ~known, "")):
        if group.any():
            message, correction = _judge(spread[group] * factors[group], unit)
            factors[group] *= correction
            messages.append(message)
    return Scaling(factors, " ".join(m for m in messages if m))


def _declared(unit: str) -> float:
    factor = factor_of(unit)
    return np.nan if factor is None else factor


def _judge(spread: Float64Array, declared: str) -> tuple[str, float]:
    """Return what to tell, and by what to multiply, for channels with this scatter, shape (n,), in supposed µV."""
    moving = spread[spread > 0]
    if not len(moving):
        return ("", 1.0) if declared else ("The stream gives no unit; µV is assumed.", 1.0)
    typical = float(np.median(moving))
    fitting = [g for g in _GUESSES if PLAUSIBLE_UV[0] <= typical * g <= PLAUSIBLE_UV[1]]
    if 1.0 in fitting:
        return ("", 1.0) if declared else ("The stream gives no unit; its signal fits µV.", 1.0)
    if len(fitting) == 1 and (not declared or not _nearly_plausible(typical)):
        name = {1e6: "V", 1e3: "mV", 1e-3: "nV"}[fitting[0]]
        if declared:
            return (
                f"The stream's unit cannot be right: its signal would scatter by {typical:.2g} µV. "
                f"It is taken as off by a factor of {fitting[0]:g}."
            ), fitting[0]
        return f"The stream gives no unit; its signal fits {name}.", fitting[0]
    return f"The signal scatters by {typical:.2g} µV, which is not EEG: check the stream's unit and the electrodes.", 1.0


def _nearly_plausible(typical: float) -> bool:
    return PLAUSIBLE_UV[0] / 20 <= typical <= PLAUSIBLE_UV[1] * 20


def scatter(samples: FloatArray) -> Float64Array:
    """Return a robust scatter of each channel, blind to offset and slow drift.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        Samples in any unit; NaN where there is none.

    Returns
    -------
    ndarray of float64, shape (n_channels,)
        Scatter in the same unit; 0 where a channel does not move or has too few samples.

    Notes
    -----
    1.4826 times the median absolute deviation from a straight line through the channel.
    """
    data = np.asarray(samples, dtype=np.float64)
    if len(data) < 8:
        return np.zeros(data.shape[1])
    data = np.where(np.isfinite(data), data, np.nanmedian(np.where(np.isfinite(data), data, 0.0), axis=0))
    t = np.linspace(-1, 1, len(data))[:, None]
    residual = data - data.mean(axis=0) - t * (t * data).sum(axis=0) / (t * t).sum()
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual, axis=0)), axis=0)
    return np.where(spread > _ROUNDING * np.abs(data).max(axis=0), spread, 0.0)

"""Faults to order: what can go wrong with a headset, for teaching and for tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sclcm_core.errors import ConfigError, nearest
from sclcm_core.montage import find_channels
from sclcm_core.types import BoolArray, Float32Array, Float64Array

Kind = Literal[
    "drop", "mute", "freeze", "restart", "kill", "jitter", "drift", "jump", "nan", "flat", "railed", "line", "offset", "loss"
]  # fmt: skip

KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds of faults."""

RAIL_UV = 187_500.0
"""Where a railed amplifier stands: the range of an ADS1299 at gain 24, in µV."""

_SHAPE = re.compile(
    r"^(?P<kind>[a-z]+)(:(?P<value>[+-]?[\d.]+)(?P<unit>s|ms|%|uV|µV|Hz)?)?(@(?P<start>[\d.]+)s?)?(/(?P<channel>.+))?$"
)
_UNITS = {"s": 1.0, "ms": 1e-3, "%": 1e-2, "uV": 1.0, "µV": 1.0, "Hz": 1.0, None: 1.0}
_OF_THE_SIGNAL = ("nan", "flat", "railed", "line", "offset", "loss")
_LASTING = ("drop", "nan", "flat", "railed", "restart", "freeze", "mute")
_DEFAULTS: dict[str, float] = {
    "drop": 1.0, "jitter": 0.02, "nan": 1.0, "flat": 5.0, "railed": 5.0, "line": 100.0, "drift": 0.01, "loss": np.inf,
    "restart": 3.0, "freeze": 4.0, "jump": -1000.0, "kill": 0.0, "mute": 3.0, "offset": 150_000.0,
}  # fmt: skip

FAULTS: dict[str, str] = {
    "drop": "samples are lost for VALUE s; the time stamps skip them",
    "mute": "nothing is sent for VALUE s, and then it goes on where it was (time stamps without a gap, late)",
    "freeze": "nothing is sent for VALUE s, then all of it at once",
    "restart": "the stream vanishes and comes back after VALUE s as a new instance",
    "kill": "the process ends without a word",
    "jitter": "time stamps stray by up to VALUE ms",
    "drift": "the device runs VALUE % fast",
    "jump": "the device's clock jumps by VALUE s",
    "nan": "not a number for VALUE s",
    "flat": "a constant value for VALUE s",
    "railed": "the amplifier's limit for VALUE s",
    "line": "mains hum of VALUE uV",
    "offset": "a constant VALUE uV on top of the signal, as amplifiers without a high-pass deliver it",
    "loss": "the electrode falls off and stays off",
}
"""What each kind does."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Parameters
    ----------
    kind : str
        A key of `FAULTS`.
    value : float
        How much: a duration in s, a share, an amplitude in µV.
    start_s : float
        When, in s of the stream.
    channel : str or None
        Where; everywhere when None.
    """

    kind: Kind
    value: float
    start_s: float = 0.0
    channel: str | None = None

    @property
    def stop_s(self) -> float:
        """When it is over, in s of the stream."""
        return self.start_s + (self.value if self.kind in _LASTING else np.inf)


def parse_fault(text: str) -> Fault:
    """Read a fault as users write it.

    Parameters
    ----------
    text : str
        ``KIND[:VALUE][@START][/CHANNEL]``.

    Returns
    -------
    Fault
        The fault.

    Raises
    ------
    ConfigError
        When it cannot be understood.

    Examples
    --------
    >>> parse_fault("drop:3s@10")
    Fault(kind='drop', value=3.0, start_s=10.0, channel=None)
    >>> parse_fault("flat:5s@2/T7").channel
    'T7'
    """
    found = _SHAPE.match(text.strip())
    form = "Write KIND[:VALUE][@START][/CHANNEL], such as drop:3s@10 or flat:5s@2/T7."
    if found is None:
        raise ConfigError(f"The fault '{text}' cannot be understood.", form)
    kind = next((known for known in KINDS if known == found["kind"]), None)
    if kind is None:
        raise ConfigError(f"There is no fault '{found['kind']}'.", nearest(found["kind"], FAULTS))
    try:
        value = float(found["value"]) * _UNITS[found["unit"]] if found["value"] else _DEFAULTS[kind]
        return Fault(kind, value, float(found["start"] or 0.0), found["channel"])
    except ValueError:
        raise ConfigError(f"The fault '{text}' holds what is not a number.", form) from None


class FaultInjector:
    """Applies faults to a stream, sample by sample.

    Parameters
    ----------
    faults : sequence of Fault
        What goes wrong.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Channel labels.
    rng : numpy.random.Generator
        For the jitter.
    """

    def __init__(self, faults: Sequence[Fault], sfreq: float, ch_names: Sequence[str], rng: np.random.Generator) -> None:
        self.faults = tuple(faults)
        self.sfreq = sfreq
        self._rng = rng
        self._columns = {fault: _columns(fault, ch_names) for fault in faults}
        self._flat_at: dict[Fault, Float32Array] = {}

    @property
    def rate_factor(self) -> float:
        """How much faster the device runs than it says."""
        return float(np.prod([1.0 + f.value for f in self.faults if f.kind == "drift"]))

    def alter(self, samples: Float32Array, first: int) -> Float32Array:
        """Return samples with the faults of the signal.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples, n_channels)
            Potentials in µV.
        first : int
            Number of the first sample.
        """
        t = (first + np.arange(len(samples))) / self.sfreq
        out = samples
        for fault in self.faults:
            where = (t >= fault.start_s) & (t < fault.stop_s)
            if fault.kind in _OF_THE_SIGNAL and where.any():
                out = out.copy() if out is samples else out
                block = np.ix_(np.flatnonzero(where), np.asarray(self._columns[fault]))
                out[block] = self._faulty(fault, out[block], t[where])
        return out

    def _faulty(self, fault: Fault, values: Float32Array, t: Float64Array) -> Float32Array | Float64Array | float:
        if fault.kind == "railed":
            return RAIL_UV
        if fault.kind == "line":
            return values + fault.value * np.sin(2 * np.pi * 50.0 * t)[:, None]
        if fault.kind == "offset":
            return values + fault.value
        if fault.kind == "flat":
            return self._flat_at.setdefault(fault, values[0].copy())
        return np.nan

    def stray(self, stamps: Float64Array, first: int) -> Float64Array:
        """Return time stamps with the faults of the clock.

        Parameters
        ----------
        stamps : ndarray of float64, shape (n_samples,)
            Capture times in s.
        first : int
            Number of the first sample.

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            Capture times in s as the faulty device tells them.
        """
        t = (first + np.arange(len(stamps))) / self.sfreq
        out = stamps
        for fault in self.faults:
            begun = t >= fault.start_s
            if fault.kind == "jitter":
                out = out + begun * self._rng.uniform(-fault.value, fault.value, len(stamps))
            if fault.kind == "jump":
                out = out + begun * fault.value
        return out

    def is_kept(self, first: int, n_samples: int) -> BoolArray:
        """Tell which samples are not dropped.

        Parameters
        ----------
        first : int
            Number of the first sample.
        n_samples : int
            How many follow from there.

        Returns
        -------
        ndarray of bool, shape (n_samples,)
            False for samples between ``start_s`` and ``stop_s`` of a drop or restart, in s of the stream.
        """
        t = (first + np.arange(n_samples)) / self.sfreq
        kept = np.ones(n_samples, dtype=np.bool_)
        for fault in self.faults:
            if fault.kind in ("drop", "restart"):
                kept &= (t < fault.start_s) | (t >= fault.stop_s)
        return kept

    def begins(self, kind: Kind, first: int, n_samples: int) -> Fault | None:
        """Return the fault of a kind that begins within the next samples, or None."""
        t, stop = first / self.sfreq, (first + n_samples) / self.sfreq
        return next((f for f in self.faults if f.kind == kind and t <= f.start_s < stop), None)

    def ends_of_freeze(self, first: int) -> float | None:
        """Return when, in s of the stream, the freeze ends that a sample falls into, or None."""
        t = first / self.sfreq
        return next((f.stop_s for f in self.faults if f.kind == "freeze" and f.start_s <= t < f.stop_s), None)


def _columns(fault: Fault, ch_names: Sequence[str]) -> list[int]:
    if fault.channel is None:
        return list(range(len(ch_names)))
    indices, missing = find_channels([fault.channel], ch_names)
    if missing:
        raise ConfigError(f"The fault '{fault.kind}' names the channel '{fault.channel}'.", nearest(fault.channel, ch_names))
    return indices

"""Signal quality of each channel, from the raw samples alone: what is wrong, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from sclcm_core.montage import canonical_name
from sclcm_core.streaming.figures import FIGURES, measure
from sclcm_core.types import Float32Array, FloatArray


class Light(StrEnum):
    """How far a signal can be trusted."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Trouble(StrEnum):
    """What can be wrong with a channel."""

    MISSING = "missing"
    FLAT = "flat"
    RAILED = "railed"
    LINE_NOISE = "line noise"
    MUSCLE = "muscle"
    DRIFT = "drift"


HINTS = {
    Trouble.MISSING: "Samples do not arrive: check the wireless link, the distance to the receiver and the battery.",
    Trouble.FLAT: "No signal: plug the electrode in, or press it onto the skin.",
    Trouble.RAILED: "The amplifier is at its limit: press the electrode on, add gel or water, and check the reference.",
    Trouble.LINE_NOISE: "Mains hum: improve the contact, move away from cables and chargers, run the laptop on its battery.",
    Trouble.MUSCLE: "Muscle activity: relax the face and the neck.",
    Trouble.DRIFT: "The signal wanders: let the electrode settle, keep the head and the cables still.",
}
"""What to do about it."""

JAW_HINT = "Muscle activity at the temples: unclench the jaw, part the teeth, do not chew or talk."

TEMPORAL = frozenset({"T7", "T8", "T9", "T10", "FT7", "FT8", "FT9", "FT10", "TP7", "TP8", "TP9", "TP10", "F7", "F8"})
"""Electrodes over the muscles of the jaw."""

LIMITS: dict[Trouble, tuple[float, float]] = {
    Trouble.MISSING: (0.002, 0.02),
    Trouble.FLAT: (0.10, 0.25),
    Trouble.RAILED: (0.02, 0.10),
    Trouble.LINE_NOISE: (1.0, 10.0),
    Trouble.MUSCLE: (0.5, 0.75),
    Trouble.DRIFT: (250.0, 1000.0),
}
"""From which figure on a channel is fair, and from which on it is poor: shares in 0..1, ratios without unit, drift in µV.

Set on real recordings. Two-second windows of EEGMAT (cleaned by its authors): 99 % good. EEGMMIDB: all good but the frontal
blinks and T8, whose muscle share of 0.5 is visible to the eye. An OpenBCI board on unshielded cables: hum of 5 to 17 times
the EEG."""

MUSCLE_UV = 6.0
"""Fast activity of a smaller amplitude than this, in µV (root mean square), is amplifier noise and no muscle."""

HUM_UV = 5.0
"""Mains hum of a smaller amplitude than this, in µV (root mean square), does no harm."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a channel.

    Parameters
    ----------
    trouble : Trouble
        What it is.
    light : Light
        How bad it is: fair or poor.
    hint : str
        What to do about it.
    """

    trouble: Trouble
    light: Light
    hint: str


@dataclass(frozen=True, slots=True)
class ChannelQuality:
    """How one channel is doing.

    Parameters
    ----------
    name : str
        Its label.
    findings : tuple of Finding
        What is wrong, the worst first; empty when nothing is.
    missing_share, flat_share, railed_share : float
        Share of the samples that are not numbers, that do not move, that are at the amplifier's limit; in 0..1.
    line_ratio : float
        Amplitude of the mains hum over that of the EEG (4-30 Hz), without unit; NaN when it cannot be told.
    line_uv : float
        Amplitude of the mains hum in µV (root mean square); NaN when it cannot be told.
    muscle_ratio : float
        Power density from 30 Hz up over that of 4-30 Hz, without unit: EEG falls with the frequency, muscle does not.
    muscle_uv : float
        Amplitude from 30 Hz up in µV (root mean square), without the hum.
    drift_uv : float
        Range of the means of half-seconds in µV.
    rms_uv : float
        Standard deviation in µV.
    """

    name: str
    findings: tuple[Finding, ...]
    missing_share: float
    flat_share: float
    railed_share: float
    line_ratio: float
    line_uv: float
    muscle_ratio: float
    muscle_uv: float
    drift_uv: float
    rms_uv: float

    @property
    def light(self) -> Light:
        """The worst of its findings."""
        return self.findings[0].light if self.findings else Light.GOOD

    @property
    def score(self) -> float:
        """The light as a number: 1 good, 0.5 fair, 0 poor."""
        return {Light.GOOD: 1.0, Light.FAIR: 0.5, Light.POOR: 0.0}[self.light]

    @property
    def hint(self) -> str:
        """What to do first; empty when nothing is wrong."""
        return self.findings[0].hint if self.findings else ""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """How all channels are doing.

    Parameters
    ----------
    t_end : float
        Capture time of the newest sample it is made of, in s on the clock of the stream.
    channels : tuple of ChannelQuality
        In the order of the samples' columns.
    line_frequency : float or None
        Frequency of the mains hum in Hz, when there is any.
    blinks_per_minute : float or None
        Rate of the eye blinks over the last minute; None without frontal electrodes, and in the first seconds.
    """

    t_end: float
    channels: tuple[ChannelQuality, ...]
    line_frequency: float | None = None
    blinks_per_minute: float | None = None

    @property
    def light(self) -> Light:
        """Poor when a quarter of the channels is, good when no more than a tenth is worse than good."""
        lights = [channel.light for channel in self.channels]
        if lights.count(Light.POOR) >= 0.25 * len(lights):
            return Light.POOR
        return Light.GOOD if lights.count(Light.GOOD) >= 0.9 * len(lights) else Light.FAIR

    def poor_channels(self, names: Sequence[str]) -> tuple[ChannelQuality, ...]:
        """Return those of some channels that are poor."""
        wanted = frozenset(names)
        return tuple(c for c in self.channels if c.name in wanted and c.light is Light.POOR)

    def withhold_reason(self, names: Sequence[str], max_poor_share: float = 0.25) -> str | None:
        """Tell why a prediction from this span must not be trusted.

        Parameters
        ----------
        names : sequence of str
            The channels that the model sees.
        max_poor_share : float
            A prediction is withheld when more than this share of them is poor, in 0..1.

        Returns
        -------
        str or None
            For example ``"poor signal: T8 muscle"``; None when nothing speaks against it.
        """
        poor = self.poor_channels(names)
        if len(poor) <= max_poor_share * len(names):
            return None
        named = ", ".join(f"{c.name} {c.findings[0].trouble}" for c in poor[:3])
        return f"poor signal: {named}{f' and {len(poor) - 3} more' if len(poor) > 3 else ''}"


def assess(
    samples: FloatArray,
    sfreq: float,
    ch_names: Sequence[str],
    *,
    t_end: float = 0.0,
    line_frequency: float | None = None,
    blinks_per_minute: float | None = None,
) -> QualityReport:
    """Judge each channel of a window.

    Parameters
    ----------
    samples : ndarray, shape (n_channels, n_times)
        Raw potentials in µV, unfiltered; NaN where a sample was lost. Two seconds are a good length.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Labels of the channels.
    t_end : float
        Capture time of the last sample, in s.
    line_frequency : float, optional
        Frequency of the mains in Hz; found among 50 and 60 Hz when left out.
    blinks_per_minute : float, optional
        Passed on to the report.

    Returns
    -------
    QualityReport
        Frozen; the same samples give the same report.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(0, 1, (2, 500)).cumsum(axis=1)
    >>> noise[1] = 0.0
    >>> [(c.name, c.light.value, c.hint) for c in assess(noise, 250.0, ["T7", "T8"]).channels]
    [('T7', 'good', ''), ('T8', 'poor', 'No signal: plug the electrode in, or press it onto the skin.')]
    """
    if samples.ndim != 2 or samples.shape[0] != len(ch_names):
        raise ValueError(f"Expected samples of shape ({len(ch_names)}, n_times); got {samples.shape}.")
    found = measure(samples, sfreq, line_frequency)
    channels = tuple(_judge(name, row) for name, row in zip(ch_names, found.table.tolist(), strict=True))
    return QualityReport(t_end, channels, found.line_frequency, blinks_per_minute)


def figure_table(report: QualityReport) -> Float32Array:
    """Return a report's figures as an array.

    Parameters
    ----------
    report : QualityReport
        A report.

    Returns
    -------
    ndarray of float32, shape (n_channels, 1 + n_figures)
        The light (0 good, 1 fair, 2 poor), then the figures in the order of `FIGURES`, in their units.
    """
    lights = list(Light)
    rows = [[lights.index(c.light), *(getattr(c, name) for name in FIGURES)] for c in report.channels]
    return np.array(rows, dtype=np.float32)


def _judge(name: str, row: list[float]) -> ChannelQuality:
    figures = dict(zip(FIGURES, row, strict=True))
    findings = []
    for trouble, value in _troubles(figures):
        fair, poor = LIMITS[trouble]
        if value >= fair:
            findings.append(Finding(trouble, Light.POOR if value >= poor else Light.FAIR, _hint(trouble, name)))
    findings.sort(key=lambda finding: finding.light is not Light.POOR)
    return ChannelQuality(name, tuple(findings), *row)


def _troubles(figures: dict[str, float]) -> list[tuple[Trouble, float]]:
    """Return the figure by which each trouble is judged; spectra say nothing of a channel without a signal."""
    found = [
        (Trouble.MISSING, figures["missing_share"]),
        (Trouble.RAILED, figures["railed_share"]),
        (Trouble.FLAT, figures["flat_share"]),
    ]
    if any(value >= LIMITS[trouble][1] for trouble, value in found[1:]):
        return found
    hums, moves = figures["line_uv"] >= HUM_UV, figures["muscle_uv"] >= MUSCLE_UV
    found += [(Trouble.MUSCLE, figures["muscle_ratio"])] if moves else []
    found += [(Trouble.LINE_NOISE, figures["line_ratio"])] if hums else []
    return [*found, (Trouble.DRIFT, figures["drift_uv"])]


def _hint(trouble: Trouble, name: str) -> str:
    return JAW_HINT if trouble is Trouble.MUSCLE and canonical_name(name) in TEMPORAL else HINTS[trouble]

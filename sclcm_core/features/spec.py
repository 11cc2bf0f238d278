"""What is computed from the signal, stated once: by the training run, in the bundle, and live."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sclcm_core.bands import SEED_BANDS, Band
from sclcm_core.montage import front_back_pairs, left_right_pairs
from sclcm_core.streaming.interpolate import rebuilding
from sclcm_core.streaming.reference import Reference, bipolar_columns, ear_columns

Kind = Literal[
    "de",
    "de_bandpass",
    "psd",
    "psd_welch",
    "relative_power",
    "hjorth_activity",
    "hjorth_mobility",
    "hjorth_complexity",
    "raw",
]
Pairing = Literal["dasm", "rasm", "dcau"]
Smoothing = Literal["none", "moving_average", "kalman", "moving_average_centred", "lds"]

UNITS: dict[str, str] = {
    "de": "nats",
    "de_bandpass": "nats",
    "psd": "dB",
    "psd_welch": "dB",
    "relative_power": "1",
    "hjorth_activity": "µV²",
    "hjorth_mobility": "1/s",
    "hjorth_complexity": "1",
    "raw": "µV",
}
"""Unit of each kind of feature."""

TITLES: dict[str, str] = {
    "de": "differential entropy",
    "de_bandpass": "differential entropy by band-pass and variance",
    "psd": "power spectral density",
    "psd_welch": "power spectral density by Welch's method",
    "relative_power": "relative power",
    "hjorth_activity": "Hjorth activity",
    "hjorth_mobility": "Hjorth mobility",
    "hjorth_complexity": "Hjorth complexity",
    "raw": "the signal itself",
}
"""What each kind of feature is called."""

FILTER_BANK_KINDS = frozenset({"de_bandpass", "hjorth_activity", "hjorth_mobility", "hjorth_complexity"})
"""Kinds that are computed on the output of causal band-pass filters whose state runs through the whole stream."""


def _band(value: Any) -> Any:
    return Band(*value) if isinstance(value, list | tuple) else value


class FeatureSpec(BaseModel):
    """Everything that determines the features of a window.

    Frame ``k`` is computed on the samples ``[k * hop, k * hop + window)`` of the signal at `sfreq`; the model sees the last
    `n_frames` frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Field(default="de", description="what is computed in each band, such as differential entropy in nats")
    bands: tuple[Annotated[Band, BeforeValidator(_band)], ...] = Field(
        default=SEED_BANDS, description="(name, low, high) in Hz"
    )
    ch_names: tuple[str, ...] = Field(description="channels, by their standard names, in the order of the columns")
    pairs: tuple[Pairing | Literal["asm"], ...] = Field(
        default=(), description="differences between electrodes that are appended as columns; asm is dasm, then rasm"
    )
    sfreq: float = Field(gt=0, description="sampling rate in Hz at which features are computed")
    window_s: float = Field(default=1.0, gt=0, description="length of a frame's window in s")
    hop_s: float = Field(default=0.5, gt=0, description="distance between frames in s")
    n_frames: int = Field(default=10, ge=1, description="number of consecutive frames the model sees")
    rebuilt: tuple[str, ...] = Field(
        default=(), description="bad channels that are rebuilt from the others by spherical splines, before anything else"
    )
    reference: Reference = Field(default="as_recorded", description="against what potentials are taken")
    bipolar: tuple[tuple[str, str], ...] = Field(default=(), description="electrodes whose differences replace the channels")
    passband: tuple[float, float] | None = Field(
        default=None, description="causal band-pass over the whole signal, edges in Hz"
    )
    notch_hz: float | None = Field(default=None, gt=0, description="mains frequency in Hz that is cut out; None for none")
    filter_order: int = Field(default=5, ge=1, le=10, description="order of the filter bank; for kinds that need one")
    segment_s: float | None = Field(
        default=None, gt=0, description="length of Welch's segments in s; half the window when None"
    )
    smoothing: Smoothing = Field(default="none", description="smoothing of frames over time; causal, or offline only")
    smoothing_s: float = Field(
        default=5.0, gt=0, description="time in s that a smoothed frame stands for, where there is smoothing"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not self.ch_names or len(set(self.ch_names)) != len(self.ch_names):
            raise ValueError(f"ch_names must be distinct and not empty; got {list(self.ch_names)}")
        if not self.bands:
            raise ValueError("at least one band is needed")
        for band in self.bands:
            if not 0 <= band.low < band.high <= self.sfreq / 2:
                raise ValueError(
                    f"band {band.name} ({band.low:g}-{band.high:g} Hz) must lie within 0 and {self.sfreq / 2:g} Hz"
                )
        if self.window < 4 or self.hop < 1:
            raise ValueError(f"window_s {self.window_s} and hop_s {self.hop_s} are too short at {self.sfreq:g} Hz")
        self._check_filters()
        self._check_references()
        self._check_raw()
        return self

    def _check_filters(self) -> None:
        nyquist = self.sfreq / 2
        if self.passband is not None and not 0 <= self.passband[0] < self.passband[1] < nyquist:
            raise ValueError(f"passband {self.passband} Hz must rise, within 0 and below {nyquist:g} Hz")
        if self.notch_hz is not None and self.notch_hz >= nyquist:
            raise ValueError(f"notch_hz {self.notch_hz:g} must lie below {nyquist:g} Hz")
        for band in self.bands:
            if self.needs_filter_bank and band.high >= nyquist:
                raise ValueError(f"a filter for {band.name} needs a rate above {2 * band.high:g} Hz; got {self.sfreq:g} Hz")
        if not 4 <= self.segment <= self.window:
            raise ValueError(f"segment_s {self.segment_s} must lie between 4 samples and the window of {self.window_s} s")

    def _check_references(self) -> None:
        if self.rebuilt:
            rebuilding(self.ch_names, self.rebuilt)
        if self.reference == "linked":
            ear_columns(self.ch_names)
        if self.bipolar:
            bipolar_columns(self.ch_names, self.bipolar)
            if self.pairs or self.reference != "as_recorded":
                raise ValueError("bipolar takes neither pairs nor a reference: differences of differences say nothing new")
        if len(set(self.pairs)) != len(self.pairs) or ("asm" in self.pairs and {"dasm", "rasm"} & set(self.pairs)):
            raise ValueError(f"pairs {list(self.pairs)} names a kind twice (asm is dasm and rasm)")

    def _check_raw(self) -> None:
        if self.is_raw and (self.pairs or self.smoothing != "none" or self.hop != self.window):
            raise ValueError("kind 'raw' takes neither pairs nor smoothing, and its frames join: hop_s must equal window_s")

    @property
    def is_raw(self) -> bool:
        """Whether the model sees the samples themselves: a frame is then a patch, with a row for each of its samples."""
        return self.kind == "raw"

    @property
    def window(self) -> int:
        """Length of a frame's window in samples at `sfreq`."""
        return round(self.window_s * self.sfreq)

    @property
    def hop(self) -> int:
        """Distance between frames in samples at `sfreq`."""
        return round(self.hop_s * self.sfreq)

    @property
    def segment(self) -> int:
        """Length of Welch's segments in samples at `sfreq`."""
        return self.window // 2 if self.segment_s is None else round(self.segment_s * self.sfreq)

    @property
    def unit(self) -> str:
        """Unit of the features of the channels."""
        return UNITS[self.kind]

    @property
    def title(self) -> str:
        """What the features are called."""
        return TITLES[self.kind]

    @property
    def needs_filter_bank(self) -> bool:
        """Whether the features are computed on band-passed signals."""
        return self.kind in FILTER_BANK_KINDS

    @property
    def is_causal(self) -> bool:
        """Whether the features can be computed live: smoothing must not look ahead."""
        return self.smoothing not in ("moving_average_centred", "lds")

    @property
    def smoothing_frames(self) -> int:
        """Number of frames that a smoothed frame stands for."""
        return max(1, round(self.smoothing_s * self.sfreq / self.hop))

    @property
    def smoothing_delay_s(self) -> float:
        """Mean age in s of what a smoothed frame is made of, beyond that of the newest frame; 0 offline and without any."""
        is_late = self.smoothing in ("moving_average", "kalman")
        return (self.smoothing_frames - 1) / 2 * self.hop / self.sfreq if is_late else 0.0

    @property
    def span_s(self) -> float:
        """Time in s that one model input covers."""
        return (self.window + (self.n_frames - 1) * self.hop) / self.sfreq

    @property
    def n_bands(self) -> int:
        """Number of rows of a frame: its bands, or the samples of a patch of the kind 'raw'."""
        return self.window if self.is_raw else len(self.bands)

    @property
    def pair_names(self) -> tuple[tuple[Pairing, str, str], ...]:
        """Kind and electrodes of each appended pair."""
        out: list[tuple[Pairing, str, str]] = []
        kinds: list[Pairing] = []
        for name in self.pairs:
            kinds += ["dasm", "rasm"] if name == "asm" else [name]
        for kind in kinds:
            found = front_back_pairs(self.ch_names) if kind == "dcau" else left_right_pairs(self.ch_names)
            out += [(kind, first, second) for first, second in found]
        return tuple(out)

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Names of the signals of which features are computed: the channels, or their bipolar differences."""
        return tuple(f"{first}-{second}" for first, second in self.bipolar) or self.ch_names

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the signals, then the pairs."""
        return (*self.signal_names, *(f"{kind} {first}-{second}" for kind, first, second in self.pair_names))

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one model input: (n_bands, n_columns, n_frames)."""
        return self.n_bands, self.n_columns, self.n_frames

    def cache_key(self) -> str:
        """Return a hash that changes when, and only when, the frames would."""
        later = {"rebuilt"} if not self.rebuilt else set()  # a field that came later counts once it is used
        facts = self.model_copy(update={"n_frames": 1}).model_dump_json(exclude=later)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

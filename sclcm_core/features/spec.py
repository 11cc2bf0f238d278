"""What is computed from the signal, stated once: by the training run, in the bundle, and live."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sclcm_core.bands import SEED_BANDS, Band
from sclcm_core.montage import front_back_pairs, left_right_pairs

Pairing = Literal["dasm", "rasm", "dcau"]


def _band(value: Any) -> Any:
    return Band(*value) if isinstance(value, list | tuple) else value


class FeatureSpec(BaseModel):
    """Everything that determines the features of a window.

    Frame ``k`` is computed on the samples ``[k * hop, k * hop + window)`` of the signal at `sfreq`; the model sees the last
    `n_frames` frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["de", "psd"] = Field("de", description="differential entropy in nats, or power spectral density in dB")
    bands: tuple[Annotated[Band, BeforeValidator(_band)], ...] = Field(SEED_BANDS, description="(name, low, high) in Hz")
    ch_names: tuple[str, ...] = Field(description="channels, by their standard names, in the order of the columns")
    pairs: tuple[Pairing, ...] = Field((), description="differences between electrodes that are appended as columns")
    sfreq: float = Field(gt=0, description="sampling rate in Hz at which features are computed")
    window_s: float = Field(1.0, gt=0, description="length of a frame's window in s")
    hop_s: float = Field(0.5, gt=0, description="distance between frames in s")
    n_frames: int = Field(10, ge=1, description="number of consecutive frames the model sees")

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
        return self

    @property
    def window(self) -> int:
        """Length of a frame's window in samples at `sfreq`."""
        return round(self.window_s * self.sfreq)

    @property
    def hop(self) -> int:
        """Distance between frames in samples at `sfreq`."""
        return round(self.hop_s * self.sfreq)

    @property
    def span_s(self) -> float:
        """Time in s that one model input covers."""
        return (self.window + (self.n_frames - 1) * self.hop) / self.sfreq

    @property
    def n_bands(self) -> int:
        """Number of bands."""
        return len(self.bands)

    @property
    def pair_names(self) -> tuple[tuple[Pairing, str, str], ...]:
        """Kind and electrodes of each appended pair."""
        out: list[tuple[Pairing, str, str]] = []
        for kind in self.pairs:
            found = front_back_pairs(self.ch_names) if kind == "dcau" else left_right_pairs(self.ch_names)
            out += [(kind, first, second) for first, second in found]
        return tuple(out)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the channels, then the pairs."""
        return (*self.ch_names, *(f"{kind} {first}-{second}" for kind, first, second in self.pair_names))

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
        return hashlib.sha256(self.model_copy(update={"n_frames": 1}).model_dump_json().encode()).hexdigest()[:16]

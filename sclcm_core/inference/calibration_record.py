"""What a personal bundle remembers of the calibration that made it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CalibrationRecord(BaseModel):
    """One calibration: from what, when, and how well it did on held-out blocks."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["baseline", "labelled"] = Field(description="rest alone, or labelled blocks")
    date: str = Field(description="when, ISO 8601")
    parent: str = Field(description="name of the bundle that was calibrated")
    parent_sha256: str = Field(description="hash of its file: undoing means going back to it")
    protocol: str = Field("", description="what was presented, or where the blocks came from")
    rest_s: float = Field(0.0, description="good rest behind the normaliser, in s; 0 for the parent's")
    blocks: tuple[tuple[str, str, int], ...] = Field((), description="label, name and number of windows of each, in order")
    class_names: tuple[str, ...] = Field((), description="classes of the head")
    held_out: tuple[float, float, float] | None = Field(
        None, description="share right on held-out blocks, and its 95 % interval"
    )
    parent_held_out: float | None = Field(None, description="the parent's share right on the same blocks")
    chance: float | None = Field(None, description="share right by guessing")
    sentence: str = Field("", description="the same in words")
    caveats: tuple[str, ...] = Field((), description="what speaks against believing the figures")

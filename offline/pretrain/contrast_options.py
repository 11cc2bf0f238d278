"""Options of contrast of windows, without torch: reading a config must not import it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from offline.pretrain.method import MethodOptions


class ClocsOptions(MethodOptions):
    """CLOCS."""

    tau: Annotated[float, Field(gt=0, description="temperature")] = 0.1
    views: Annotated[
        Literal["adjacent", "augmented"],
        Field(description="the second view is of the segment next to a window (the original), or of the window itself"),
    ] = "augmented"
    kin: Annotated[
        Literal["subject", "recording"],
        Field(description="whose windows are pulled together: a person's (the original, for traits), or a recording's"),
    ] = "recording"

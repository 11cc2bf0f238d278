"""The markers of a protocol on LSL: one text channel, as every other program expects it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from app.acquisition.outlets import OutletSpec, SampleOutlet

NAME = "SCLCM protocol"


class ProtocolOutlet:
    """A marker stream under the screen's own time stamps; a context manager.

    Parameters
    ----------
    source_id : str
        What identifies it on the network.
    simulated : bool
        Whether nobody looks at the screen.
    """

    def __init__(self, source_id: str = "sclcm-protocol", *, simulated: bool = False) -> None:
        spec = OutletSpec(
            NAME, "Markers", source_id, ("marker",), 0.0, ("",), ("Markers",), channel_format="string", simulated=simulated
        )
        self._outlet = SampleOutlet(spec)

    def mark(self, text: str, stamp: float) -> None:
        """Send a text with its time stamp, in s on the LSL clock."""
        self._outlet.push([[text]], np.array([stamp]))  # type: ignore[arg-type]

    def has_consumers(self) -> bool:
        """Tell whether anybody is listening."""
        return self._outlet.has_consumers()

    def wait_for_consumers(self, timeout_s: float) -> bool:
        """Wait until somebody listens, at most for a time in s; tell whether somebody does."""
        return self._outlet.wait_for_consumers(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._outlet.close()

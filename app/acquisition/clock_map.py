"""Brings the raw time stamps of a stream onto the local clock."""

from __future__ import annotations

from sclcm_core.types import Float64Array

NEAR_S = 2.0
"""A fresh sample that seems further than this from now, in s, is not stamped with the LSL clock."""

_SMOOTHING = 0.2
_SAME_CLOCK_S = 0.05


class ClockMap:
    """The offset between a stream's stamps and the local clock.

    LSL measures it for stamps on the sender's LSL clock. Stamps of another clock (Unix time, a device's own) are brought
    to where their samples arrive.

    Parameters
    ----------
    follows_clock : bool
        False for a recording that is replayed at another pace: its stamps run on their own.
    """

    def __init__(self, follows_clock: bool = True) -> None:
        self._follows_clock = follows_clock
        self.offset_s: float | None = None
        self.is_foreign = False

    def update(self, correction_s: float | None, newest_stamp: float, now: float) -> None:
        """Take a measurement.

        Parameters
        ----------
        correction_s : float or None
            What LSL says must be added, in s; None while it does not know.
        newest_stamp : float
            Raw stamp of a sample that has just arrived, in s.
        now : float
            Local clock, in s.
        """
        if not self._follows_clock:
            self.offset_s = 0.0 if self.offset_s is None else self.offset_s
            return
        supposed = 0.0 if correction_s is None else correction_s
        self.is_foreign = abs(now - (newest_stamp + supposed)) > NEAR_S
        target = now - newest_stamp if self.is_foreign else supposed
        self.offset_s = self._approach(target)

    def _approach(self, target: float) -> float:
        if self.offset_s is None:
            return target
        step = target - self.offset_s
        if self.is_foreign:
            return target if abs(step) > NEAR_S else self.offset_s + min(step, _SMOOTHING * step)
        return target if abs(step) > _SAME_CLOCK_S else self.offset_s + _SMOOTHING * step

    def to_local(self, stamps: Float64Array) -> Float64Array:
        """Return stamps on the local clock, shape as `stamps`, in s."""
        return stamps + (self.offset_s or 0.0)

    def stamp_at(self, now: float) -> float:
        """Return what a sample taken now would be stamped, in s; infinite while that is not known."""
        if self.offset_s is None or not self._follows_clock:
            return float("inf")
        return now - self.offset_s

"""When samples arrived, noted once a chunk."""

from __future__ import annotations

from array import array
from bisect import bisect_right

_FEWEST_ENTRIES = 256


class Arrivals:
    """When samples arrived: one entry a chunk, appended by one thread and read by any.

    Examples
    --------
    >>> arrivals = Arrivals()
    >>> arrivals.note(0, 1.5, oldest=0)
    >>> arrivals.note(10, 2.5, oldest=0)
    >>> arrivals.at(9), arrivals.at(10)
    (1.5, 2.5)
    """

    def __init__(self) -> None:
        self._columns = array("q"), array("d")
        self._prune_at = _FEWEST_ENTRIES

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._columns[0])

    def note(self, start: int, t: float, oldest: int) -> None:
        """Note that the samples from a number on arrived at a time in s; what came before the sample `oldest` may be forgotten."""
        starts, times = self._columns
        times.append(t)
        starts.append(start)
        if len(starts) > self._prune_at:
            stale = max(bisect_right(starts, oldest) - 1, 0)
            self._columns = starts[stale:], times[stale:]  # as one, so that a reader in another thread sees both or none
            self._prune_at = 2 * (len(starts) - stale) + _FEWEST_ENTRIES

    def at(self, index: int) -> float:
        """Return when a sample arrived, in s."""
        starts, times = self._columns
        return times[bisect_right(starts, index) - 1]

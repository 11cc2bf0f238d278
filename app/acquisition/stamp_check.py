"""Tells whether time stamps advance as the samples do: those of some devices stand still, or count in ms."""

from __future__ import annotations

_FACTOR = 10.0
_EVERY_S = 1.0
_CONVICTED_AFTER = 2


class StampCheck:
    """Compares, once a second, the advance of the stamps with that of the samples and of the clock.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._since: tuple[float, float] | None = None
        self._n_samples = 0
        self._n_suspicious = 0

    def is_unusable(self, n_samples: int, newest_stamp: float, now: float) -> bool:
        """Take note of samples that came, and tell whether their stamps are worth nothing.

        Parameters
        ----------
        n_samples : int
            How many came.
        newest_stamp : float
            Raw stamp of the last of them, in s.
        now : float
            Local clock, in s.
        """
        self._n_samples += n_samples
        if self._since is None:
            self._since = now, newest_stamp
            self._n_samples = 0
        elapsed_s, span_s = now - self._since[0], self._n_samples / self._sfreq
        if elapsed_s >= _EVERY_S and span_s >= _EVERY_S / 2:
            advance_s = newest_stamp - self._since[1]
            odd = advance_s * _FACTOR < min(span_s, elapsed_s) or advance_s > _FACTOR * max(span_s, elapsed_s)
            self._n_suspicious = self._n_suspicious + 1 if odd else 0  # once is a jump of the clock
            self._since, self._n_samples = (now, newest_stamp), 0
        return self._n_suspicious >= _CONVICTED_AFTER

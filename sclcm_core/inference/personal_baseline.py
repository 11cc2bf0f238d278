"""A person's own baseline: normaliser statistics from a short rest."""

from __future__ import annotations

import math

import numpy as np

from sclcm_core.errors import SclcmError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.types import FeatureFrame

FEWEST_FRAMES = 20
"""A baseline from fewer good frames is refused."""


class BaselineRecorder:
    """Collects good frames until the baseline is long enough.

    Parameters
    ----------
    duration_s : float
        How much rest is wanted, in s.
    hop_s : float
        Distance between frames in s.
    is_raw : bool
        Whether the frames are patches of the signal.
    """

    def __init__(self, duration_s: float, hop_s: float, *, is_raw: bool = False) -> None:
        self._hop_s, self._is_raw = hop_s, is_raw
        self.n_needed = max(FEWEST_FRAMES, math.ceil(duration_s / hop_s))
        self._frames: list[FeatureFrame] = []

    @property
    def progress_s(self) -> tuple[float, float]:
        """Good rest so far and rest needed, both in s."""
        return len(self._frames) * self._hop_s, self.n_needed * self._hop_s

    @property
    def is_complete(self) -> bool:
        """Whether the baseline is long enough."""
        return len(self._frames) >= self.n_needed

    def push(self, frame: FeatureFrame) -> None:
        """Take a frame; marked ones do not count."""
        if frame.fault is None and not self.is_complete:
            self._frames.append(frame)

    def normaliser(self) -> Normaliser:
        """Return the statistics of the collected frames."""
        return baseline_normaliser(self._frames, is_raw=self._is_raw)


def baseline_normaliser(frames: list[FeatureFrame], *, is_raw: bool = False) -> Normaliser:
    """Return the normaliser of a person's rest.

    Parameters
    ----------
    frames : list of FeatureFrame
        Frames of the rest, each (n_bands, n_columns) in nats or dB; marked ones are left out.
    is_raw : bool
        Whether the frames are patches of the signal, whose rows share their statistics.

    Returns
    -------
    Normaliser
        The person's own statistics.

    Raises
    ------
    SclcmError
        When fewer than `FEWEST_FRAMES` frames are good.
    """
    good = [frame.values for frame in frames if frame.fault is None]
    if len(good) < FEWEST_FRAMES:
        raise SclcmError(
            f"The baseline has {len(good)} good windows of {len(frames)}; at least {FEWEST_FRAMES} are needed.",
            "Record at least 30 s of rest with all electrodes in contact.",
        )
    found = Normaliser.fit(np.stack(good))
    return found.pooled() if is_raw else found

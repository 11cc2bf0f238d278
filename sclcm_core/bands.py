"""Frequency bands: one definition for training, inference and screen."""

from __future__ import annotations

from typing import NamedTuple


class Band(NamedTuple):
    """A frequency band, ``low`` included and ``high`` excluded.

    Parameters
    ----------
    name : str
        Name of the band.
    low, high : float
        Edges in Hz.
    """

    name: str
    low: float
    high: float


DELTA = Band("delta", 1.0, 4.0)
THETA = Band("theta", 4.0, 8.0)
ALPHA = Band("alpha", 8.0, 14.0)
BETA = Band("beta", 14.0, 31.0)
GAMMA = Band("gamma", 31.0, 50.0)

SEED_BANDS: tuple[Band, ...] = (DELTA, THETA, ALPHA, BETA, GAMMA)
"""The five bands of SEED (Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497)."""

SYMBOLS = {"delta": "δ", "theta": "θ", "alpha": "α", "beta": "β", "gamma": "γ"}
"""Greek letters for the screen."""

"""What makes one simulated person differ from the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sclcm_core.types import Float64Array

N_BANDS = 5
"""Delta, theta, alpha, beta, gamma: the rhythms of a head, in this order everywhere in this room."""


@dataclass(frozen=True)
class Person:
    """The constants of one person.

    Parameters
    ----------
    gain : float
        Overall gain (skull, electrodes), relative to the usual.
    slope : float
        Exponent of the background's power spectrum, 1/f**slope.
    alpha_peak : float
        Centre of the alpha rhythm in Hz.
    levels : ndarray of float64, shape (n_bands,)
        Amplitude of each rhythm, relative to the usual.
    sides : ndarray of float64, shape (n_bands, 2)
        Amplitude of each rhythm over the left and the right temporal lobe, relative to `levels`.
    responsiveness : float
        How strongly the state shows, relative to the usual.
    artefacts : float
        How often the person blinks and clenches, relative to the usual.
    """

    gain: float
    slope: float
    alpha_peak: float
    levels: Float64Array
    sides: Float64Array
    responsiveness: float
    artefacts: float


def draw_person(rng: np.random.Generator, subject_effect: float = 1.0) -> Person:
    """Draw a person.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness; the same generator state gives the same person.
    subject_effect : float
        How much persons differ; 0 makes all of them the average one.

    Returns
    -------
    Person
        The constants of that person.
    """
    z = subject_effect * rng.standard_normal(5 + 3 * N_BANDS)
    return Person(
        gain=float(np.exp(0.2 * z[0])),
        slope=float(np.clip(1.2 + 0.15 * z[1], 0.6, 1.9)),
        alpha_peak=float(np.clip(10.0 + 0.8 * z[2], 8.2, 12.5)),
        responsiveness=float(np.exp(0.25 * z[3])),
        artefacts=float(np.exp(0.3 * z[4])),
        levels=np.exp(0.35 * z[5 : 5 + N_BANDS]),
        sides=np.exp(0.3 * z[5 + N_BANDS :].reshape(N_BANDS, 2)),
    )

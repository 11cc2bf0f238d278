"""How state and stimulus change the rhythms: gains that fade from one value to the next."""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy import signal

from sclcm_core.simulation.person import N_BANDS
from sclcm_core.simulation.settings import Emotion
from sclcm_core.types import Float64Array

STATE_EFFECTS: dict[Emotion, tuple[tuple[float, float], ...]] = {
    "negative": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (-0.15, 0.45), (-0.15, 0.65)),
    "neutral": ((0.0, 0.0),) * N_BANDS,
    "positive": ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.50, 0.25), (0.80, 0.40)),
}
"""Change of log amplitude over the (left, right) temporal lobe, band by band: more beta and gamma with positive states, the
right side leading with negative ones (after the pattern of Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497)."""

_FADE_S = 0.5
_TRIAL_SPREAD = 0.25
_COURSE_STEP_S = 0.5
_COURSE_POINTS = 2048
_COURSE_SD = 0.3
_COURSE_SLOWEST, _COURSE_FASTEST = 1 / 60, 1 / 3


@functools.lru_cache(maxsize=128)
def stimulus_course(stimulus: int) -> Float64Array:
    """Return the time course that a clip leaves in whoever watches it.

    Parameters
    ----------
    stimulus : int
        Number of the clip; the course depends on nothing else.

    Returns
    -------
    ndarray of float64, shape (n_points, n_bands)
        Change of log amplitude, every half second from the start of the clip; repeats after 1024 s.
    """
    rng = np.random.default_rng([0x5EED, abs(stimulus), int(stimulus < 0)])
    frequencies = np.fft.rfftfreq(_COURSE_POINTS, _COURSE_STEP_S)
    inside = (frequencies >= _COURSE_SLOWEST) & (frequencies <= _COURSE_FASTEST)
    phases = rng.uniform(0, 2 * np.pi, (len(frequencies), N_BANDS))
    course = np.fft.irfft(inside[:, None] * np.exp(1j * phases), _COURSE_POINTS, axis=0)
    return np.asarray(_COURSE_SD * course / course.std(axis=0))


class Response:
    """The gains of the rhythms, sample by sample.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws how strongly each trial (each change of state or stimulus) shows.
    sfreq : float
        Sampling rate in Hz.
    class_effect, stimulus_effect : float
        Strengths of the two effects.
    """

    def __init__(self, rng: np.random.Generator, sfreq: float, class_effect: float, stimulus_effect: float) -> None:
        self._rng, self._class_effect, self._stimulus_effect = rng, class_effect, stimulus_effect
        self._step_n = max(1, round(_COURSE_STEP_S * sfreq))
        self._forget = math.exp(-1.0 / (_FADE_S * sfreq))
        self._memory = np.full((1, 3 * N_BANDS), self._forget)
        self._now: tuple[Emotion, int | None] | None = None
        self._sides = np.ones((2, N_BANDS))
        self._course: Float64Array | None = None
        self._n_since = 0

    def gains(self, n_samples: int, state: Emotion, stimulus: int | None) -> Float64Array:
        """Return the gains of the next samples.

        Parameters
        ----------
        n_samples : int
            How many samples.
        state : {'negative', 'neutral', 'positive'}
            The state during these samples.
        stimulus : int or None
            Number of the clip that is watched, or None.

        Returns
        -------
        ndarray of float64, shape (n_samples, 3, n_bands)
            Factors on the amplitude over the left temporal lobe, the right one, and the whole head.
        """
        if (state, stimulus) != self._now:
            self._begin(state, stimulus)
        target = np.empty((n_samples, 3, N_BANDS))
        target[:, :2] = self._sides
        target[:, 2] = self._whole(n_samples)
        self._n_since += n_samples
        return self._fade(target.reshape(n_samples, -1)).reshape(target.shape)

    def _begin(self, state: Emotion, stimulus: int | None) -> None:
        strength = self._class_effect * (1.0 + _TRIAL_SPREAD * self._rng.standard_normal())
        self._now, self._n_since = (state, stimulus), 0
        self._sides = np.exp(strength * np.asarray(STATE_EFFECTS[state]).T)
        wanted = stimulus is not None and self._stimulus_effect > 0
        self._course = np.exp(self._stimulus_effect * stimulus_course(stimulus or 0)) if wanted else None

    def _whole(self, n_samples: int) -> Float64Array | float:
        """Interpolate the course of the clip, with nothing but products and sums so that chunking changes no bit."""
        if self._course is None:
            return 1.0
        index, rest = np.divmod(self._n_since + np.arange(n_samples), self._step_n)
        share = (rest / self._step_n)[:, None]
        before, after = self._course[index % _COURSE_POINTS], self._course[(index + 1) % _COURSE_POINTS]
        return np.asarray(before * (1.0 - share) + after * share)

    def _fade(self, target: Float64Array) -> Float64Array:
        b, a = [1.0 - self._forget], [1.0, -self._forget]
        out, self._memory = signal.lfilter(b, a, target, axis=0, zi=self._memory)
        return np.asarray(out)

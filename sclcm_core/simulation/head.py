"""A head that was never there: EEG with known causes, for the headset, the written data sets and the tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.bands import SEED_BANDS
from sclcm_core.errors import nearest
from sclcm_core.simulation.artefacts import EventTrain, blink_shape, clench_shape
from sclcm_core.simulation.noise import ColouredNoise, band_noise, one_over_f
from sclcm_core.simulation.person import N_BANDS, Person, draw_person
from sclcm_core.simulation.response import Response
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion, HeadSettings
from sclcm_core.simulation.topography import topography
from sclcm_core.types import Float32Array, Float64Array

_BLOCK_S = 2.0
_WARM_UP_BLOCKS = 3
_BACKGROUND_DENSITY = 0.6
_RMS_UV = (3.0, 2.0, 2.0, 1.5, 1.1)
_ALPHA_POSTERIOR_UV = 11.0
_WANDER_SD, _WANDER_S, _WANDER_POINTS = 0.12, 6.0, 8
_LOWEST_SFREQ = 4.0


class SimulatedHead:
    """EEG of a person who does not exist, in µV.

    A 1/f background that neighbouring electrodes share, rhythms in five bands with a posterior alpha that waxes and wanes,
    blinks at the front, jaw clenches at the temples, and beta and gamma over T7 and T8 that follow the state. The same
    generator gives the same signal, however it is cut into chunks, bit for bit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all randomness: the person, the noise, the artefacts.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Channel names; electrodes of the 10-10 system have their place, others see only noise of their own.
    settings : HeadSettings
        What is shown, and how strongly.
    person : Person, optional
        Who it is; drawn from `rng` when not given, so that one person can come to several sessions.

    Notes
    -----
    Noise is made in fixed blocks of two seconds; state and stimulus act on it sample by sample through products, sums and a
    one-pole fade, none of which depends on where a chunk ends.

    Examples
    --------
    >>> head = SimulatedHead(np.random.default_rng(1))
    >>> head.render(100, "neutral").shape
    (100, 8)
    """

    def __init__(
        self,
        rng: np.random.Generator,
        sfreq: float = 250.0,
        ch_names: Sequence[str] = HEADSET_CHANNELS,
        settings: HeadSettings | None = None,
        person: Person | None = None,
    ) -> None:
        if not sfreq >= _LOWEST_SFREQ:
            raise ValueError(f"A head needs a sampling rate of at least {_LOWEST_SFREQ:g} Hz; got {sfreq}.")
        streams = [np.random.default_rng(seed) for seed in rng.integers(2**63, size=4)]
        self.sfreq, self.ch_names = float(sfreq), tuple(ch_names)
        self.settings = settings or HeadSettings()
        self.person = person or draw_person(streams[0], self.settings.subject_effect)
        self._rng_noise, self._rng_events = streams[1], streams[2]
        effect = self.settings.class_effect * self.person.responsiveness
        self._response = Response(streams[3], self.sfreq, effect, self.settings.stimulus_effect)
        self._build()

    def _build(self) -> None:
        self._top = topography(self.ch_names)
        self._block_n = round(_BLOCK_S * self.sfreq)
        self._base = np.empty((0, len(self.ch_names)))
        self._rhythm_block = np.empty((N_BANDS, 0, len(self.ch_names)))
        self._n_used = 0
        self._n_made = -_WARM_UP_BLOCKS * self._block_n
        self._make_sources()
        for _ in range(_WARM_UP_BLOCKS):
            self._make_block()
        self._n_used = self._block_n

    def _make_sources(self) -> None:
        sfreq, person, mixing = self.sfreq, self.person, self._top.mixing
        bands = list(SEED_BANDS)
        bands[2] = bands[2]._replace(low=person.alpha_peak - 1.2, high=person.alpha_peak + 1.2)
        self._background = one_over_f(sfreq, person.slope, _BACKGROUND_DENSITY, mixing)
        self._rhythms = [band_noise(sfreq, band.low, band.high, 1.0, mixing) for band in bands]
        self._levels = self._rhythm_levels()
        self._muscle = band_noise(sfreq, 20.0, 110.0, 1.0, np.eye(len(mixing)))
        busy = person.artefacts
        self._blinks = EventTrain(busy * self.settings.blinks_per_min, (60.0, 140.0), (0.25, 0.4), blink_shape)
        self._clenches = EventTrain(busy * self.settings.jaw_clenches_per_min, (12.0, 40.0), (0.4, 1.6), clench_shape)
        self._hum_phase = self._rng_events.uniform(0, 2 * np.pi)
        self._hum_weight = self._rng_events.uniform(0.7, 1.3, len(mixing))
        self._wander_last = np.zeros((N_BANDS, len(mixing)))

    def _rhythm_levels(self) -> Float64Array:
        """Return the amplitude of each rhythm at each channel in µV, shape (n_bands, n_channels)."""
        top, person = self._top, self.person
        levels = np.array(_RMS_UV)[:, None] * np.ones(len(self.ch_names))
        levels[2] += _ALPHA_POSTERIOR_UV * top.posterior
        sides = 1.0 + (person.sides[:, :1] - 1.0) * top.left + (person.sides[:, 1:] - 1.0) * top.right
        return np.asarray(levels * sides * person.levels[:, None])

    def render(self, n_samples: int, state: Emotion, stimulus: int | None = None) -> Float32Array:
        """Return the next samples.

        Parameters
        ----------
        n_samples : int
            How many samples.
        state : {'negative', 'neutral', 'positive'}
            The state of the person during these samples; a change fades in within about a second.
        stimulus : int, optional
            Number of the clip that is watched; its time course starts when the number changes.

        Returns
        -------
        ndarray of float32, shape (n_samples, n_channels)
            Potentials in µV.
        """
        if state not in EMOTIONS:
            raise ValueError(f"A simulated head knows no state {state!r}. {nearest(str(state), EMOTIONS)}")
        out = np.empty((n_samples, len(self.ch_names)), np.float32)
        done = 0
        while done < n_samples:
            if self._n_used == self._block_n:
                self._make_block()
            n = min(n_samples - done, self._block_n - self._n_used)
            out[done : done + n] = self._next_samples(n, state, stimulus)
            done += n
        return out

    def _next_samples(self, n: int, state: Emotion, stimulus: int | None) -> Float64Array:
        span = slice(self._n_used, self._n_used + n)
        self._n_used += n
        gains = self._response.gains(n, state, stimulus)
        out = self._base[span].copy()
        for band in range(N_BANDS):
            left, right, whole = (gains[:, where, band, None] for where in range(3))
            local = 1.0 + (left - 1.0) * self._top.left + (right - 1.0) * self._top.right
            out += self._rhythm_block[band, span] * local * whole
        return out

    def _make_block(self) -> None:
        rng, n, n_channels = self._rng_noise, self._block_n, len(self.ch_names)
        t = (self._n_made + np.arange(n)) / self.sfreq
        base = self._background.block(rng, n) + self._artefacts(t)
        base *= self.person.gain
        base += self.settings.sensor_noise_uv * rng.standard_normal((n, n_channels)) + self._hum(t)
        scale = self.person.gain * self._levels[:, None] * np.exp(self._wander())
        self._rhythm_block = scale * np.stack([self._noise(source) for source in self._rhythms])
        self._base = base
        self._n_made += n
        self._n_used = 0

    def _noise(self, source: ColouredNoise | None) -> Float64Array:
        if source is None:
            return np.zeros((self._block_n, len(self.ch_names)))
        return source.block(self._rng_noise, self._block_n)

    def _artefacts(self, t: Float64Array) -> Float64Array:
        temporal = np.maximum(self._top.left, self._top.right)
        blinks = self._blinks.block(self._rng_events, t)[:, None] * self._top.frontal
        clenches = self._clenches.block(self._rng_events, t)[:, None] * temporal
        return np.asarray(blinks + clenches * self._noise(self._muscle))

    def _hum(self, t: Float64Array) -> Float64Array:
        wave = np.sin(2 * np.pi * self.settings.line_frequency * t + self._hum_phase)
        return np.asarray(self.settings.line_noise_uv * wave[:, None] * self._hum_weight)

    def _wander(self) -> Float64Array:
        """Return the slow wandering of the rhythms' log amplitudes over a block, shape (n_bands, block, n_channels)."""
        keep = np.exp(-_BLOCK_S / _WANDER_POINTS / _WANDER_S)
        points = [self._wander_last]
        for _ in range(_WANDER_POINTS):
            kick = self._rng_noise.standard_normal(points[-1].shape)
            points.append(keep * points[-1] + _WANDER_SD * np.sqrt(1 - keep**2) * kick)
        self._wander_last = points[-1]
        return _interpolate(np.stack(points, axis=1), self._block_n)


def _interpolate(points: Float64Array, n: int) -> Float64Array:
    """Interpolate points, shape (n_bands, n_points, n_channels), linearly to `n` steps without the last point."""
    at = np.arange(n) * (points.shape[1] - 1) / n
    index = at.astype(int)
    share = (at - index)[:, None]
    return np.asarray(points[:, index] * (1.0 - share) + points[:, index + 1] * share)

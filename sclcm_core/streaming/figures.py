"""The numbers behind the signal quality, for all channels of a window at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.fft import rfft, rfftfreq

from sclcm_core.streaming.marks import FLAT_AFTER_S, FLAT_STEP
from sclcm_core.types import BoolArray, Float32Array, Float64Array, FloatArray

FIGURES = (
    "missing_share",
    "flat_share",
    "railed_share",
    "line_ratio",
    "line_uv",
    "muscle_ratio",
    "muscle_uv",
    "drift_uv",
    "rms_uv",
)
"""What is measured of each channel, in this order."""

LINE_FREQUENCIES = (50.0, 60.0)
"""The frequencies of the world's mains, in Hz."""

RAIL_UV = 950.0
"""A channel that stands still this far from zero, in µV, is at its limit: Muse's ends at 1000, a Cyton's at 187 500 µV."""

SILENT_UV = 0.3
"""A channel with a smaller standard deviation, in µV, has no signal, whatever it does: EEG has 3 and more."""

_CLIPPED_RANGE_UV = 200.0
_EEG, _FAST = (4.0, 30.0), (30.0, 100.0)
_DRIFT_BLOCK_S = 0.5
_STANDS_OUT = 8.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Parameters
    ----------
    table : ndarray of float64, shape (n_channels, n_figures)
        The figures in the order of `FIGURES`, in their units.
    line_frequency : float or None
        Frequency of the mains hum in Hz, when there is any.
    """

    table: Float64Array
    line_frequency: float | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What depends on the window's length and rate alone.

    `weights` (n_freqs, n_bands) turns a power spectrum into mean densities: EEG, fast, then for each mains frequency the line
    and its neighbours.
    """

    taper: Float32Array
    weights: Float32Array
    fast_width: float
    line_width: float
    lines: tuple[float, ...]


@lru_cache(maxsize=16)
def _plan(n_times: int, sfreq: float) -> _Plan:
    taper = np.hanning(n_times).astype(np.float32)
    freqs = rfftfreq(n_times, 1.0 / sfreq)
    top = min(_FAST[1], 0.45 * sfreq)
    distance = np.min([np.abs(freqs - line) for line in LINE_FREQUENCIES], axis=0)
    fast = (freqs >= _FAST[0]) & (freqs < max(top, _FAST[0] + 2)) & (distance > 2.5)
    masks = [(freqs >= _EEG[0]) & (freqs < _EEG[1]), fast]
    lines = tuple(line for line in LINE_FREQUENCIES if line + 2 < sfreq / 2)
    width = max(1.0, 3.0 * sfreq / n_times)
    for line in lines:
        away = np.abs(freqs - line)
        masks += [away <= width, (away > width) & (away <= width + 3.0)]
    scale = 2.0 / (sfreq * float((taper.astype(np.float64) ** 2).sum()))
    weights = np.stack([mask / max(mask.sum(), 1) for mask in masks], axis=1) * scale
    line_width = 2 * width
    fast_width = float(fast.sum()) * sfreq / n_times
    return _Plan(taper, weights.astype(np.float32), fast_width, line_width, lines)


def measure(samples: FloatArray, sfreq: float, line_frequency: float | None = None) -> Figures:
    """Measure every channel of a window.

    Parameters
    ----------
    samples : ndarray, shape (n_channels, n_times)
        Raw potentials in µV; NaN where a sample was lost.
    sfreq : float
        Sampling rate in Hz.
    line_frequency : float, optional
        Frequency of the mains in Hz; found among 50 and 60 Hz when left out.

    Returns
    -------
    Figures
        Shares in 0..1, ratios without unit, amplitudes in µV.

    Notes
    -----
    Densities are those of one Hann-tapered periodogram. The hum is what stands out of its neighbourhood of 3 Hz on
    either side; its frequency is the one that stands out most, in the median over the channels.
    """
    missing = ~np.isfinite(samples)
    centred, offsets = _centred(samples, missing)
    out = np.empty((len(samples), len(FIGURES)))
    out[:, 0] = missing.mean(axis=1)
    rms = np.sqrt(np.einsum("ct,ct->c", centred, centred) / centred.shape[1])
    out[:, 1], out[:, 2] = _still_shares(centred, offsets, rms, sfreq)
    out[:, 3:7], line = _spectral(centred, sfreq, line_frequency)
    out[:, 7] = _drift(centred, sfreq)
    out[:, 8] = rms
    return Figures(out, line)


def _centred(samples: FloatArray, missing: BoolArray) -> tuple[Float32Array, FloatArray]:
    """Return the window around its channels' means, as float32 with zeros where samples miss, and the means; both in µV."""
    if not missing.any():
        means = samples.mean(axis=1, dtype=np.float64)
        return (samples - means[:, None]).astype(np.float32), means
    there = np.where(missing, 0.0, samples)
    means = there.sum(axis=1, dtype=np.float64) / np.maximum((~missing).sum(axis=1), 1)
    return np.where(missing, 0.0, there - means[:, None]).astype(np.float32), means


def _still_shares(centred: Float32Array, offsets: FloatArray, rms: Float32Array, sfreq: float) -> tuple[FloatArray, FloatArray]:
    """Return the shares of flat and of railed samples, each (n_channels,) in 0..1."""
    length = min(max(2, round(FLAT_AFTER_S * sfreq)), centred.shape[1])
    n_blocks = centred.shape[1] // length
    blocks = centred[:, : n_blocks * length].reshape(len(centred), n_blocks, length)
    highest, lowest = blocks.max(axis=2), blocks.min(axis=2)
    still = highest - lowest < FLAT_STEP
    far = np.abs(highest + offsets[:, None]) >= RAIL_UV
    flat = np.where(rms < SILENT_UV, 1.0, (still & ~far).mean(axis=1))
    railed = (still & far).mean(axis=1)
    return np.where(railed > 0.5, 0.0, flat), np.maximum(railed, _clipped_share(centred, highest, lowest))


def _clipped_share(centred: Float32Array, highest: Float32Array, lowest: Float32Array) -> FloatArray:
    """Return the share of samples that lie exactly on the extreme of a channel with a large range, (n_channels,)."""
    top, bottom = highest.max(axis=1), lowest.min(axis=1)
    n_top = (centred == top[:, None]).sum(axis=1)
    n_bottom = (centred == bottom[:, None]).sum(axis=1)
    most = np.maximum(n_top, n_bottom)
    clips = (top - bottom > _CLIPPED_RANGE_UV) & (most >= 3)
    return np.where(clips, most / centred.shape[1], 0.0)


def _spectral(centred: Float32Array, sfreq: float, line_frequency: float | None) -> tuple[FloatArray, float | None]:
    """Return line_ratio, line_uv, muscle_ratio and muscle_uv, shape (n_channels, 4), and the frequency of the hum in Hz."""
    plan = _plan(centred.shape[1], sfreq)
    spectrum = rfft(centred * plan.taper, axis=1)
    density = (spectrum.real**2 + spectrum.imag**2) @ plan.weights  # µV²/Hz
    eeg, fast = np.maximum(density[:, 0], 1e-12), density[:, 1]
    at, around = density[:, 2::2], density[:, 3::2]
    which, line = _line(at, around, plan.lines, line_frequency)
    hum = np.full(len(centred), np.nan)
    if which is not None:
        hum = np.sqrt(np.maximum(at[:, which] - around[:, which], 0.0) * plan.line_width)
    eeg_uv = np.sqrt(eeg * (_EEG[1] - _EEG[0]))
    return np.stack([hum / eeg_uv, hum, fast / eeg, np.sqrt(fast * plan.fast_width)], axis=1), line


def _line(at: FloatArray, around: FloatArray, lines: tuple[float, ...], known: float | None) -> tuple[int | None, float | None]:
    """Return which mains frequency to measure, and that frequency in Hz when there is a hum at all."""
    if not lines:
        return None, None
    if known is not None:
        return (lines.index(known), known) if known in lines else (None, None)
    stands_out = np.median(at / np.maximum(around, 1e-12), axis=0)
    which = int(stands_out.argmax())
    return which, lines[which] if stands_out[which] >= _STANDS_OUT else None


def _drift(centred: Float32Array, sfreq: float) -> FloatArray:
    """Return the range of the means of half-seconds, shape (n_channels,) in µV."""
    length = min(max(1, round(_DRIFT_BLOCK_S * sfreq)), centred.shape[1])
    n_blocks = centred.shape[1] // length
    means = centred[:, : n_blocks * length].reshape(len(centred), n_blocks, length).mean(axis=2)
    spread: FloatArray = means.max(axis=1) - means.min(axis=1)
    return spread

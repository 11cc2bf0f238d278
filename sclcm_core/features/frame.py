"""The features of one window, as a spec asks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sclcm_core.features.asymmetry import dasm, dcau, rasm
from sclcm_core.features.bandpass_entropy import bandpass_differential_entropy
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.hjorth import hjorth_activity, hjorth_complexity, hjorth_mobility
from sclcm_core.features.patch import patch
from sclcm_core.features.psd import power_spectral_density
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.features.spectrum import band_width
from sclcm_core.features.welch import relative_power, welch_density
from sclcm_core.montage import find_channels
from sclcm_core.types import Float64Array, FloatArray

Features = Callable[[FloatArray], Float64Array]

_PAIRINGS = {"dasm": dasm, "rasm": rasm, "dcau": dcau}


def frame_function(spec: FeatureSpec) -> Features:
    """Return the function that turns windows into features.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.

    Returns
    -------
    callable
        Takes potentials in µV, shape (..., n_channels, n_times), or (..., n_bands, n_channels, n_times) for the kinds that need a
        filter bank, and returns features in the spec's unit, shape (..., n_bands, n_columns).
    """
    of_channels = _of_channels(spec)
    pairings = [(_PAIRINGS[kind], find_channels(names, spec.ch_names)[0]) for kind, *names in spec.pair_names]

    def features(windows: FloatArray) -> Float64Array:
        values = of_channels(windows)
        extra = [np.asarray(function(values, [(pair[0], pair[1])]), dtype=np.float64) for function, pair in pairings]
        return np.concatenate([values, *extra], axis=-1) if extra else values

    return features


def _of_channels(spec: FeatureSpec) -> Features:
    if not (spec.needs_filter_bank or spec.is_raw):
        n_times = spec.segment if spec.kind == "psd_welch" else spec.window
        band_width(n_times, spec.sfreq, spec.bands)  # says at once when a band has no spectral bin
    known: dict[str, Features] = {
        "de": partial(differential_entropy, sfreq=spec.sfreq, bands=spec.bands),
        "de_bandpass": bandpass_differential_entropy,
        "psd": partial(power_spectral_density, sfreq=spec.sfreq, bands=spec.bands),
        "psd_welch": partial(welch_density, sfreq=spec.sfreq, bands=spec.bands, segment=spec.segment),
        "relative_power": partial(relative_power, sfreq=spec.sfreq, bands=spec.bands),
        "hjorth_activity": hjorth_activity,
        "hjorth_mobility": partial(hjorth_mobility, sfreq=spec.sfreq),
        "hjorth_complexity": hjorth_complexity,
        "raw": patch,
    }
    return known[spec.kind]

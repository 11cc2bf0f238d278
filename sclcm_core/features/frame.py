"""The features of one window, as a spec asks for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sclcm_core.features.asymmetry import dasm, dcau, rasm
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.psd import power_spectral_density
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels
from sclcm_core.types import Float64Array, FloatArray

_KINDS = {"de": differential_entropy, "psd": power_spectral_density}
_PAIRINGS = {"dasm": dasm, "rasm": rasm, "dcau": dcau}


def frame_function(spec: FeatureSpec) -> Callable[[FloatArray], Float64Array]:
    """Return the function that turns windows into features.

    Parameters
    ----------
    spec : FeatureSpec
        What to compute.

    Returns
    -------
    callable
        Takes potentials in µV, shape (..., n_channels, n_times), and returns features in the spec's unit, shape
        (..., n_bands, n_columns).
    """
    of_channels = _KINDS[spec.kind]
    pairings = [(_PAIRINGS[kind], find_channels(names, spec.ch_names)[0]) for kind, *names in spec.pair_names]

    def features(windows: FloatArray) -> Float64Array:
        values = of_channels(windows, spec.sfreq, spec.bands)
        extra = [np.asarray(function(values, [(pair[0], pair[1])]), dtype=np.float64) for function, pair in pairings]
        return np.concatenate([values, *extra], axis=-1) if extra else values

    return features

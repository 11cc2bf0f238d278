"""Raw windows: the signal itself, cut from the same recordings under the same ids as the feature windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.types import Float32Array

SFREQ = 128.0
"""Sampling rate in Hz of raw windows."""

PATCH_S, WINDOW_S = 0.25, 4.0
"""Length of a patch and of a window in s."""

PASSBAND = (0.5, 45.0)
"""Causal band-pass in Hz: electrode offsets would swamp everything else, and mains must not count as a feature."""


def raw_spec(ch_names: Sequence[str], *, window_s: float = WINDOW_S, sfreq: float = SFREQ) -> FeatureSpec:
    """Return the spec of raw windows.

    Parameters
    ----------
    ch_names : sequence of str
        Channels.
    window_s : float
        Length of a window in s; a multiple of 0.25 s.
    sfreq : float
        Sampling rate in Hz to which signals are brought.

    Returns
    -------
    FeatureSpec
        Of the kind 'raw': frame ``k`` is patch ``k``. Cutting, ids, splits, statistics, cache and the live path are those of any
        other features.

    Examples
    --------
    >>> raw_spec(["T7", "T8"]).input_shape
    (32, 2, 16)
    """
    n_patches = round(window_s / PATCH_S)
    return FeatureSpec(
        kind="raw",
        ch_names=tuple(ch_names),
        sfreq=sfreq,
        window_s=PATCH_S,
        hop_s=PATCH_S,
        n_frames=n_patches,
        passband=PASSBAND,
    )


def as_signals(features: Float32Array) -> Float32Array:
    """Lay raw windows out along time.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_in_patch, n_channels, n_patches)
        As a window set of the kind 'raw' holds them: in µV, or without unit when normalised.

    Returns
    -------
    ndarray of float32, shape (n, n_channels, n_patches * n_in_patch)
        The same samples in the same unit.
    """
    n, n_in_patch, n_channels, n_patches = features.shape
    return features.transpose(0, 2, 3, 1).reshape(n, n_channels, n_patches * n_in_patch)


def as_patches(signals: Float32Array, n_in_patch: int) -> Float32Array:
    """Undo `as_signals`.

    Parameters
    ----------
    signals : ndarray of float32, shape (n, n_channels, n_times)
        In µV, or without unit.
    n_in_patch : int
        Samples of a patch; divides `n_times`.

    Returns
    -------
    ndarray of float32, shape (n, n_in_patch, n_channels, n_patches)
        The same samples in the same unit.
    """
    n, n_channels, n_times = signals.shape
    if n_times % n_in_patch:
        raise ValueError(f"Patches of {n_in_patch} samples do not fill windows of {n_times}.")
    return signals.reshape(n, n_channels, n_times // n_in_patch, n_in_patch).transpose(0, 3, 1, 2)


def same_moment(first: WindowSet, second: WindowSet) -> tuple[Int64Array, Int64Array]:
    """Pair the windows of two sets that end at the same moment of the same recording, as two live models would see them.

    Parameters
    ----------
    first, second : WindowSet
        Of the same recordings, with different features: raw and bands, say.

    Returns
    -------
    in_first, in_second : ndarray of int64, shape (n_pairs,)
        Indices of the windows of each pair, in the order of `first`.
    """
    known = {key: number for number, key in enumerate(_ends(second))}
    pairs = [(number, known[key]) for number, key in enumerate(_ends(first)) if key in known]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _ends(windows: WindowSet) -> list[tuple[str, str, int]]:
    """Recording by name, and the end of each window in ms."""
    end_ms = np.round(1000 * (windows.t0 + windows.spec.span_s)).astype(np.int64)
    rows = zip(windows.subject, windows.recording, end_ms, strict=True)
    return [(windows.subject_names[s], windows.recording_names[r], int(end)) for s, r, end in rows]

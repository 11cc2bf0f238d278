"""Features that the authors of a data set computed: which of them a spec asks for, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sclcm_core.bands import SEED_BANDS
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import DASM_PAIRS_62, DCAU_PAIRS_62, SEED_CHANNELS, find_channels
from sclcm_core.types import Float32Array, FloatArray

_PAIRS = {"dasm": DASM_PAIRS_62, "rasm": DASM_PAIRS_62, "dcau": DCAU_PAIRS_62}
_KINDS = ("de", "psd")
_FROM_SIGNALS = ("rebuilt", "reference", "bipolar", "passband", "notch_hz", "smoothing")
NOT_FINITE = "feature: 100% of a band not a number"
"""Fault of a published frame that holds NaN or an infinity."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a spec asks of SEED's features.

    Parameters
    ----------
    kind : {'de', 'psd'}
        Feature of the channels.
    rows : dict of str to list of int
        For each kind of feature, the rows that are wanted, in the order of the spec's columns.
    bands : list of int
        Bands that are wanted, in the order of the spec.
    """

    kind: str
    rows: dict[str, list[int]]
    bands: list[int]

    def columns(self, arrays: dict[str, FloatArray]) -> Float32Array:
        """Lay out published arrays as frames.

        Parameters
        ----------
        arrays : dict of str to ndarray, shape (n_rows, n, 5)
            Each kind of feature of one trial; density as power.

        Returns
        -------
        ndarray of float32, shape (n, n_bands, n_columns)
            Frames in nats; density in dB.
        """
        parts = []
        for kind, rows in self.rows.items():
            chosen = arrays[kind][rows][:, :, self.bands].transpose(1, 2, 0)
            parts.append(_decibel(chosen) if kind == "psd" else chosen)
        return np.concatenate(parts, axis=-1).astype(np.float32)


def _decibel(power: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(10 * np.log10(power))


def select_features(spec: FeatureSpec, window_s: float, title: str) -> Selection:
    """Find what a spec asks for, or say what it cannot have.

    Parameters
    ----------
    spec : FeatureSpec
        What is wanted.
    window_s : float
        Length of the authors' windows in s; they do not overlap.
    title : str
        Name of the data set, for the text of errors.

    Returns
    -------
    Selection
        Rows and bands of the published arrays.

    Raises
    ------
    DatasetError
        When windows, bands, channels or pairs are others than the authors computed.
    """
    if (spec.window_s, spec.hop_s) != (window_s, window_s):
        raise DatasetError(
            f"{title} holds features of windows of {window_s:g} s side by side; the spec asks for {spec.window_s:g} s every "
            f"{spec.hop_s:g} s.",
            f"Set window_s and hop_s to {window_s:g}, or compute features from the recordings.",
        )
    _refuse_variants(spec, title)
    rows: dict[str, list[int]] = {spec.kind: _channel_rows(spec, title)}
    for kind in dict.fromkeys(name for name, _, _ in spec.pair_names):
        wanted = [(first, second) for name, first, second in spec.pair_names if name == kind]
        rows[kind] = [_PAIRS[kind].index(pair) for pair in wanted]
    return Selection(spec.kind, rows, _band_indices(spec, title))


def _refuse_variants(spec: FeatureSpec, title: str) -> None:
    usual = FeatureSpec.model_fields
    asked = [f"kind {spec.kind}"] if spec.kind not in _KINDS else []
    asked += [f"{name} {getattr(spec, name)}" for name in _FROM_SIGNALS if getattr(spec, name) != usual[name].default]
    if asked:
        raise DatasetError(
            f"{title} holds 'de' and 'psd' as its authors computed them; the spec asks for {', '.join(asked)}.",
            "Leave it out of the features, or compute features from the recordings.",
        )


def _channel_rows(spec: FeatureSpec, title: str) -> list[int]:
    indices, missing = find_channels(spec.ch_names, SEED_CHANNELS)
    if missing:
        raise DatasetError(f"{title} has no channel {', '.join(missing)}.", "Leave it out of the features.")
    return indices


def _band_indices(spec: FeatureSpec, title: str) -> list[int]:
    known = {(band.low, band.high): index for index, band in enumerate(SEED_BANDS)}
    for band in spec.bands:
        if (band.low, band.high) not in known:
            edges = ", ".join(f"{name} {low:g}-{high:g} Hz" for name, low, high in SEED_BANDS)
            raise DatasetError(
                f"{title} holds no features of the band {band.name} ({band.low:g}-{band.high:g} Hz); it has {edges}.",
                "Choose among these, or compute features from the recordings.",
            )
    return [known[band.low, band.high] for band in spec.bands]


def faults_of(values: FloatArray) -> dict[int, str]:
    """Mark frames that hold something that is no number.

    Parameters
    ----------
    values : ndarray, shape (n, n_bands, n_columns)
        Frames in nats or dB.

    Returns
    -------
    dict of int to str
        Fault of each such frame.
    """
    bad = ~np.isfinite(values).all(axis=(1, 2))
    return {int(number): NOT_FINITE for number in np.flatnonzero(bad)}

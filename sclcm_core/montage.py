"""Electrode names and aliases, left-right and front-back pairs, the 9x9 grid, positions on the scalp."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from sclcm_core.types import Float64Array

POSITIONS: dict[str, tuple[float, float, float]] = {
    "Fp1": (-0.287, 0.957, -0.046),
    "Fpz": (-0.006, 1.000, 0.004),
    "Fp2": (0.274, 0.960, -0.046),
    "AF7": (-0.544, 0.835, -0.082),
    "AF3": (-0.336, 0.914, 0.228),
    "AFz": (-0.005, 0.933, 0.359),
    "AF4": (0.337, 0.912, 0.233),
    "AF8": (0.534, 0.841, -0.084),
    "F9": (-0.684, 0.565, -0.461),
    "F7": (-0.764, 0.638, -0.100),
    "F5": (-0.694, 0.690, 0.203),
    "F3": (-0.525, 0.719, 0.456),
    "F1": (-0.281, 0.732, 0.620),
    "Fz": (-0.005, 0.739, 0.673),
    "F2": (0.285, 0.738, 0.612),
    "F4": (0.523, 0.730, 0.440),
    "F6": (0.696, 0.692, 0.192),
    "F8": (0.759, 0.643, -0.103),
    "F10": (0.683, 0.565, -0.463),
    "FT9": (-0.827, 0.306, -0.471),
    "FT7": (-0.930, 0.353, -0.102),
    "FC5": (-0.869, 0.396, 0.297),
    "FC3": (-0.657, 0.426, 0.622),
    "FC1": (-0.352, 0.433, 0.830),
    "FCz": (-0.004, 0.438, 0.899),
    "FC2": (0.347, 0.442, 0.827),
    "FC4": (0.657, 0.433, 0.617),
    "FC6": (0.866, 0.405, 0.293),
    "FT8": (0.924, 0.368, -0.105),
    "FT10": (0.823, 0.308, -0.478),
    "T9": (-0.883, 0.011, -0.470),
    "T7": (-0.996, 0.010, -0.084),
    "C5": (-0.932, 0.036, 0.360),
    "C3": (-0.704, 0.056, 0.708),
    "C1": (-0.372, 0.069, 0.926),
    "Cz": (-0.004, 0.075, 0.997),
    "C2": (0.376, 0.074, 0.924),
    "C4": (0.709, 0.064, 0.703),
    "C6": (0.934, 0.046, 0.354),
    "T8": (0.996, 0.022, -0.087),
    "T10": (0.878, 0.005, -0.478),
    "TP9": (-0.854, -0.293, -0.430),
    "TP7": (-0.945, -0.322, -0.054),
    "CP5": (-0.875, -0.323, 0.360),
    "CP3": (-0.655, -0.307, 0.690),
    "CP1": (-0.346, -0.290, 0.892),
    "CPz": (-0.004, -0.287, 0.958),
    "CP2": (0.359, -0.289, 0.887),
    "CP4": (0.665, -0.301, 0.684),
    "CP6": (0.881, -0.312, 0.356),
    "TP8": (0.946, -0.320, -0.056),
    "TP10": (0.849, -0.300, -0.435),
    "P9": (-0.731, -0.564, -0.385),
    "P7": (-0.791, -0.611, -0.004),
    "P5": (-0.714, -0.623, 0.320),
    "P3": (-0.535, -0.616, 0.578),
    "P1": (-0.281, -0.609, 0.742),
    "Pz": (-0.004, -0.604, 0.797),
    "P2": (0.294, -0.600, 0.744),
    "P4": (0.542, -0.609, 0.580),
    "P6": (0.711, -0.626, 0.321),
    "P8": (0.789, -0.614, -0.004),
    "P10": (0.725, -0.570, -0.387),
    "PO7": (-0.567, -0.822, 0.050),
    "PO3": (-0.373, -0.840, 0.393),
    "POz": (-0.006, -0.850, 0.526),
    "PO4": (0.363, -0.847, 0.389),
    "PO8": (0.561, -0.826, 0.050),
    "PO5": (-0.497, -0.834, 0.240),
    "PO6": (0.495, -0.834, 0.241),
    "PO9": (-0.536, -0.781, -0.320),
    "PO10": (0.525, -0.787, -0.324),
    "O1": (-0.300, -0.948, 0.109),
    "Oz": (-0.007, -0.986, 0.169),
    "O2": (0.290, -0.951, 0.109),
    "Iz": (-0.008, -0.979, -0.202),
    "A1": (-0.795, -0.074, -0.602),
    "A2": (0.788, -0.076, -0.611),
    "CB1": (-0.545, -0.768, -0.335),
    "CB2": (0.545, -0.768, -0.335),
}
"""Unit-sphere coordinates (right, front, up) of the 10-10 electrodes, from the standard 10-05 head; SEED's CB1 and CB2, which
no standard defines, are set below PO7 and PO8."""

ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "M1": "A1", "M2": "A2"}
"""Names of the old 10-20 system and of the mastoids."""

_CANONICAL = {name.upper(): name for name in POSITIONS} | ALIASES
_PREFIX = re.compile(r"^(EEG|CH|CHAN|CHANNEL|ELECTRODE)[\s_:.\-]+", re.IGNORECASE)
_SUFFIX = re.compile(r"[\s_\-]*(REF|LE|RE|AVG|AVE|AV|CAR|A1|A2|M1|M2|A1A2|LINKED|UV|\(UV\)|\[UV\])$", re.IGNORECASE)

DASM_PAIRS_62: tuple[tuple[str, str], ...] = (
    ("Fp1", "Fp2"), ("AF3", "AF4"), ("F7", "F8"), ("F5", "F6"), ("F3", "F4"), ("F1", "F2"), ("FT7", "FT8"),
    ("FC5", "FC6"), ("FC3", "FC4"), ("FC1", "FC2"), ("T7", "T8"), ("C5", "C6"), ("C3", "C4"), ("C1", "C2"),
    ("TP7", "TP8"), ("CP5", "CP6"), ("CP3", "CP4"), ("CP1", "CP2"), ("P7", "P8"), ("P5", "P6"), ("P3", "P4"),
    ("P1", "P2"), ("PO7", "PO8"), ("PO5", "PO6"), ("PO3", "PO4"), ("CB1", "CB2"), ("O1", "O2"),
)  # fmt: skip
"""SEED's 27 left-right pairs (Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497; F1-F2 for the F7-F8 printed twice)."""

DCAU_PAIRS_62: tuple[tuple[str, str], ...] = (
    ("FT7", "TP7"), ("FC5", "CP5"), ("FC3", "CP3"), ("FC1", "CP1"), ("FCz", "CPz"), ("FC2", "CP2"), ("FC4", "CP4"),
    ("FC6", "CP6"), ("FT8", "TP8"), ("F7", "P7"), ("F5", "P5"), ("F3", "P3"), ("F1", "P1"), ("Fz", "Pz"), ("F2", "P2"),
    ("F4", "P4"), ("F6", "P6"), ("F8", "P8"), ("Fp1", "O1"), ("Fp2", "O2"), ("Fpz", "Oz"), ("AF3", "CB1"), ("AF4", "CB2"),
)  # fmt: skip
"""SEED's 23 front-back pairs (Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497)."""

_LEFT_RIGHT = (
    *DASM_PAIRS_62, ("AF7", "AF8"), ("F9", "F10"), ("FT9", "FT10"), ("T9", "T10"), ("TP9", "TP10"), ("P9", "P10"),
    ("PO9", "PO10"), ("A1", "A2"),
)  # fmt: skip

SEED_CHANNELS: tuple[str, ...] = tuple(
    """Fp1 Fpz Fp2 AF3 AF4 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8 T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5
    CP3 CP1 CPz CP2 CP4 CP6 TP8 P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO5 PO3 POz PO4 PO6 PO8 CB1 O1 Oz O2 CB2""".split()
)
"""The 62 channels of SEED, in the order of its files."""

DEAP_CHANNELS: tuple[str, ...] = tuple(
    """Fp1 AF3 F3 F7 FC5 FC1 C3 T7 CP5 CP1 P3 P7 PO3 O1 Oz Pz Fp2 AF4 Fz F4 F8 FC6 FC2 Cz C4 T8 CP6 CP2 P4 P8 PO4 O2""".split()
)
"""The 32 EEG channels of DEAP, in the (Geneva) order of its preprocessed files."""

GRID_9X9: tuple[tuple[str, ...], ...] = (
    ("", "", "", "Fp1", "Fpz", "Fp2", "", "", ""),
    ("", "", "", "AF3", "", "AF4", "", "", ""),
    ("F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8"),
    ("FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8"),
    ("T7", "C5", "C3", "C1", "Cz", "C2", "C4", "C6", "T8"),
    ("TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8"),
    ("P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8"),
    ("", "PO7", "PO5", "PO3", "POz", "PO4", "PO6", "PO8", ""),
    ("", "", "CB1", "O1", "Oz", "O2", "CB2", "", ""),
)
"""The scalp as a 9x9 grid, rows from front to back; empty where there is no electrode."""


def canonical_name(label: str) -> str | None:
    """Return the 10-10 name that a label means, or None when it means none.

    Parameters
    ----------
    label : str
        A label as found in streams and files.

    Returns
    -------
    str or None
        The standard name.

    Examples
    --------
    >>> [canonical_name(x) for x in ("EEG T3", "t7", "T7-REF", "Fc5.", "EEG Fp1-LE", "Trigger")]
    ['T7', 'T7', 'T7', 'FC5', 'Fp1', None]
    """
    text = label.strip().strip(".").strip()
    text = _PREFIX.sub("", text)
    found = _CANONICAL.get(text.strip(" .").upper())
    if found is not None:
        return found
    found = _CANONICAL.get(_SUFFIX.sub("", text).strip(" .").upper())
    return None if found in ("A1", "A2") else found  # A2-A1 is a difference of mastoids, not an electrode


def find_channels(wanted: Sequence[str], available: Sequence[str]) -> tuple[list[int], list[str]]:
    """Find channels by name, whatever aliases either side uses.

    A label that equals the wanted one wins over one that only means the same electrode.

    Parameters
    ----------
    wanted : sequence of str
        Names that are needed.
    available : sequence of str
        Labels of a stream or file.

    Returns
    -------
    indices : list of int
        Where each wanted channel that was found stands in `available`, in the order of `wanted`.
    missing : list of str
        Wanted channels that are not there.

    Examples
    --------
    >>> find_channels(["T7", "T8"], ["EEG T4", "EEG T3", "ECG"])
    ([1, 0], [])
    >>> find_channels(["T7", "T8"], ["T7", "O1"])
    ([0], ['T8'])
    """
    by_label: dict[str, int] = {}
    by_meaning: dict[str, int] = {}
    for index, label in enumerate(available):
        by_label.setdefault(label, index)
        meaning = canonical_name(label)
        if meaning is not None:
            by_meaning.setdefault(meaning, index)
    indices, missing = [], []
    for name in wanted:
        index_or_none = by_label.get(name, by_meaning.get(canonical_name(name) or ""))
        if index_or_none is None:
            missing.append(name)
        else:
            indices.append(index_or_none)
    return indices, missing


def is_eeg_label(label: str) -> bool:
    """Tell whether a label names an electrode of the 10-10 system.

    Parameters
    ----------
    label : str
        A label as found in streams and files.

    Examples
    --------
    >>> is_eeg_label("EEG T3"), is_eeg_label("ECG")
    (True, False)
    """
    return canonical_name(label) is not None


def left_right_pairs(ch_names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the left-right pairs that a set of channels holds.

    Parameters
    ----------
    ch_names : iterable of str
        Channel names; aliases are understood.

    Returns
    -------
    list of (str, str)
        Pairs (left, right) by their standard names.

    Examples
    --------
    >>> left_right_pairs(["EEG T3", "EEG T4", "O1"])
    [('T7', 'T8')]
    """
    present = {canonical_name(name) for name in ch_names}
    return [pair for pair in _LEFT_RIGHT if present.issuperset(pair)]


def front_back_pairs(ch_names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the front-back pairs that a set of channels holds.

    Parameters
    ----------
    ch_names : iterable of str
        Channel names; aliases are understood.

    Returns
    -------
    list of (str, str)
        Pairs (front, back) by their standard names.

    Examples
    --------
    >>> front_back_pairs(["F3", "P3", "O1"])
    [('F3', 'P3')]
    """
    present = {canonical_name(name) for name in ch_names}
    return [pair for pair in DCAU_PAIRS_62 if present.issuperset(pair)]


def positions(ch_names: Sequence[str]) -> Float64Array:
    """Return where electrodes sit on the unit sphere.

    Parameters
    ----------
    ch_names : sequence of str
        Channel names; aliases are understood.

    Returns
    -------
    ndarray of float64, shape (n_channels, 3)
        Coordinates right, front, up, without unit; NaN for labels that name no electrode.

    Examples
    --------
    >>> positions(["T3", "unknown"]).round(1)
    array([[-1. ,  0. , -0.1],
           [ nan,  nan,  nan]])
    """
    unknown = (np.nan, np.nan, np.nan)
    return np.array([POSITIONS.get(canonical_name(name) or "", unknown) for name in ch_names], dtype=np.float64)

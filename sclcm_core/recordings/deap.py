"""Preprocessed files of DEAP, in Python's and in MATLAB's format (Koelstra et al. 2012, doi:10.1109/T-AFFC.2011.15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.plain_pickle import load_plain
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials, numbered
from sclcm_core.types import FloatArray, Marker

SFREQ = 128.0
"""Sampling rate of the preprocessed files in Hz."""

BASELINE_S = 3.0
"""Rest before each video in s."""

PERIPHERAL_CHANNELS = ("hEOG", "vEOG", "zEMG", "tEMG", "GSR", "Respiration", "Plethysmograph", "Temperature")
"""Channels 32 to 39; the first four are potentials."""

RATINGS = ("valence", "arousal", "dominance", "liking")
"""The columns of the labels, each 1 to 9."""

_REMEDY = "Take sNN.dat of data_preprocessed_python or sNN.mat of data_preprocessed_matlab as they were distributed."


def open_dat(path: Path) -> Trials:
    """Open DEAP's ``sNN.dat``; the pickle is read without executing anything.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Trials
        One a video, in µV, with its baseline and its ratings as markers.
    """
    try:
        content = load_plain(path.read_bytes())
    except ValueError as error:
        raise RecordingError(f"'{path}' is not a file of DEAP: {error}.", _REMEDY) from error
    return deap_trials(path, content)


def deap_trials(path: Path, content: Any) -> Trials:
    """Make trials of what was read of a file of DEAP.

    Parameters
    ----------
    path : Path
        The file.
    content : object
        A mapping with ``data`` and ``labels``.

    Returns
    -------
    Trials
        One a video, ``"1"`` first.
    """
    data, labels = deap_arrays(path, content)
    return Trials(path, numbered(len(data)), lambda k: _trial(path, data[k], labels[k], k))


def deap_arrays(path: Path, content: Any) -> tuple[FloatArray, FloatArray]:
    """Check the content of a file.

    Parameters
    ----------
    path : Path
        The file, for the message of an error.
    content : object
        What was read: a mapping with ``data`` and ``labels``.

    Returns
    -------
    data : ndarray, shape (n_trials, 40, n_times)
        Signals; EEG in µV.
    labels : ndarray, shape (n_trials, 4)
        Ratings, 1 to 9, without unit.
    """
    if not isinstance(content, dict) or not {"data", "labels"} <= set(content):
        keys = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise RecordingError(f"'{path}' holds {keys or 'nothing'} instead of 'data' and 'labels'.", _REMEDY)
    data, labels = np.asarray(content["data"]), np.asarray(content["labels"])
    n_channels = len(DEAP_CHANNELS) + len(PERIPHERAL_CHANNELS)
    if data.ndim != 3 or data.shape[1] != n_channels or data.dtype.kind != "f":
        raise RecordingError(
            f"'data' of '{path}' is {data.dtype} {data.shape} instead of numbers (trials, {n_channels}, times).", _REMEDY
        )
    if labels.shape != (len(data), len(RATINGS)) or labels.dtype.kind not in "fiu":
        raise RecordingError(f"'labels' of '{path}' is {labels.dtype} {labels.shape} instead of {(len(data), 4)}.", _REMEDY)
    return data, labels.astype(np.float64)


def _trial(path: Path, data: FloatArray, labels: FloatArray, k: int) -> Recording:
    """Make the recording of a trial, baseline included, of data (40, n_times) and labels (4,)."""
    duration_s = data.shape[1] / SFREQ
    ratings = ", ".join(f"{name} {value:.2f}" for name, value in zip(RATINGS, labels, strict=True))
    markers = [
        Marker(0.0, "baseline", BASELINE_S),
        Marker(BASELINE_S, f"trial {k + 1}: {ratings}", max(0.0, duration_s - BASELINE_S)),
    ]
    names = (*DEAP_CHANNELS, *PERIPHERAL_CHANNELS)
    voltage = np.arange(len(names)) < len(DEAP_CHANNELS) + 4
    simulated = (path.parent / "SIMULATED.txt").exists()
    return finish(path, data.T, SFREQ, names, markers, voltage=voltage, simulated=simulated)

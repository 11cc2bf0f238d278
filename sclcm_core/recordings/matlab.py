"""MATLAB files of SEED, SEED-IV and DEAP, told apart by their variables."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.recordings.deap import deap_trials
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials
from sclcm_core.types import Marker

SEED_SFREQ = 200.0
"""Sampling rate of SEED's preprocessed files in Hz."""

SEED_EMOTIONS = {-1: "negative", 0: "neutral", 1: "positive"}
"""Meaning of the numbers in SEED's ``label.mat``."""

_BYTE_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_SEED_KEY = re.compile(r"_eeg(\d+)$")
_REMEDY = "Files of SEED (Preprocessed_EEG), SEED-IV (eeg_raw_data) and DEAP (data_preprocessed_matlab) can be read."


def open_mat(path: Path) -> Trials:
    """Open a MATLAB file of SEED, SEED-IV or DEAP.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Trials
        Its trials in µV, by their numbers; those of SEED are read from the file one at a time.
    """
    variables = _variables(path)
    numbers = _seed_numbers(variables)
    if numbers:
        return Trials(path, tuple(numbers), lambda k: _seed_trial(path, *list(numbers.items())[k]))
    if not {"data", "labels"} <= set(variables):
        raise RecordingError(f"'{path}' holds {', '.join(variables[:6]) or 'nothing'}.", _REMEDY)
    return deap_trials(path, _load(path, ["data", "labels"]))


def check_whole(path: Path) -> None:
    """Check that a MATLAB file of format 5 ends where its last variable ends; scipy reads up to a cut in silence.

    Parameters
    ----------
    path : Path
        The file; `RecordingError` is raised when it is cut short. Other formats are left to the reader.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        order = _BYTE_ORDERS.get(file.read(128)[124:128])
        if order is None:
            return
        at = 128
        while at < size:
            file.seek(at)
            tag = file.read(8)
            at += 8 + (struct.unpack(f"{order}I", tag[4:])[0] if len(tag) == 8 else 0)
    if at != size:
        raise RecordingError(
            f"'{path}' is cut short: its last variable ends at byte {at} of {size}.", "Copy it again from where it came from."
        )


def _variables(path: Path) -> list[str]:
    import scipy.io

    check_whole(path)
    try:
        return [name for name, _, _ in scipy.io.whosmat(path)]
    except NotImplementedError as error:
        raise RecordingError(f"'{path}' is saved in MATLAB's format 7.3.", "Save it again with the option '-v7'.") from error


def _load(path: Path, names: list[str]) -> dict[str, Any]:
    import scipy.io

    return {name: value for name, value in scipy.io.loadmat(path, variable_names=names).items() if name in names}


def _seed_numbers(variables: list[str]) -> dict[str, str]:
    """Return the variable of each trial, in the order of their numbers; the order in the file means nothing."""
    found = {match[1]: name for name in variables if (match := _SEED_KEY.search(name))}
    return dict(sorted(found.items(), key=lambda item: int(item[0])))


def _seed_trial(path: Path, number: str, key: str) -> Recording:
    data = np.asarray(_load(path, [key])[key])
    if data.ndim != 2 or data.shape[0] != len(SEED_CHANNELS) or data.dtype.kind not in "fiu":
        raise RecordingError(
            f"'{key}' of '{path}' is {data.dtype} {data.shape} instead of numbers ({len(SEED_CHANNELS)}, times).", _REMEDY
        )
    text = _seed_label(path, int(number)) or f"trial {number}"
    marker = Marker(0.0, text, data.shape[1] / SEED_SFREQ)
    simulated = (path.parent / "SIMULATED.txt").exists()
    return finish(path, data.T, SEED_SFREQ, SEED_CHANNELS, [marker], simulated=simulated)


def _seed_label(path: Path, number: int) -> str | None:
    """Return the emotion of a trial as ``label.mat`` beside the file tells it, or None."""
    labels_path = path.with_name("label.mat")
    if not labels_path.exists():
        return None
    try:
        labels = np.ravel(_load(labels_path, ["label"])["label"])
        return SEED_EMOTIONS[int(labels[number - 1])]
    except Exception as error:  # a foreign or damaged label.mat fails in any way
        raise RecordingError(f"'{labels_path}' does not tell the label of trial {number}.", "Copy it again.") from error

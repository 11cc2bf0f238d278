"""MATLAB files of SEED, SEED-IV and DEAP, told apart by their variables."""

from __future__ import annotations

import re
from pathlib import Path

from sclcm_core.errors import RecordingError
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.recordings.deap import deap_trials
from sclcm_core.recordings.finish import finish
from sclcm_core.recordings.matlab_v5 import MatlabError, Variable, list_variables, load_numbers
from sclcm_core.recordings.recording import Recording
from sclcm_core.recordings.trials import Trials
from sclcm_core.types import Marker

SEED_SFREQ = 200.0
"""Sampling rate of SEED's preprocessed files in Hz."""

SEED_EMOTIONS = {-1: "negative", 0: "neutral", 1: "positive"}
"""Meaning of the numbers in SEED's ``label.mat``."""

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
    try:
        variables = list_variables(path)
    except MatlabError as error:
        raise RecordingError(f"'{path}' cannot be read as .mat: {error}.", "Copy or save it again.") from error
    numbers = _seed_numbers(variables)
    if numbers:
        return Trials(path, tuple(numbers), lambda k: _seed_trial(path, *list(numbers.items())[k]))
    if not {"data", "labels"} <= set(variables):
        raise RecordingError(f"'{path}' holds {', '.join(list(variables)[:6]) or 'nothing'}.", _REMEDY)
    return deap_trials(path, {name: load_numbers(path, variables[name]) for name in ("data", "labels")})


def _seed_numbers(variables: dict[str, Variable]) -> dict[str, Variable]:
    """Return the variable of each trial, in the order of their numbers; the order in the file means nothing."""
    found = {match[1]: variable for name, variable in variables.items() if (match := _SEED_KEY.search(name))}
    return dict(sorted(found.items(), key=lambda item: int(item[0])))


def _seed_trial(path: Path, number: str, variable: Variable) -> Recording:
    data = load_numbers(path, variable)
    if data.ndim != 2 or data.shape[0] != len(SEED_CHANNELS) or data.dtype.kind not in "fiu":
        raise RecordingError(
            f"'{variable.name}' of '{path}' is {data.dtype} {data.shape} instead of numbers ({len(SEED_CHANNELS)}, times).",
            _REMEDY,
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
        labels = load_numbers(labels_path, list_variables(labels_path)["label"]).ravel()
        return SEED_EMOTIONS[int(labels[number - 1])]
    except Exception as error:  # a foreign or damaged label.mat fails in any way
        raise RecordingError(f"'{labels_path}' does not tell the label of trial {number}.", "Copy it again.") from error

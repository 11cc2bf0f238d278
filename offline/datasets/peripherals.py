"""What else was measured, window by window: its file, and DEAP's eyes, muscles, skin, breath, pulse and temperature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from offline.datasets.dataset import LabelledRecording
from offline.datasets.window_set import Int64Array, WindowSet
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings.deap import PERIPHERAL_CHANNELS
from sclcm_core.types import Float32Array, Float64Array

VALUES = (
    *("hEOG log RMS", "vEOG log RMS", "blinks per s", "zEMG log RMS", "tEMG log RMS"),
    *("GSR mean", "GSR slope", "GSR responses per s", "GSR response size"),
    *("breath rate", "breath size", "breath irregularity"),
    *("pulse rate", "pulse irregularity", "pulse size", "pulse beats"),
    *("temperature mean", "temperature slope"),
)
"""What is computed of each window of DEAP's peripheral channels."""

PERIPHERALS, CAP = "peripherals", "cap"
"""What a file can hold: DEAP's peripheral channels, or the electrodes that the features do not use."""

HOW_TO_MAKE = (
    "Make it with: sclcm-offline peripherals CONFIG --out FILE.npz (DEAP's peripheral channels; --of cap: the rest of the cap)."
)

_RESPONSE_BAND = (0.05, 1.0)
_BREATH_BAND, _PULSE_BAND = (0.1, 0.6), (0.7, 3.0)


@dataclass(frozen=True, slots=True)
class Peripherals:
    """Vectors beside windows.

    Parameters
    ----------
    values : ndarray of float32, shape (n, n_values)
        Of peripheral channels in the units of the recordings, logarithms and rates; of the cap differential entropies in nats. NaN
        where nothing was measured. Row k belongs to window k of the set.
    t0 : ndarray of float64, shape (n,)
        Start of each window in its recording in s.
    made_for : str
        What `windows_key` gave: by it, and by the starts, a file is known to belong to a set. Empty where it is not known.
    names : tuple of str
        What each value is; empty where it is not known.
    of : str
        What was measured: ``"peripherals"`` or ``"cap"``.
    """

    values: Float32Array
    t0: Float64Array
    made_for: str = ""
    names: tuple[str, ...] = ()
    of: str = PERIPHERALS

    def save(self, path: Path) -> None:
        """Write them into an ``.npz`` file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                values=self.values,
                t0=self.t0,
                names=np.array(self.names, np.str_),
                made_for=np.array(self.made_for),
                of=np.array(self.of),
            )


def windows_key(dataset: Mapping[str, Any], spec: FeatureSpec) -> str:
    """Return a hash of what says which windows there are: trials of equal length start their windows at the same times.

    Parameters
    ----------
    dataset : mapping of str to anything
        The section ``[dataset]`` of a config; where the files lie does not count.
    spec : FeatureSpec
        Whose windows; which bands and channels does not count.
    """
    which = {key: value for key, value in dataset.items() if key != "root"}
    content = [which, spec.sfreq, spec.window_s, spec.hop_s, spec.n_frames]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def load_peripherals(path: Path) -> Peripherals:
    """Read what `Peripherals.save` wrote, now or before files said what they are of.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.

    Returns
    -------
    Peripherals
        One row a window.

    Raises
    ------
    DatasetError
        When it is missing or something else.
    """
    if not path.is_file():
        raise DatasetError(f"There is no file of what else was measured at '{path}'.", HOW_TO_MAKE)
    try:
        with np.load(path) as found:
            made_for, of = (str(found[key]) if key in found else old for key, old in (("made_for", ""), ("of", PERIPHERALS)))
            names = tuple(str(name) for name in found["names"]) if "names" in found else ()
            return Peripherals(found["values"], found["t0"], made_for, names, of)
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"'{path}' does not hold what else was measured ({error!r}).", HOW_TO_MAKE) from error


def window_peripherals(windows: WindowSet, recordings: Iterable[LabelledRecording], dataset: Mapping[str, Any]) -> Peripherals:
    """Compute the peripheral features of every window.

    Parameters
    ----------
    windows : WindowSet
        The windows.
    recordings : iterable of LabelledRecording
        The recordings that they were cut from, in the same order; with DEAP's peripheral channels.
    dataset : mapping of str to anything
        The section ``[dataset]`` of the config that they were cut by.

    Returns
    -------
    Peripherals
        Over the span of each window.
    """
    out = np.zeros((len(windows), len(VALUES)), np.float32)
    for number, labelled in enumerate(recordings):
        channels = _channels(labelled)
        sfreq = labelled.recording.spec.sfreq
        length = round(windows.spec.span_s * sfreq)
        mine = np.flatnonzero(windows.recording == number)
        for row, start in zip(mine, np.round(windows.t0[mine] * sfreq).astype(np.int64), strict=True):
            out[row] = peripheral_features(channels[:, start : start + length], sfreq)
    return Peripherals(out, windows.t0.astype(np.float64), windows_key(dataset, windows.spec), VALUES)


def _channels(labelled: LabelledRecording) -> Float64Array:
    recording = labelled.recording
    missing = [name for name in PERIPHERAL_CHANNELS if name not in recording.spec.ch_names]
    if missing:
        raise DatasetError(
            f"'{recording.path}' has no channel {', '.join(missing)}.",
            "Peripheral channels are those of DEAP's preprocessed files; say --of cap for the other electrodes of the cap.",
        )
    columns = [recording.spec.ch_names.index(name) for name in PERIPHERAL_CHANNELS]
    return np.asarray(recording.samples[:, columns].T, dtype=np.float64)


def peripheral_features(channels: Float64Array, sfreq: float) -> Float32Array:
    """Return the features of one window.

    Parameters
    ----------
    channels : ndarray of float64, shape (8, n_times)
        DEAP's channels 33 to 40, in their order and units.
    sfreq : float
        Sampling rate in Hz.

    Returns
    -------
    ndarray of float32, shape (18,)
        See `VALUES`; rates per s, sizes in the channels' units, spreads without unit.
    """
    heog, veog, zygomaticus, trapezius, skin, breath, pulse, warmth = channels
    blinks = signal.find_peaks(_band(veog, sfreq, (0.5, 8.0)), height=4 * _mad(veog), distance=max(1, round(0.2 * sfreq)))[0]
    values = [
        *(_log_rms(heog), _log_rms(veog), len(blinks) * sfreq / len(veog), _log_rms(zygomaticus), _log_rms(trapezius)),
        *(skin.mean(), _slope(skin, sfreq), *_responses(skin, sfreq)),
        *_rhythm(breath, sfreq, _BREATH_BAND)[:3],
        *_rhythm(pulse, sfreq, _PULSE_BAND),
        *(warmth.mean(), _slope(warmth, sfreq)),
    ]
    return np.array(values, dtype=np.float32)


def _log_rms(values: Float64Array) -> float:
    return float(np.log(np.sqrt(np.mean((values - values.mean()) ** 2)) + 1e-9))


def _mad(values: Float64Array) -> float:
    return float(np.median(np.abs(values - np.median(values)))) + 1e-9


def _slope(values: Float64Array, sfreq: float) -> float:
    t = np.arange(len(values)) / sfreq
    return float(np.polyfit(t, values, 1)[0])


def _band(values: Float64Array, sfreq: float, band: tuple[float, float]) -> Float64Array:
    sos = signal.butter(2, band, "bandpass", fs=sfreq, output="sos")
    return np.asarray(signal.sosfiltfilt(sos, values - values.mean(), padlen=min(len(values) - 1, round(sfreq))))


def _responses(skin: Float64Array, sfreq: float) -> tuple[float, float]:
    """Return how many skin responses there are a second, and their mean size."""
    phasic = _band(skin, sfreq, _RESPONSE_BAND)
    peaks, facts = signal.find_peaks(phasic, prominence=2 * _mad(phasic))
    size = float(facts["prominences"].mean()) if len(peaks) else 0.0
    return len(peaks) * sfreq / len(skin), size


def _rhythm(values: Float64Array, sfreq: float, band: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return rate per s, size, irregularity of the periods and number of beats of a rhythm."""
    wave = _band(values, sfreq, band)
    peaks: Int64Array = signal.find_peaks(wave, distance=max(1, round(sfreq / band[1])), prominence=0.5 * wave.std())[0]
    periods = np.diff(peaks) / sfreq
    if not len(periods):
        return 0.0, _log_rms(wave), 0.0, float(len(peaks))
    return 1.0 / float(periods.mean()), _log_rms(wave), float(periods.std() / periods.mean()), float(len(peaks))

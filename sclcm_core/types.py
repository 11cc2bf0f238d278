"""The types that travel along the journey of a sample. Read this file first.

A ``Chunk`` arrives, the ring buffer numbers its samples, a window of them becomes a ``FeatureFrame``, the last frames
become a ``Prediction``. Every one of them is frozen and knows its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MarkArray = npt.NDArray[np.uint8]

Origin = Literal["live", "replay", "simulated"]
"""Where samples come from; always shown on screen."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a stream says of itself, after conversion to µV.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate in Hz.
    ch_names : tuple of str
        Channel labels as the source gives them, in the order of the columns of a chunk.
    name : str
        Name of the stream, shown to the user.
    source_id : str
        What identifies the device; empty when the source gives none.
    origin : {'live', 'replay', 'simulated'}
        Where the samples come from.
    """

    sfreq: float
    ch_names: tuple[str, ...]
    name: str = ""
    source_id: str = ""
    origin: Origin = "live"

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.ch_names)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive samples as they came from a source.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV. NaN where the source delivered none.
    timestamps : ndarray of float64, shape (n_samples,)
        Capture times in s, on the clock of the stream.
    n_lost_before : int
        How many samples the source lost directly before the first of these. They count as samples, but are never invented.
    """

    samples: Float32Array
    timestamps: Float64Array
    n_lost_before: int = 0

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.timestamps.ndim != 1 or len(self.timestamps) != len(self.samples):
            raise ValueError(
                f"A chunk needs samples (n_samples, n_channels) and timestamps (n_samples,); "
                f"got {self.samples.shape} and {self.timestamps.shape}."
            )


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened at a moment: an annotation, a trial label, a state of the simulated head.

    Parameters
    ----------
    t : float
        Time in s, on the clock of the stream.
    text : str
        What happened.
    duration_s : float
        How long it lasted, in s; 0 when it is a moment or the end is not known.
    """

    t: float
    text: str
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FeatureFrame:
    """The features of one window.

    Parameters
    ----------
    values : ndarray of float32, shape (n_bands, n_columns)
        Features in nats (differential entropy) or dB (power spectral density); columns are channels, then pairs.
    index : int
        Number of the frame since the stream opened; frame ``k`` starts at ``k * hop_s``.
    t_end : float
        Capture time of the window's last sample, in s on the clock of the stream.
    fault : str or None
        Why the frame must not be trusted (``"gap at T7"``, ``"flat T8"``), or None.
    """

    values: Float32Array
    index: int
    t_end: float
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of the last frames.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n_classes,)
        Probability of each class, in 0..1. All NaN when the prediction is withheld.
    class_names : tuple of str
        Names of the classes, in the order of the probabilities.
    index : int
        Number of the newest frame it is made of.
    t_start, t_end : float
        Capture times of the first and the last sample it is made of, in s on the clock of the stream.
    t_arrived : float
        When the last sample reached this process, in s on the local clock.
    t_ready : float
        When the answer was ready, in s on the local clock.
    withheld : str or None
        Why there is no answer, or None.
    frame : FeatureFrame or None
        The newest frame it is made of.
    typicality : float or None
        How like the model's training windows this one is: the share of them that are at least as far from their centre. 0 is unlike
        everything seen (novel, out of distribution), 1 as typical as can be. None when it is withheld or the bundle cannot tell.
    embedding : ndarray of float32, shape (n_shared,), or None
        Where the window lies in the space of words, a unit vector without unit. None when withheld or the bundle has no words.
    """

    probabilities: Float32Array
    class_names: tuple[str, ...]
    index: int
    t_start: float
    t_end: float
    t_arrived: float
    t_ready: float
    withheld: str | None = None
    frame: FeatureFrame | None = field(default=None, repr=False, compare=False)
    typicality: float | None = None
    embedding: Float32Array | None = field(default=None, repr=False, compare=False)

    @property
    def label(self) -> str | None:
        """The most probable class, or None when the prediction is withheld."""
        return None if self.withheld else self.class_names[int(np.argmax(self.probabilities))]

    @property
    def latency_s(self) -> float:
        """Time in s from the arrival of the last sample to the answer."""
        return self.t_ready - self.t_arrived

"""A recording as every reader delivers it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sclcm_core.types import Float32Array, Float64Array, Marker, StreamSpec


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples on an even grid, with what happened meanwhile.

    Parameters
    ----------
    spec : StreamSpec
        Rate, channels and name; the origin is ``"replay"``. All channels of the file are kept, also those that are no EEG.
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV; NaN where samples were lost. Channels that are no voltages keep the numbers of the file.
    timestamps : ndarray of float64, shape (n_samples,)
        Times in s from the start of the recording, one sampling interval apart.
    markers : tuple of Marker
        Annotations and markers in the order of their times, in s from the start; at a sample when nearly so.
    path : Path
        The file it was read from.
    simulated : bool
        Whether the file says that its signal was simulated.
    notes : tuple of str
        What the reader had to do or leave out to read the file: a cut end, gaps, a corrected unit. Each was also logged.
    started_at : float
        Time of the first sample on the file's own clock, in s; 0 when it has none.
    """

    spec: StreamSpec
    samples: Float32Array
    timestamps: Float64Array
    markers: tuple[Marker, ...]
    path: Path
    simulated: bool = False
    notes: tuple[str, ...] = ()
    started_at: float = 0.0

    @property
    def n_samples(self) -> int:
        """Number of samples, lost ones included."""
        return len(self.samples)

    @property
    def duration_s(self) -> float:
        """Length in s."""
        return self.n_samples / self.spec.sfreq

"""What can be switched on a simulated head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Emotion = Literal["negative", "neutral", "positive"]

EMOTIONS: tuple[Emotion, ...] = ("negative", "neutral", "positive")
"""The states of the simulated head, in the order of the labels 0, 1, 2 (SEED's -1, 0, 1)."""

HEADSET_CHANNELS: tuple[str, ...] = ("Fp1", "Fp2", "T7", "T8", "C3", "C4", "O1", "O2")
"""The eight electrodes of the simulated headset."""


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """What the simulated head shows, and how strongly.

    The three effects are strengths relative to the usual: 0 switches one off, 1 is the usual, 2 is twice as much in the
    logarithm of the amplitude.

    Parameters
    ----------
    class_effect : float
        How much the state changes the beta and gamma activity over the temporal lobes (T7, T8); in files of DEAP's format also the
        zygomaticus and the pulse.
    stimulus_effect : float
        How much the clip that is watched leaves its own time course, shared by all who watch it, in every band. The courses
        of differential entropy (1 s, T7 T8 Fp1 O1) of two viewers then correlate by 0.03 at 0.5, 0.10 at 1, 0.31 at 2.
    subject_effect : float
        How much persons differ: gain, alpha peak, slope of the spectrum, levels of the bands.
    blinks_per_min : float
        Mean rate of eye blinks.
    jaw_clenches_per_min : float
        Mean rate of jaw clenches.
    line_noise_uv : float
        Amplitude of the mains hum in µV; 0 for none.
    line_frequency : float
        Mains frequency in Hz.
    sensor_noise_uv : float
        Standard deviation of the white noise of the amplifier in µV.
    """

    class_effect: float = 1.0
    stimulus_effect: float = 0.0
    subject_effect: float = 1.0
    blinks_per_min: float = 12.0
    jaw_clenches_per_min: float = 1.0
    line_noise_uv: float = 0.0
    line_frequency: float = 50.0
    sensor_noise_uv: float = 0.4

    def __post_init__(self) -> None:
        for name in ("class_effect", "stimulus_effect", "subject_effect", "blinks_per_min", "jaw_clenches_per_min"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative; got {getattr(self, name)}.")

"""The names that run configs use, without what they stand for: reading a config must not import torch."""

from __future__ import annotations

from typing import Literal

AugmentationName = Literal[
    "mix_windows",
    "add_noise",
    "mask_channels",
    "warp_magnitude",
    "shift_level",
    "flip_sign",
    "roll_channels",
    "roll_bands",
]

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

EncoderKind = Literal["sclcm", "tcn", "patches"]
"""The SCLCM convolutions, the dilated convolutions over time, the transformer over patches of channels."""

HeadKind = Literal["dense", "steps"]
"""A head on the embedding, or one that sees every time step of the dilated convolutions."""

Stage = Literal["pretrain", "finetune"]
"""Where in a run a method has its place."""

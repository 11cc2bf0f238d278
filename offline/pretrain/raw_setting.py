"""Which encoder a method on raw windows was given."""

from __future__ import annotations

import torch

from offline.pretrain.method import Setting
from offline.training.inputs import Inputs
from sclcm_core.errors import ConfigError
from sclcm_core.models import DilatedTcn, Encoder, PatchTransformer

MOST_FOR_STATISTICS = 1000
"""About so many training windows settle mean and spread of the band powers."""


def patch_encoder(setting: Setting, tokens: tuple[str, ...]) -> PatchTransformer:
    """Return the patch transformer of a setting.

    Parameters
    ----------
    setting : Setting
        What the method is given.
    tokens : tuple of str
        Kinds of tokens that the method takes.

    Raises
    ------
    ConfigError
        When it is another encoder, or has other tokens.
    """
    encoder = setting.encoder
    if not isinstance(encoder, PatchTransformer):
        raise ConfigError("The method needs the patch transformer.", 'Write kind = "patches" in the section [encoder].')
    if encoder.tokens_of not in tokens:
        raise ConfigError(
            f"The method does not take the tokens '{encoder.tokens_of}'.",
            f'Write tokens = "{tokens[0]}" in the section [encoder.patches].',
        )
    return encoder


def settle_powers(encoder: Encoder, train: Inputs) -> None:
    """Let an encoder that is given band powers standardise them by the training windows; leave any other encoder alone.

    Parameters
    ----------
    encoder : Encoder
        New. One that is not pretrained needs it as much: its band powers would come with the level of their logarithm.
    train : Inputs
        Windows of the training people.
    """
    if isinstance(encoder, PatchTransformer) and encoder.tokens_of != "raw":
        every = max(1, len(train) // MOST_FOR_STATISTICS)
        encoder.powers.fit(torch.from_numpy(train.features[::every]))


def dilated_encoder(setting: Setting) -> DilatedTcn:
    """Return the dilated convolutions of a setting; raise `ConfigError` when it is another encoder."""
    if not isinstance(setting.encoder, DilatedTcn):
        raise ConfigError("The method needs the dilated convolutions.", 'Write kind = "tcn" in the section [encoder].')
    return setting.encoder

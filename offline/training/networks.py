"""Networks as a run config describes them."""

from __future__ import annotations

import torch

from offline.config import RunConfig
from offline.seeds import Seed
from sclcm_core.models import ClassifierHead, SclcmClassifier, SclcmEncoder


def build_encoder(config: RunConfig, seed: Seed) -> SclcmEncoder:
    """Return a new encoder.

    Parameters
    ----------
    config : RunConfig
        Its shape.
    seed : Seed
        Determines its first weights.

    Returns
    -------
    SclcmEncoder
        Takes (n, n_bands, n_columns, n_frames), returns (n, n_embedding).
    """
    encoder = config.encoder
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from torch's own generator
        torch.manual_seed(seed.of("encoder").number())
        return SclcmEncoder(
            config.features.input_shape,
            layout=encoder.layout,
            widths=encoder.widths,
            n_embedding=encoder.n_embedding,
            dropouts=encoder.dropouts,
            pooling=encoder.pooling,
        )


def build_classifier(config: RunConfig, encoder: SclcmEncoder, n_classes: int, seed: Seed) -> SclcmClassifier:
    """Put a new head on an encoder.

    Parameters
    ----------
    config : RunConfig
        Shape of the head.
    encoder : SclcmEncoder
        New or pretrained.
    n_classes : int
        Number of classes.
    seed : Seed
        Determines the head's first weights.

    Returns
    -------
    SclcmClassifier
        Takes (n, n_bands, n_columns, n_frames), returns (n, n_classes).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed.of("head").number())
        head = ClassifierHead(encoder.n_embedding, n_classes, n_hidden=config.head.n_hidden, dropout=config.head.dropout)
    return SclcmClassifier(encoder, head)

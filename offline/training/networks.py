"""Networks as a run config describes them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from offline.config import RunConfig
from offline.finetune.space import space_head
from offline.pretrain.names import EncoderKind
from offline.seeds import Seed
from sclcm_core.models import (
    ClassifierHead,
    DilatedTcn,
    Encoder,
    PatchTransformer,
    SclcmClassifier,
    SclcmEncoder,
    StepClassifier,
    StepHead,
)
from sclcm_core.models.token_pruning import PrunedTransformer


def build_encoder(config: RunConfig, seed: Seed) -> Encoder:
    """Return a new encoder.

    Parameters
    ----------
    config : RunConfig
        Its kind and shape.
    seed : Seed
        Determines its first weights.

    Returns
    -------
    Encoder
        Takes (n, n_bands, n_columns, n_frames), returns (n, n_embedding).
    """
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from torch's own generator
        torch.manual_seed(seed.of("encoder").number())
        return ENCODERS[config.encoder.kind](config)


def _sclcm(config: RunConfig) -> Encoder:
    encoder = config.encoder
    return SclcmEncoder(
        config.features.input_shape,
        layout=encoder.layout,
        widths=encoder.widths,
        n_embedding=encoder.n_embedding,
        dropouts=encoder.dropouts,
        pooling=encoder.pooling,
    )


def _tcn(config: RunConfig) -> Encoder:
    tcn = config.encoder.tcn
    return DilatedTcn(
        config.features.input_shape,
        width=tcn.width,
        n_blocks=tcn.n_blocks,
        n_embedding=config.encoder.n_embedding,
        dropout=tcn.dropout,
        pool=tcn.pool,
        is_raw=config.features.is_raw,
    )


def _patches(config: RunConfig) -> Encoder:
    patches = config.encoder.patches
    return PatchTransformer(
        config.features.input_shape,
        config.features.signal_names,
        sfreq=config.features.sfreq,
        depth=patches.depth,
        n_embedding=config.encoder.n_embedding,
        n_heads=patches.n_heads,
        n_hidden=patches.n_hidden,
        attention=patches.attention,
        tokens=patches.tokens,
    )


ENCODERS: dict[EncoderKind, Callable[[RunConfig], Encoder]] = {"sclcm": _sclcm, "tcn": _tcn, "patches": _patches}
"""How each kind of encoder is made."""


def build_classifier(config: RunConfig, encoder: Encoder, n_classes: int, seed: Seed) -> SclcmClassifier:
    """Put a new head on an encoder.

    Parameters
    ----------
    config : RunConfig
        Shape of the head.
    encoder : Encoder
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
        if isinstance(encoder, PatchTransformer) and config.encoder.patches.prune:
            encoder = PrunedTransformer(encoder, config.encoder.patches.prune)
        if (head_of_method := space_head(config.finetune, encoder, n_classes)) is not None:
            return SclcmClassifier(encoder, head_of_method)
        if isinstance(encoder, DilatedTcn) and config.head.kind == "steps":
            return StepClassifier(encoder, StepHead(encoder.n_embedding, n_classes, dropout=config.head.dropout))
        head = ClassifierHead(encoder.n_embedding, n_classes, n_hidden=config.head.n_hidden, dropout=config.head.dropout)
    return SclcmClassifier(encoder, head)

"""Classifiers whose head is a space: those of finetuning by triplets and by alignment with text."""

from __future__ import annotations

from offline.config import FinetuneConfig
from offline.finetune.options import EegclipOptions, TripletOptions
from offline.pretrain.methods import options_of
from sclcm_core.models.contract import Encoder, Head
from sclcm_core.models.space_head import PromptHead, SpaceHead


def space_head(config: FinetuneConfig, encoder: Encoder, n_classes: int) -> Head | None:
    """Return the head of a finetuning method that has one of its own.

    Parameters
    ----------
    config : FinetuneConfig
        The method and its options.
    encoder : Encoder
        What the head is put on.
    n_classes : int
        Number of classes.

    Returns
    -------
    Head or None
        New; None for methods that train the run's usual head.
    """
    options = options_of(config, "finetune")
    if isinstance(options, TripletOptions):
        return SpaceHead(encoder.n_embedding, n_classes, n_space=options.n_space, n_hidden=options.n_hidden)
    if isinstance(options, EegclipOptions):
        return PromptHead(encoder.n_embedding, n_classes, n_space=options.n_space)
    return None

"""What a bundle keeps of text: the vectors of words, and the way to those of others."""

from __future__ import annotations

import numpy as np
from torch import nn

from offline.config import RunConfig
from offline.finetune.caption_source import captions_of_classes, prompts_of_classes
from offline.finetune.captions import AROUSAL, PHRASES, STATE_WORDS, VALENCE
from offline.finetune.options import EegclipOptions
from sclcm_core.inference.sentence_encoder import find_sentence_encoder
from sclcm_core.inference.word_stats import WordStats
from sclcm_core.inference.words import WordTable
from sclcm_core.models.space_head import PromptHead, knows_words


def word_stats(network: nn.Module, config: RunConfig) -> WordStats | None:
    """Return the words that a final network can be asked about.

    Parameters
    ----------
    network : nn.Module
        The final network.
    config : RunConfig
        The run.

    Returns
    -------
    WordStats or None
        None when the network shares no space with text.
    """
    found = knows_words(network)
    if found is None or not isinstance(found.head, PromptHead):
        return None
    options = EegclipOptions.model_validate(config.finetune.options)
    known = known_words(config, options)
    asked = words_of_prompts(config, options)
    words = tuple(dict.fromkeys((*asked, *known, *STATE_WORDS)))
    head = found.head.cpu()
    nothing = np.zeros((0, head.n_space), np.float32)
    centre, projection = head.centre.numpy(), head.text.weight.detach().numpy()
    empty = WordTable(options.encoder, PHRASES, (), nothing, centre, projection)
    encoder = find_sentence_encoder(options.encoder)
    vectors = np.stack([empty.vector(word, encoder) for word in words])
    return WordStats.of(WordTable(options.encoder, PHRASES, words, vectors, centre, projection, frozenset(known)))


def known_words(config: RunConfig, options: EegclipOptions) -> tuple[str, ...]:
    """Return the words that stand in the captions of the run's training."""
    if options.captions == "ratings":
        return (*VALENCE, *AROUSAL)
    spoken = captions_of_classes(config, options)
    return tuple(word for label, caption in enumerate(spoken) if label not in options.without_classes for word in caption.words)


def words_of_prompts(config: RunConfig, options: EegclipOptions) -> tuple[str, ...]:
    """Return the words in the prompts by which classes are told apart."""
    start, end = PHRASES[0].split("{}")
    firsts = [texts[:: len(PHRASES)] for texts in prompts_of_classes(config, options)]
    return tuple(text.removeprefix(start).removesuffix(end) for texts in firsts for text in texts)

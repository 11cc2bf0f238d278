"""The text side of the alignment: sentence vectors of all captions, and the space that they span."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from offline.finetune.captions import STATE_WORDS, Caption, prompts
from sclcm_core.inference.sentence_encoder import SentenceEncoder, unit
from sclcm_core.types import Float32Array


@dataclass(frozen=True, slots=True)
class TextSpace:
    """Sentence vectors, each computed once.

    Parameters
    ----------
    texts : mapping of str to int
        Row of each text.
    vectors : ndarray of float32, shape (n_texts, n_text)
        Unit vectors, without unit.
    centre : ndarray of float32, shape (n_text,)
        Mean of the captions' vectors, every meaning counting alike; without unit.
    axes : ndarray of float32, shape (n_axes, n_text)
        Orthonormal axes along which captions and words for states differ most, without unit.
    """

    texts: Mapping[str, int]
    vectors: Float32Array
    centre: Float32Array
    axes: Float32Array

    def rows(self, texts: Iterable[str]) -> list[int]:
        """Return the rows of texts."""
        return [self.texts[text] for text in texts]

    def mean(self, texts: Sequence[str]) -> Float32Array:
        """Return the mean of the vectors of texts, shape (n_text,), without unit."""
        mean: Float32Array = self.vectors[self.rows(texts)].mean(axis=0)
        return mean


def text_space(
    captions: Iterable[Caption], class_prompts: Sequence[Sequence[str]], encoder: SentenceEncoder, n_axes: int
) -> TextSpace:
    """Encode all texts and find the space that they span.

    Parameters
    ----------
    captions : iterable of Caption
        Those of the training trials.
    class_prompts : sequence of sequence of str
        Sentences that stand for each class.
    encoder : SentenceEncoder
        Frozen.
    n_axes : int
        How many axes at most.

    Returns
    -------
    TextSpace
        Vectors of captions and prompts.

    Notes
    -----
    All captions share most of their words: their cosines are 0.5 to 0.9 before the centre is taken out. The axes are the principal ones of
    the captions' meanings and of `STATE_WORDS`, words that are no labels of anything here; so words of no caption keep their neighbours.
    """
    meanings: dict[str, dict[str, None]] = {}
    for caption in captions:
        meanings.setdefault(caption.meaning, {}).update(dict.fromkeys(caption.texts))
    texts = list(dict.fromkeys(text for group in (*meanings.values(), *class_prompts) for text in group))
    vectors = encoder.encode(texts)
    index = {text: row for row, text in enumerate(texts)}
    by_meaning = np.stack([vectors[[index[text] for text in group]].mean(axis=0) for group in meanings.values()])
    centre = by_meaning.mean(axis=0)
    states = np.stack([unit(encoder.encode(prompts([word]))).mean(axis=0) for word in STATE_WORDS])
    return TextSpace(index, vectors, centre, _axes(np.concatenate([by_meaning, states]) - centre, n_axes))


def _axes(points: Float32Array, n_axes: int) -> Float32Array:
    """Return the axes along which points (n, n_text) reach farthest from 0; rows of zeros where there are fewer."""
    _, spreads, axes = np.linalg.svd(points, full_matrices=False)
    found = axes[: min(n_axes, int((spreads > 1e-6 * spreads[0]).sum()))]
    return np.concatenate([found, np.zeros((n_axes - len(found), points.shape[1]))]).astype(np.float32)

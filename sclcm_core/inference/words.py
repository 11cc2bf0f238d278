"""How well the EEG matches words: the embedding of a window against the vectors of words, in one space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sclcm_core.inference.sentence_encoder import SentenceEncoder, TextError, find_sentence_encoder, unit
from sclcm_core.inference.smoothing import ProbabilitySmoother
from sclcm_core.types import Float32Array, Prediction

MOST_WORDS = 12
"""Words that are matched at a time."""


@dataclass(frozen=True, slots=True)
class WordTable:
    """What a bundle keeps of text.

    Parameters
    ----------
    encoder : str
        Name of the sentence encoder.
    phrases : tuple of str
        Sentences in which ``{}`` stands for the word; the vector of a word is the mean over them.
    words : tuple of str
        Words whose vectors are stored.
    vectors : ndarray of float32, shape (n_words, n_shared)
        Their unit vectors in the space that EEG and text share, without unit.
    centre : ndarray of float32, shape (n_text,)
        Mean of the training captions' sentence vectors, without unit: what all of them have in common says nothing.
    projection : ndarray of float32, shape (n_shared, n_text)
        From centred sentence vectors to the shared space, without unit.
    in_captions : frozenset of str
        Words that stood in the captions that the network was trained with; to match any other is zero-shot.
    """

    encoder: str
    phrases: tuple[str, ...]
    words: tuple[str, ...]
    vectors: Float32Array
    centre: Float32Array
    projection: Float32Array
    in_captions: frozenset[str] = frozenset()

    def place(self, sentences: Float32Array) -> Float32Array:
        """Bring sentences into the shared space.

        Parameters
        ----------
        sentences : ndarray of float32, shape (n, n_text)
            Sentence vectors, without unit.

        Returns
        -------
        ndarray of float32, shape (n, n_shared)
            Unit vectors, without unit.
        """
        return unit((sentences - self.centre) @ self.projection.T)

    def vector(self, word: str, encoder: SentenceEncoder | None = None) -> Float32Array:
        """Return a word's place in the shared space.

        Parameters
        ----------
        word : str
            A word or a few.
        encoder : SentenceEncoder, optional
            For words that are not stored; that of the installed package when left out.

        Returns
        -------
        ndarray of float32, shape (n_shared,)
            A unit vector, without unit.

        Raises
        ------
        TextError
            When the word is not stored and no sentence encoder is at hand.
        """
        if word in self.words:
            stored: Float32Array = self.vectors[self.words.index(word)]
            return stored
        found = encoder or self._encoder_for(word)
        placed = self.place(found.encode([phrase.format(word) for phrase in self.phrases]))
        mean: Float32Array = unit(placed.mean(axis=0)[None])[0]
        return mean

    def _encoder_for(self, word: str) -> SentenceEncoder:
        try:
            return find_sentence_encoder(self.encoder)
        except TextError as error:
            stored = ", ".join(self.words)
            raise TextError(
                f"'{word}' is none of the words that the model stores ({stored}).", f"Take one of these, or: {error.remedy}"
            ) from error


class WordMatch(NamedTuple):
    """How well the newest window matches a word.

    Parameters
    ----------
    word : str
        The word.
    similarity : float
        Cosine of the window and the word in -1..1, smoothed in time. Compare words with each other: in a space of many dimensions even
        the right one is far from 1.
    is_new : bool
        True when the word stood in no training caption: then the answer rests on the meaning of other words (zero-shot).
    """

    word: str
    similarity: float
    is_new: bool


class WordMatcher:
    """Matches predictions with chosen words.

    Parameters
    ----------
    table : WordTable
        What the bundle keeps of text.
    words : sequence of str
        What to match first; see `choose`.
    smoothing_s : float
        Time constant of the smoothing in s.
    """

    def __init__(self, table: WordTable, words: Sequence[str] = (), *, smoothing_s: float = 0.0) -> None:
        self.table = table
        self._smoother = ProbabilitySmoother(smoothing_s)
        self.words: tuple[str, ...] = ()
        self._vectors = np.zeros((0, table.vectors.shape[1]), np.float32)
        self.choose(words)

    def choose(self, words: Sequence[str]) -> None:
        """Take other words.

        Parameters
        ----------
        words : sequence of str
            In the order in which they are shown; repeated ones count once, of more than twelve the first twelve.

        Raises
        ------
        TextError
            When a word is not stored and no sentence encoder is at hand; the words in use then stay.
        """
        wanted = tuple(dict.fromkeys(plain for word in words if (plain := " ".join(word.split()))))[:MOST_WORDS]
        vectors = [self.table.vector(word) for word in wanted]
        self._vectors = np.stack(vectors) if vectors else self._vectors[:0]
        self.words = wanted
        self._smoother.reset()

    def push(self, prediction: Prediction) -> tuple[WordMatch, ...]:
        """Match a prediction.

        Parameters
        ----------
        prediction : Prediction
            With the embedding of its window.

        Returns
        -------
        tuple of WordMatch
            One a word, in their order; none when the prediction is withheld.
        """
        if prediction.embedding is None or prediction.withheld:
            self._smoother.reset()
            return ()
        cosines = self._vectors @ unit(prediction.embedding[None])[0]
        smooth = self._smoother.push(cosines.astype(np.float32), prediction.t_end)
        known = self.table.in_captions
        return tuple(WordMatch(word, float(x), word not in known) for word, x in zip(self.words, smooth, strict=True))


def split_words(text: str) -> list[str]:
    """Return the words of a list with commas.

    Parameters
    ----------
    text : str
        What was typed.

    Examples
    --------
    >>> split_words("calm, thrilled,, very sad ")
    ['calm', 'thrilled', 'very sad']
    """
    return [plain for part in text.split(",") if (plain := " ".join(part.split()))]

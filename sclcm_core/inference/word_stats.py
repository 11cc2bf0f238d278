"""The words of a bundle, as its manifest stores them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sclcm_core.inference.words import WordTable
from sclcm_core.types import Float32Array


class WordStats(BaseModel):
    """Text vectors, so that the live program needs no text encoder for stored words.

    Matrices are rows of 16-bit floats, little endian, in base64: as decimal digits they would take six times the room.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    encoder: str = Field(description="the sentence encoder")
    phrases: tuple[str, ...] = Field(min_length=1, description="sentences with {} for the word; a word is the mean over them")
    words: tuple[str, ...] = Field(min_length=1, description="words whose vectors are stored")
    in_captions: tuple[str, ...] = Field((), description="words that stood in training captions; others are matched zero-shot")
    n_shared: Annotated[int, Field(ge=2)] = Field(description="length of a vector in the space that EEG and text share")
    vectors: str = Field(description="(n_words, n_shared) places of the words, in base64")
    centre: str = Field(description="(n_text,) mean of the training captions' sentence vectors, in base64")
    projection: str = Field(description="(n_shared, n_text) from sentence vectors to the shared space, in base64")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        table = self.table()
        if not all(np.isfinite(part).all() for part in (table.vectors, table.centre, table.projection)):
            raise ValueError("words: vectors, centre and projection must be finite")
        return self

    def table(self) -> WordTable:
        """Return it as arrays."""
        centre = unpacked(self.centre, 1)[0]
        vectors, projection = unpacked(self.vectors, len(self.words)), unpacked(self.projection, self.n_shared)
        if vectors.shape[1] != self.n_shared or projection.shape[1] != len(centre):
            raise ValueError(f"words: vectors {vectors.shape} and projection {projection.shape} do not fit n_shared and centre")
        known = frozenset(self.in_captions)
        return WordTable(self.encoder, self.phrases, self.words, vectors, centre, projection, known)

    @classmethod
    def of(cls, table: WordTable) -> WordStats:
        """Return a table as it is stored."""
        return cls(
            encoder=table.encoder,
            phrases=table.phrases,
            words=table.words,
            in_captions=tuple(sorted(table.in_captions)),
            n_shared=table.vectors.shape[1],
            vectors=packed(table.vectors),
            centre=packed(table.centre[None]),
            projection=packed(table.projection),
        )


def packed(matrix: Float32Array) -> str:
    """Write a matrix as text.

    Parameters
    ----------
    matrix : ndarray of float32, shape (n_rows, n)
        Numbers below 65 504, without unit.

    Returns
    -------
    str
        Base64 of 16-bit floats, row by row.
    """
    return base64.b64encode(np.ascontiguousarray(matrix, dtype="<f2").tobytes()).decode("ascii")


def unpacked(text: str, n_rows: int) -> Float32Array:
    """Read a matrix that was written as text.

    Parameters
    ----------
    text : str
        As `packed` wrote it.
    n_rows : int
        Its number of rows.

    Returns
    -------
    ndarray of float32, shape (n_rows, n)
        Without unit.
    """
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f2")
        return values.reshape(n_rows, -1).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"words: not a matrix of {n_rows} rows in base64 ({error})") from error

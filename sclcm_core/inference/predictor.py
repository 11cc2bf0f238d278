"""What the pipeline asks of a model, whatever runs it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from sclcm_core.types import Float32Array


class Predictor(Protocol):
    """Turns normalised feature frames into class scores."""

    def logits(self, features: Float32Array) -> Float32Array:
        """Score model inputs.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        ndarray of float32, shape (n, n_classes)
            Logits, without unit.
        """
        ...


@runtime_checkable
class Embeds(Protocol):
    """A predictor whose network also says where a window lies in the space that EEG and words share."""

    has_embedding: bool

    def outputs(self, features: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Score model inputs and place them among words.

        Parameters
        ----------
        features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        logits : ndarray of float32, shape (n, n_classes)
            Logits, without unit.
        embedding : ndarray of float32, shape (n, n_shared)
            Unit vectors, without unit.
        """
        ...


def softmax(logits: Float32Array, temperature: float = 1.0) -> Float32Array:
    """Turn logits into probabilities.

    Parameters
    ----------
    logits : ndarray of float32, shape (..., n_classes)
        Scores, without unit.
    temperature : float
        Divides the logits; above 1 makes the answer less sure (Guo et al. 2017, arXiv:1706.04599).

    Returns
    -------
    ndarray of float32, shape (..., n_classes)
        Probabilities, in 0..1.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0], dtype=np.float32))
    array([0.5, 0.5], dtype=float32)
    """
    scaled = logits.astype(np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: Float32Array = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities

"""What the frozen embeddings of a pretrained encoder know of the classes."""

from __future__ import annotations

import numpy as np

from offline.datasets.window_set import Int64Array
from offline.evaluate.sealed import Answer
from offline.finetune.classify import network_outputs
from offline.finetune.linear_probe import fit_probe
from offline.training.inputs import Inputs
from sclcm_core.models import Encoder
from sclcm_core.types import Float32Array

N_NEIGHBOURS = 20

LINEAR, NEIGHBOURS, UNTRAINED = "linear probe", "nearest neighbours", "untrained probe"
"""Names of the probes in reports; the last is the linear one on an encoder that was never trained."""


def fit_linear_probe(encoder: Encoder, train: Inputs, validation: Inputs, n_classes: int) -> Answer:
    """Fit a linear classifier on frozen embeddings.

    Parameters
    ----------
    encoder : Encoder
        Pretrained, and left as it is.
    train, validation : Inputs
        Labelled windows, and windows of other people, who choose the strength of the penalty.
    n_classes : int
        Number of classes.

    Returns
    -------
    callable
        Takes windows, returns probabilities (n, n_classes).
    """
    probe = fit_probe(encoder, train, (validation,), n_classes)
    return lambda inputs: probe.probabilities(network_outputs(encoder, inputs.features))


def fit_neighbours(encoder: Encoder, train: Inputs, n_classes: int, *, k: int = N_NEIGHBOURS) -> Answer:
    """Let the nearest training windows vote, each class as if it were as frequent as any other.

    Parameters
    ----------
    encoder : Encoder
        Pretrained, and left as it is.
    train : Inputs
        Labelled windows.
    n_classes : int
        Number of classes.
    k : int
        How many vote, nearest by cosine.

    Returns
    -------
    callable
        Takes windows, returns shares of votes (n, n_classes).
    """
    known = _unit(network_outputs(encoder, train.features))
    votes = np.eye(n_classes)[train.label] / np.maximum(np.bincount(train.label, minlength=n_classes), 1)
    n_voters = min(k, len(train))

    def answer(inputs: Inputs) -> Float32Array:
        cosines = _unit(network_outputs(encoder, inputs.features)) @ known.T
        nearest: Int64Array = np.argpartition(-cosines, n_voters - 1, axis=1)[:, :n_voters]
        counted = votes[nearest].sum(axis=1)
        shares: Float32Array = (counted / counted.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    return answer


def _unit(vectors: Float32Array) -> Float32Array:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-8)
    unit: Float32Array = (vectors / lengths).astype(np.float32)
    return unit

"""A linear classifier on frozen embeddings: to ask what an encoder knows, and to start finetuning from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from offline.datasets.window_set import Int64Array
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.finetune.classify import network_outputs
from offline.pretrain.method import Setting
from offline.training.inputs import Inputs
from offline.training.networks import build_classifier
from sclcm_core.inference.predictor import softmax
from sclcm_core.models import ClassifierHead, Encoder, SclcmClassifier
from sclcm_core.types import Float32Array, Float64Array

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the penalty among which the validation people choose."""

USUAL_STRENGTH = 1e-2
"""Where there are none: in the final fit on all people."""

_NEVER = -30.0
"""Logit of a class that no training window has."""


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """Multinomial logistic regression on embeddings.

    Parameters
    ----------
    weight : ndarray of float64, shape (n_classes, n_embedding)
        Without unit.
    bias : ndarray of float64, shape (n_classes,)
        Without unit.
    """

    weight: Float64Array
    bias: Float64Array

    def probabilities(self, embeddings: Float32Array) -> Float32Array:
        """Return the probabilities, shape (n, n_classes), of embeddings of shape (n, n_embedding); without unit both."""
        return softmax((embeddings @ self.weight.T + self.bias).astype(np.float32))


def fit_probe(encoder: Encoder, train: Inputs, validation: Sequence[Inputs], n_classes: int) -> LinearProbe:
    """Fit a linear classifier on the embeddings of an encoder, which is left as it is.

    Parameters
    ----------
    encoder : Encoder
        New or pretrained.
    train : Inputs
        Labelled windows.
    validation : sequence of Inputs
        Windows of other people, an entry a line of normalisation: they choose the strength of the penalty by the mean over the lines of
        balanced accuracy. Where it is empty, `USUAL_STRENGTH` is taken.
    n_classes : int
        Number of classes.

    Returns
    -------
    LinearProbe
        On the embeddings themselves; the standardisation by the training windows is part of its weights.
    """
    scaler = StandardScaler()
    points = scaler.fit_transform(network_outputs(encoder, train.features))
    strengths = STRENGTHS if validation else (USUAL_STRENGTH,)
    models = [LogisticRegression(C=c, class_weight="balanced", max_iter=300).fit(points, train.label) for c in strengths]
    probes = [_on_embeddings(model, scaler, n_classes) for model in models]
    judged = [(network_outputs(encoder, inputs.features), inputs.label) for inputs in validation]
    scores = [np.sum([_score(probe, *side) for side in judged]) for probe in probes]
    return probes[int(np.argmax(scores))]


def _on_embeddings(model: LogisticRegression, scaler: StandardScaler, n_classes: int) -> LinearProbe:
    """Take the standardisation into the weights, and give two classes a row each."""
    rows, offsets = model.coef_, model.intercept_
    if len(rows) == 1:
        rows, offsets = np.concatenate([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
    weight, bias = np.zeros((n_classes, rows.shape[1])), np.full(n_classes, _NEVER)
    weight[model.classes_] = rows / scaler.scale_
    bias[model.classes_] = offsets - weight[model.classes_] @ scaler.mean_
    return LinearProbe(weight, bias)


def _score(probe: LinearProbe, embeddings: Float32Array, label: Int64Array) -> float:
    answer = probe.probabilities(embeddings).argmax(axis=1)
    return balanced_accuracy(confusion(label, answer, len(probe.bias)))


def new_classifier(setting: Setting) -> SclcmClassifier:
    """Return a classifier that is to be finetuned: its head is new, or the linear probe of its encoder, as the config says.

    Parameters
    ----------
    setting : Setting
        What every method is given. A head that a method brings along stays new, whatever the config says.

    Returns
    -------
    SclcmClassifier
        On the setting's encoder.

    Notes
    -----
    With a new head the first steps of finetuning bend a pretrained encoder towards a head that knows nothing; a probe first, then
    everything (Kumar et al. 2022, arXiv:2202.10054) does not.
    """
    network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
    if setting.config.finetune.start == "probe" and isinstance(network.head, ClassifierHead):
        probe = fit_probe(network.encoder, setting.known, setting.validation, setting.n_classes)
        _set(cast(nn.Linear, network.head.layers[-1]), probe)
    return network


@torch.no_grad()
def _set(layer: nn.Linear, probe: LinearProbe) -> None:
    layer.weight.copy_(torch.from_numpy(probe.weight))
    layer.bias.copy_(torch.from_numpy(probe.bias))

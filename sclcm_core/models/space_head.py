"""Heads that answer by nearness: a window's place in a small space, against one anchor a class."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from sclcm_core.models.classifier import Ensemble, SclcmClassifier
from sclcm_core.models.contract import Head

WARMEST, COLDEST = 1.0, 100.0
"""Between these the factor on the cosines may be learnt."""


class SpaceHead(Head):
    """Places embeddings on a sphere; a class is scored by the cosine with its anchor.

    Parameters
    ----------
    n_embedding : int
        Length of an embedding.
    n_classes : int
        Number of classes.
    n_space : int
        Dimensions of the space.
    n_hidden : int
        Length of the hidden layer; 0 for a single linear layer.
    scale : float
        Factor on the cosines at first, ``1/τ``.

    Notes
    -----
    The anchors are no parameters: they are means of placed windows (finetuning by triplets) or placed prompts (alignment with text), and
    a new class is one more anchor.
    """

    anchors: Tensor

    def __init__(self, n_embedding: int, n_classes: int, *, n_space: int = 32, n_hidden: int = 64, scale: float = 10.0) -> None:
        super().__init__()
        self.n_classes, self.n_space = n_classes, n_space
        self.into_space = (
            nn.Sequential(nn.Linear(n_embedding, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_space))
            if n_hidden
            else nn.Sequential(nn.Linear(n_embedding, n_space))
        )
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.register_buffer("anchors", torch.zeros(n_classes, n_space))

    @property
    def scale(self) -> Tensor:
        """Factor on the cosines, shape () and without unit."""
        return self.log_scale.clamp(math.log(WARMEST), math.log(COLDEST)).exp()

    def place(self, embedding: Tensor) -> Tensor:
        """Place embeddings in the space.

        Parameters
        ----------
        embedding : Tensor, shape (n, n_embedding)
            Embeddings, without unit.

        Returns
        -------
        Tensor, shape (n, n_space)
            Unit vectors, without unit.
        """
        return directions(self.into_space(embedding))

    def forward(self, embedding: Tensor) -> Tensor:
        """Score embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (n, n_embedding)
            Embeddings, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits: cosines with the anchors, times the scale.
        """
        return self.score(self.place(embedding))

    def score(self, places: Tensor) -> Tensor:
        """Score places.

        Parameters
        ----------
        places : Tensor, shape (n, n_space)
            Unit vectors, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        return nn.functional.linear(places, self.scale * self.anchors)

    @torch.no_grad()
    def settle(self, places: Tensor, label: Tensor) -> None:
        """Put each class's anchor at the mean of its windows.

        Parameters
        ----------
        places : Tensor, shape (n, n_space)
            Unit vectors of training windows, without unit.
        label : Tensor of int64, shape (n,)
            Their classes; a class without windows keeps its anchor.
        """
        for number in set(label.tolist()):
            self.anchors[number] = directions(places[label == number].mean(dim=0, keepdim=True))[0]


class PromptHead(SpaceHead):
    """A space that EEG shares with text; the anchors are prompts.

    Parameters
    ----------
    n_embedding : int
        Length of an embedding.
    n_classes : int
        Number of classes.
    n_text : int
        Length of a sentence vector.
    n_space : int
        Dimensions of the shared space.

    Notes
    -----
    ``centre`` (n_text,) is the mean of the training captions' sentence vectors; ``prompts`` (n_classes, n_text) the mean over each class's
    prompts. Neither is learnt. ``offset`` is SigLIP's bias; other losses leave it alone.
    """

    centre: Tensor
    prompts: Tensor

    def __init__(self, n_embedding: int, n_classes: int, *, n_text: int = 384, n_space: int = 64) -> None:
        super().__init__(n_embedding, n_classes, n_space=n_space, n_hidden=0, scale=1 / 0.07)
        self.text = nn.Linear(n_text, n_space, bias=False)
        self.offset = nn.Parameter(torch.tensor(-10.0))
        self.register_buffer("centre", torch.zeros(n_text))
        self.register_buffer("prompts", torch.zeros(n_classes, n_text))

    def place_text(self, sentences: Tensor) -> Tensor:
        """Place sentences in the shared space.

        Parameters
        ----------
        sentences : Tensor, shape (n, n_text)
            Sentence vectors, without unit.

        Returns
        -------
        Tensor, shape (n, n_space)
            Unit vectors, without unit.
        """
        return directions(self.text(sentences - self.centre))

    @torch.no_grad()
    def settle_prompts(self) -> None:
        """Put the anchors where the prompts are now."""
        self.anchors.copy_(self.place_text(self.prompts))


def directions(vectors: Tensor) -> Tensor:
    """Scale each row to length one.

    Parameters
    ----------
    vectors : Tensor, shape (n, d)
        Vectors, without unit.

    Returns
    -------
    Tensor, shape (n, d)
        Unit vectors, without unit; written so that it exports to ONNX.
    """
    return vectors / vectors.square().sum(dim=1, keepdim=True).clamp_min(1e-16).sqrt()


class WithPlaces(nn.Module):
    """A classifier with a `PromptHead` that also answers where each window lies among words.

    Parameters
    ----------
    network : SclcmClassifier
        Its head is a `PromptHead`.
    """

    def __init__(self, network: SclcmClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Score and place windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        logits : Tensor, shape (n, n_classes)
            Without unit.
        places : Tensor, shape (n, n_space)
            Unit vectors, without unit.
        """
        head = cast(PromptHead, self.network.head)
        places = head.place(self.network.encoder(features))
        return head.score(places), places


def knows_words(network: nn.Module) -> SclcmClassifier | None:
    """Return the classifier whose head shares its space with text, or None.

    Parameters
    ----------
    network : nn.Module
        A classifier, or an ensemble; one of several members has no space that they share.
    """
    if isinstance(network, Ensemble) and len(network.members) == 1:
        network = network.members[0]
    return network if isinstance(network, SclcmClassifier) and isinstance(network.head, PromptHead) else None

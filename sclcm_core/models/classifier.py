"""Encoder and head as one network, and several such networks as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sclcm_core.models.contract import Encoder, Head


class SclcmClassifier(nn.Module):
    """What is finetuned: an encoder with a head.

    Parameters
    ----------
    encoder : Encoder
        The part that pretraining trains.
    head : Head
        The part that finetuning adds.
    """

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(n_bands, n_columns, n_frames) of one window."""
        return self.encoder.input_shape

    def forward(self, features: Tensor) -> Tensor:
        """Score windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        logits: Tensor = self.head(self.encoder(features))
        return logits


class Ensemble(nn.Module):
    """Several classifiers that differ in their seed, answering with the mean of their logits.

    Parameters
    ----------
    members : sequence of SclcmClassifier
        At least one; all with the same input and the same classes.

    Notes
    -----
    Averaging removes the part of the error that comes from the seed (Lakshminarayanan et al. 2017, arXiv:1612.01474).
    """

    def __init__(self, members: Sequence[SclcmClassifier]) -> None:
        super().__init__()
        if not members:
            raise ValueError("An ensemble needs at least one member.")
        self.members = nn.ModuleList(members)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(n_bands, n_columns, n_frames) of one window."""
        return cast(SclcmClassifier, self.members[0]).input_shape

    def forward(self, features: Tensor) -> Tensor:
        """Score windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        if len(self.members) == 1:
            alone: Tensor = self.members[0](features)
            return alone
        return torch.stack([member(features) for member in self.members]).mean(dim=0)

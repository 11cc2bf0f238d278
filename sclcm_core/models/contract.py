"""What every encoder offers, whatever it is made of."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class Encoder(nn.Module):
    """Turns a window into an embedding.

    Attributes
    ----------
    input_shape : (int, int, int)
        (n_bands, n_columns, n_frames) of one window; a raw window comes as frames of consecutive samples, so that its shape is
        (n_samples_in_patch, n_channels, n_patches).
    n_embedding : int
        Length of an embedding.
    """

    input_shape: tuple[int, int, int]
    n_embedding: int

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Embed windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Embeddings, without unit.
        """


class Head(nn.Module):
    """Turns what an encoder gives into class scores.

    Attributes
    ----------
    n_classes : int
        Number of classes, at least two.
    """

    n_classes: int

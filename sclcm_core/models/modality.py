"""Networks for what is measured beside the EEG: vectors instead of windows."""

from __future__ import annotations

from torch import Tensor, nn


class VectorEncoder(nn.Module):
    """A perceptron on a vector of features.

    Parameters
    ----------
    n_values : int
        Length of the vector.
    n_embedding : int
        Length of the embedding, and of the hidden layer.
    dropout : float
        Share of hidden values dropped while training.

    Notes
    -----
    Linear, BatchNorm, GELU, dropout, Linear. MER2024-SEMI sends single vectors through a transformer laid out so that
    the vectors of a batch attend to each other: there a sample's answer changes with its neighbours. Here, in evaluation mode, it cannot.
    """

    def __init__(self, n_values: int, n_embedding: int = 128, *, dropout: float = 0.2) -> None:
        super().__init__()
        self.n_values, self.n_embedding = n_values, n_embedding
        self.layers = nn.Sequential(
            nn.Linear(n_values, n_embedding),
            nn.BatchNorm1d(n_embedding),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(n_embedding, n_embedding),
        )

    def forward(self, values: Tensor) -> Tensor:
        """Embed vectors.

        Parameters
        ----------
        values : Tensor, shape (n, n_values)
            Normalised features, without unit.

        Returns
        -------
        Tensor, shape (n, n_embedding)
            Embeddings, without unit.
        """
        embedding: Tensor = self.layers(values)
        return embedding

"""The projector: stands between encoder and contrastive loss while pretraining, and is thrown away after."""

from __future__ import annotations

from torch import Tensor, nn


class Projector(nn.Module):
    """A two-layer perceptron on the embedding.

    Parameters
    ----------
    n_embedding : int
        Length of an embedding, and of the hidden layer.
    n_projection : int
        Length of a projection.

    Notes
    -----
    The contrastive loss may then discard what it has no use for without discarding it from the embedding (Chen et al. 2020,
    arXiv:2002.05709). The original SCLCM has none.
    """

    def __init__(self, n_embedding: int = 128, n_projection: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_embedding, n_embedding), nn.ReLU(), nn.Linear(n_embedding, n_projection))

    def forward(self, embedding: Tensor) -> Tensor:
        """Project embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (n, n_embedding)
            Embeddings, without unit.

        Returns
        -------
        Tensor, shape (n, n_projection)
            Projections, without unit.
        """
        projection: Tensor = self.layers(embedding)
        return projection

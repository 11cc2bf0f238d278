"""The classifier on top of an embedding."""

from __future__ import annotations

from torch import Tensor, nn

from sclcm_core.models.contract import Head


class ClassifierHead(Head):
    """Turns embeddings into class scores.

    Parameters
    ----------
    n_embedding : int
        Length of an embedding.
    n_classes : int
        Number of classes, at least two; two classes have two logits and the same loss as any other number.
    n_hidden : int
        Length of the hidden layer, 1024 in the original; 0 for a single linear layer, as in a probe.
    dropout : float
        Share of hidden values dropped while training; of the embedding's, where there is no hidden layer.
    """

    def __init__(self, n_embedding: int, n_classes: int, *, n_hidden: int = 1024, dropout: float = 0.3) -> None:
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"A classifier needs at least two classes; got {n_classes}.")
        self.n_classes = n_classes
        self.layers = (
            nn.Sequential(
                nn.Linear(n_embedding, n_hidden),
                nn.BatchNorm1d(n_hidden),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(n_hidden, n_classes),
            )
            if n_hidden
            else nn.Sequential(nn.Dropout(dropout), nn.Linear(n_embedding, n_classes))
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Score embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (n, n_embedding)
            Embeddings, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        logits: Tensor = self.layers(embedding)
        return logits

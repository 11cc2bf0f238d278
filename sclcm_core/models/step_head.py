"""The classifier of SI-CLEER, which looks at every time step."""

from __future__ import annotations

from torch import Tensor, nn

from sclcm_core.models.classifier import SclcmClassifier
from sclcm_core.models.contract import Head
from sclcm_core.models.dilated_tcn import DilatedTcn

N_PLANES = 64


class StepHead(Head):
    """Turns the representations of steps into class scores.

    Parameters
    ----------
    n_embedding : int
        Length of a step's representation.
    n_classes : int
        Number of classes, at least two.
    dropout : float
        Share of the pooled values dropped while training.

    Notes
    -----
    Convolution over three steps, ReLU, the maximum over time, a linear layer (arXiv:2405.07260 names these parts, not their sizes).
    """

    def __init__(self, n_embedding: int, n_classes: int, *, dropout: float = 0.3) -> None:
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"A classifier needs at least two classes; got {n_classes}.")
        self.n_classes = n_classes
        self.convolve = nn.Sequential(nn.Conv1d(n_embedding, N_PLANES, 3, padding=1), nn.ReLU())
        self.score = nn.Sequential(nn.Dropout(dropout), nn.Linear(N_PLANES, n_classes))

    def forward(self, steps: Tensor) -> Tensor:
        """Score windows.

        Parameters
        ----------
        steps : Tensor, shape (n, n_steps, n_embedding)
            Representations, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        logits: Tensor = self.score(self.convolve(steps.transpose(1, 2)).amax(dim=-1))
        return logits


class StepClassifier(SclcmClassifier):
    """Dilated convolutions with a head on their steps.

    Parameters
    ----------
    encoder : DilatedTcn
        The part that pretraining trains.
    head : StepHead
        The part that finetuning adds.
    """

    encoder: DilatedTcn
    head: StepHead

    def __init__(self, encoder: DilatedTcn, head: StepHead) -> None:
        super().__init__(encoder, head)

    def forward(self, features: Tensor) -> Tensor:
        """Score windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_bands, n_columns, n_frames)
            Normalised features or samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_classes)
            Logits, without unit.
        """
        logits: Tensor = self.head(self.encoder.steps(features))
        return logits

"""SCLCM's basic loss: positives and negatives, nothing between."""

from __future__ import annotations

from torch import Tensor

from offline.pretrain.hardsoft import Count, PairWeights, hardsoft_loss
from offline.pretrain.pairs import PairClasses


def basic_loss(
    embeddings: Tensor, classes: PairClasses, *, alpha: float = 0.5, theta: float = 0.5, normaliser: Count = "counts"
) -> Tensor:
    """Return the loss with two classes of pairs: same group, and all others.

    Parameters
    ----------
    embeddings : Tensor, shape (n, d)
        Embeddings or projections, without unit.
    classes : PairClasses
        Which pairs are what; the three kinds of negatives count as one.
    alpha : float
        Weight of the positives; the negatives weigh ``1 - alpha``.
    theta : float
        Temperature, without unit.
    normaliser : {'counts', 'pairs'}
        As in `hardsoft_loss`.

    Returns
    -------
    Tensor, shape ()
        The loss, without unit.
    """
    negative = classes.hard | classes.soft_person | classes.soft_stimulus
    nothing = negative & ~negative
    two = PairClasses(classes.positive, negative, nothing, nothing)
    return hardsoft_loss(embeddings, two, PairWeights(alpha, 1 - alpha, 0.0, 0.0), theta=theta, normaliser=normaliser)

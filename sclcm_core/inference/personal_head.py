"""A head fitted to one person: multinomial logistic regression on a frozen embedding, drawn toward the head that is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sclcm_core.types import Float64Array, FloatArray

PRIOR_SD = 2.0
"""What the embedding may add to a logit, as a standard deviation before anything is seen, in logits."""

BIAS_SD = 2.0
"""The same for a shift of a class, in logits."""

MOST_STEPS = 200
SMALLEST_STEP = 1e-6

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class PersonalHead:
    """What is added to the logits of the head that is there.

    Parameters
    ----------
    weight : ndarray of float64, shape (n_embedding, n_classes)
        Of the embedding as it comes from the network, without unit.
    bias : ndarray of float64, shape (n_classes,)
        Logits, without unit.
    """

    weight: Float64Array
    bias: Float64Array

    def logits(self, prior: FloatArray, embedding: FloatArray) -> Float64Array:
        """Score windows.

        Parameters
        ----------
        prior : ndarray, shape (n, n_classes)
            Logits of the head that is there, divided by its temperature; zeros when it does not know the classes.
        embedding : ndarray, shape (n, n_embedding)
            Without unit.

        Returns
        -------
        ndarray of float64, shape (n, n_classes)
            Logits, without unit.
        """
        out: Float64Array = np.asarray(prior, dtype=np.float64) + np.asarray(embedding, np.float64) @ self.weight + self.bias
        return out


def fit_head(prior: FloatArray, embedding: FloatArray, label: IntArray, weight: FloatArray) -> PersonalHead:
    """Fit a head.

    Parameters
    ----------
    prior : ndarray, shape (n, n_classes)
        Logits of the head that is there, divided by its temperature; zeros when it does not know the classes.
    embedding : ndarray, shape (n, n_embedding)
        Without unit.
    label : ndarray of int, shape (n,)
        Indices of the classes; each must occur.
    weight : ndarray, shape (n,)
        How many independent windows each stands for; see `effective_weights`.

    Returns
    -------
    PersonalHead
        The posterior mode.

    Notes
    -----
    Multinomial logistic regression with the prior logits as offset and a Gaussian prior around zero on what is added: with no
    windows it *is* the head that is there, and few cannot move it far. The prior's width depends on no data: the embedding, scaled
    to unit variance, adds logits with a standard deviation of `PRIOR_SD` whatever its length.

    The mode is found by Böhning's algorithm (1992, doi:10.1007/BF00048682): the Hessian is replaced by its bound ``½ XᵀSX``, which
    is inverted once, and each step improves the likelihood.
    """
    x, shift, scale = _standardised(embedding, weight)
    n, n_features = x.shape
    design = np.concatenate([x, np.ones((n, 1))], axis=1)
    precision = np.full(n_features + 1, max(n_features, 1) / PRIOR_SD**2)
    precision[-1] = 1.0 / BIAS_SD**2
    target = np.eye(prior.shape[1])[label]
    found = _mode(design, np.asarray(prior, np.float64), target, np.asarray(weight, np.float64), precision)
    on_raw = found[:-1] * scale[:, None]
    return PersonalHead(on_raw, found[-1] - shift @ on_raw)


def _standardised(embedding: FloatArray, weight: FloatArray) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return the embedding in standard deviations from its mean, the mean, and what it was multiplied by; dead units count 0."""
    values = np.asarray(embedding, dtype=np.float64)
    share = weight / np.sum(weight)
    shift = share @ values
    sd = np.sqrt(share @ np.square(values - shift))
    alive = sd > 1e-6 * max(float(sd.max(initial=0.0)), 1e-12)
    scale = np.where(alive, 1.0 / np.where(alive, sd, 1.0), 0.0)
    return (values - shift) * scale, shift, scale


def _mode(
    design: Float64Array, prior: Float64Array, target: Float64Array, weight: Float64Array, precision: Float64Array
) -> Float64Array:
    """Return the coefficients, shape (n_features + 1, n_classes), without unit; over the classes they sum to zero."""
    weighted = design * weight[:, None]
    bound = 0.5 * weighted.T @ design + np.diag(precision)
    inverse = np.linalg.inv(bound)
    coefficients = np.zeros((design.shape[1], prior.shape[1]))
    for _ in range(MOST_STEPS):
        gap = target - softmax_rows(prior + design @ coefficients)
        step = inverse @ (weighted.T @ gap - precision[:, None] * coefficients)
        coefficients += step
        if np.abs(step).max() < SMALLEST_STEP:
            break
    return coefficients


def softmax_rows(logits: FloatArray) -> Float64Array:
    """Turn logits into probabilities in double precision.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
        Without unit.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        Probabilities, in 0..1.
    """
    values = np.asarray(logits, dtype=np.float64)
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    out: Float64Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return out


def effective_weights(label: IntArray, overlap: float) -> Float64Array:
    """Return how many independent windows each window stands for.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        Indices of the classes.
    overlap : float
        How many windows cover the same samples: span over hop, at least 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        Their sum is the number of windows that do not overlap, a count; all classes weigh the same.

    Examples
    --------
    >>> effective_weights(np.array([0, 0, 0, 1]), 2.0)
    array([0.33333333, 0.33333333, 0.33333333, 1.        ])
    """
    present, counts = np.unique(label, return_counts=True)
    total = len(label) / overlap
    of_class = dict(zip(present.tolist(), (total / len(present) / counts).tolist(), strict=True))
    return np.array([of_class[k] for k in label.tolist()])


def fit_head_temperature(logits: FloatArray, label: IntArray, weight: FloatArray) -> float:
    """Find by what to divide held-out logits so that the probabilities are right.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
        Of windows that the head was not fitted on, without unit.
    label : ndarray of int, shape (n,)
        Indices of the classes.
    weight : ndarray, shape (n,)
        Weights of the windows.

    Returns
    -------
    float
        The temperature of least cross-entropy between 1/4 and 16 (Guo et al. 2017, arXiv:1706.04599).
    """
    candidates = np.geomspace(0.25, 16.0, 121)
    rows = np.arange(len(label))
    losses = [-(weight * np.log(softmax_rows(logits / t)[rows, label] + 1e-12)).sum() for t in candidates]
    return float(candidates[int(np.argmin(losses))])

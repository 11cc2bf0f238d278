"""What drove a prediction: take a feature away and see what the model says then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.predictor import Predictor
from sclcm_core.types import FeatureFrame, Float32Array

MOST_CELLS = 128
"""With more features than this, whole bands and whole columns are taken away instead of single features."""


def attribution(
    predictor: Predictor,
    normaliser: Normaliser,
    frames: Sequence[FeatureFrame],
    class_index: int,
    *,
    columns_only: bool = False,
) -> Float32Array:
    """Return what each feature adds to the logit of a class.

    Parameters
    ----------
    predictor : Predictor
        The model.
    normaliser : Normaliser
        The statistics in use.
    frames : sequence of FeatureFrame
        The frames of the prediction, oldest first.
    class_index : int
        Which class.
    columns_only : bool
        Take away whole columns only, where rows are samples and not bands; each row gets its equal part.

    Returns
    -------
    ndarray of float32, shape (n_bands, n_columns)
        Logit with the feature minus logit without it, without unit; positive speaks for the class.

    Notes
    -----
    Occlusion (Zeiler & Fergus 2014, doi:10.1007/978-3-319-10590-1_53): a feature is set to its mean in all frames, which is 0
    after normalisation. With many features, the product of a band's and a column's share stands for the single feature.
    """
    values = normaliser.transform(np.stack([frame.values for frame in frames]))
    whole = np.ascontiguousarray(values.transpose(1, 2, 0))
    n_bands, n_columns = whole.shape[:2]
    columns = np.repeat(np.eye(n_columns, dtype=bool)[:, None, :], n_bands, axis=1)
    if columns_only:
        drops = _drops(predictor, whole, columns, class_index)
        return np.repeat(drops[None] / np.float32(n_bands), n_bands, axis=0)
    if n_bands * n_columns <= MOST_CELLS:
        masks = np.eye(n_bands * n_columns, dtype=bool).reshape(-1, n_bands, n_columns)
        return _drops(predictor, whole, masks, class_index).reshape(n_bands, n_columns)
    rows = np.repeat(np.eye(n_bands, dtype=bool)[:, :, None], n_columns, axis=2)
    drops = _drops(predictor, whole, np.concatenate([rows, columns]), class_index)
    by_band, by_column = drops[:n_bands], drops[n_bands:]
    share = np.abs(by_band) / max(float(np.abs(by_band).sum()), 1e-9)
    return np.asarray(share[:, None] * by_column[None, :], dtype=np.float32)


def _drops(predictor: Predictor, whole: Float32Array, masks: np.ndarray, class_index: int) -> Float32Array:
    """Return how far the logit falls when each mask's features are taken away, shape (n_masks,), without unit."""
    batch = np.concatenate([whole[None], np.where(masks[..., None], np.float32(0.0), whole[None])]).astype(np.float32)
    logits = predictor.logits(batch)[:, class_index]
    return np.asarray(logits[0] - logits[1:], dtype=np.float32)

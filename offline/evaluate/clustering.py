"""Whether classes, or people, fall into clusters of their own in an embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    normalized_mutual_info_score,
    silhouette_score,
)

from offline.datasets.window_set import Int64Array
from sclcm_core.types import Float32Array

CLUSTER_TABLE = ("Of", "Silhouette", "Davies-Bouldin", "Calinski-Harabasz", "NMI of k-means", "ARI of k-means")

_RESTARTS = 10
_SMALLEST = 1e-8


@dataclass(frozen=True, slots=True)
class Clustering:
    """How well groups part in an embedding.

    Parameters
    ----------
    silhouette : float
        Mean over windows of how much nearer their own group is than the next, -1..1; by cosine.
    davies_bouldin : float
        Mean over groups of spread over distance to the most similar group; smaller is better.
    calinski_harabasz : float
        Spread between groups over spread within; larger is better.
    nmi, ari : float
        Agreement of the groups with as many clusters found by k-means without looking at them: normalised mutual information (0..1) and
        the adjusted Rand index (0 by chance, 1 at best).
    """

    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    nmi: float
    ari: float

    def cells(self, name: str) -> tuple[str, ...]:
        """Return a row for `CLUSTER_TABLE`."""
        return (
            name,
            f"{self.silhouette:.3f}",
            f"{self.davies_bouldin:.2f}",
            f"{self.calinski_harabasz:.1f}",
            f"{self.nmi:.3f}",
            f"{self.ari:.3f}",
        )


def cluster_figures(embeddings: Float32Array, group: Int64Array, seed: int = 0) -> Clustering:
    """Measure how well groups part in an embedding.

    Parameters
    ----------
    embeddings : ndarray of float32, shape (n, d)
        Embeddings of windows nobody trained on, without unit.
    group : ndarray of int64, shape (n,)
        Index of each window's class, person or clip; at least two, and fewer than windows.
    seed : int
        Determines where k-means starts.

    Returns
    -------
    Clustering
        Of the unit-length embeddings: classes that part well are wanted; people who part well are a warning.
    """
    names, index = np.unique(group, return_inverse=True)
    if not 2 <= len(names) < len(group):
        raise ValueError(f"At least two groups, and fewer than the {len(group)} windows, are needed; got {len(names)}.")
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), _SMALLEST)
    unit = embeddings / lengths
    found = KMeans(len(names), n_init=_RESTARTS, random_state=seed).fit_predict(unit)
    return Clustering(
        float(silhouette_score(unit, index, metric="cosine")),
        float(davies_bouldin_score(unit, index)),
        float(calinski_harabasz_score(unit, index)),
        float(normalized_mutual_info_score(index, found)),
        float(adjusted_rand_score(index, found)),
    )

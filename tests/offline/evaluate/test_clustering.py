import numpy as np
import pytest

from offline.evaluate.clustering import CLUSTER_TABLE, cluster_figures


def clusters(distance, seed=0):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(3), 40)
    centres = np.eye(8)[:3] * distance
    return (centres[group] + rng.normal(0, 0.3, (120, 8))).astype(np.float32), group


def test_groups_that_part_are_found_and_groups_that_do_not_are_not():
    apart, together = cluster_figures(*clusters(3.0)), cluster_figures(*clusters(0.0))
    assert apart.nmi == pytest.approx(1.0) and apart.ari == pytest.approx(1.0)
    assert apart.silhouette > 0.7 > 0.1 > together.silhouette
    assert apart.davies_bouldin < together.davies_bouldin
    assert apart.calinski_harabasz > 20 * together.calinski_harabasz
    assert abs(together.ari) < 0.1


def test_the_length_of_an_embedding_does_not_matter():
    embeddings, group = clusters(2.0)
    lengths = np.random.default_rng(1).uniform(0.1, 10, (120, 1)).astype(np.float32)
    one, other = cluster_figures(embeddings, group), cluster_figures(embeddings * lengths, group)
    assert other.cells("x") == one.cells("x")
    assert len(one.cells("x")) == len(CLUSTER_TABLE)


def test_one_group_cannot_part():
    with pytest.raises(ValueError, match="two groups"):
        cluster_figures(clusters(1.0)[0], np.zeros(120, int))

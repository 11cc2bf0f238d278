import numpy as np
import pytest
from scipy import stats

from offline.explore.effects import benjamini_hochberg, paired_effects


def means(n_people=12, n_classes=2, effect=0.0, seed=0):
    rng = np.random.default_rng(seed)
    person = rng.normal(0, 5, (n_people, 1, 2, 3))
    values = person + rng.normal(0, 1, (n_people, n_classes, 2, 3))
    values[:, -1, 1, 2] += effect
    return values


def test_size_and_p_are_those_of_scipys_paired_test():
    values = means(effect=2.0)
    (found,) = paired_effects(values, ("rest", "work"))
    expected = stats.ttest_rel(values[:, 1], values[:, 0])
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.size, expected.statistic / np.sqrt(12))
    assert found.title == "work - rest" and found.n_people == 12


@pytest.mark.parametrize("seed", range(5))
def test_what_stands_is_what_scipys_adjusted_p_says(seed):
    p = np.random.default_rng(seed).random(60) ** 3
    np.testing.assert_array_equal(benjamini_hochberg(p, 0.05), stats.false_discovery_control(p) <= 0.05)


def test_only_the_cell_with_an_effect_is_found():
    (found,) = paired_effects(means(n_people=30, effect=4.0), ("a", "b"))
    assert found.is_significant.sum() == found.is_significant[1, 2] == 1
    assert found.difference[1, 2] == pytest.approx(4.0, abs=0.8)


def test_without_an_effect_hardly_ever_anything_stands():
    n_false = sum(paired_effects(means(seed=seed), ("a", "b"))[0].is_significant.any() for seed in range(60))
    assert n_false <= 8


def test_three_classes_are_compared_in_pairs_and_more_with_the_rest():
    three = [e.title for e in paired_effects(means(n_classes=3), ("a", "b", "c"))]
    assert three == ["b - a", "c - a", "c - b"]
    values = means(n_classes=4)
    four = paired_effects(values, ("a", "b", "c", "d"))
    assert [e.title for e in four] == ["a - others", "b - others", "c - others", "d - others"]
    np.testing.assert_allclose(four[0].difference, (values[:, 0] - values[:, 1:].mean(axis=1)).mean(axis=0))


def test_people_without_a_class_are_left_out_and_two_people_are_too_few():
    values = means(n_people=3, effect=1.0)
    assert np.isfinite(paired_effects(values, ("a", "b"))[0].p).all()
    values[0, 1] = np.nan
    (found,) = paired_effects(values, ("a", "b"))
    assert found.n_people == 2 and np.isnan(found.p).all() and not found.is_significant.any()
    np.testing.assert_allclose(found.difference, (values[1:, 1] - values[1:, 0]).mean(axis=0))

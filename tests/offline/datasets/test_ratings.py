from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.datasets.ratings import CONVENTIONS, RatingScale

RATINGS = np.array([1.0, 3.5, 4.6, 5.0, 5.1, 6.5, 9.0])


def labels(convention, threshold=5.0, bounds=(3.5, 6.5)):
    return RatingScale(convention, threshold, bounds).labels(RATINGS).tolist()


def test_at_least_counts_the_threshold_as_high():
    assert labels("at_least") == [0, 0, 0, 1, 1, 1, 1]


def test_above_counts_the_threshold_as_low():
    assert labels("above") == [0, 0, 0, 0, 1, 1, 1]
    assert labels("above", threshold=4.5) == [0, 0, 1, 1, 1, 1, 1]


def test_drop_between_leaves_the_middle_without_a_class():
    assert labels("drop_between") == [0, 0, -1, -1, -1, 1, 1]


def test_the_subjects_median_divides_in_halves():
    assert labels("subject_median") == [0, 0, 0, 0, 1, 1, 1]


def test_an_unknown_convention_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="at_least, above, drop_between, subject_median"):
        RatingScale("over", 5.0, (3.5, 6.5))


def test_bounds_must_rise():
    with pytest.raises(ValueError, match="rising"):
        RatingScale("above", 5.0, (6.5, 3.5))


@given(st.sampled_from(CONVENTIONS), st.lists(st.floats(1, 9), min_size=1, max_size=40))
def test_a_higher_rating_never_has_a_lower_label(convention, ratings):
    values = np.sort(ratings)
    found = RatingScale(convention, 5.0, (3.5, 6.5)).labels(values)
    classified = found[found >= 0]
    assert (np.diff(classified) >= 0).all()

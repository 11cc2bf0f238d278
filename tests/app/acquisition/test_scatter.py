"""Median and scatter without an array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.acquisition.scatter import middle, scatter

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=70)


@given(values=numbers)
def test_they_are_what_arrays_say(values):
    assert middle(sorted(values)) == pytest.approx(np.median(values))
    assert scatter(values) == pytest.approx(1.4826 * np.median(np.abs(values - np.median(values))))

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.pretrain.group_sampler import GroupSampler


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=12),
    st.integers(2, 8),
    st.integers(2, 6),
    st.integers(0, 1000),
)
def test_every_window_comes_and_each_has_a_positive_and_a_negative(sizes, n_groups, n_items, seed):
    group = np.repeat(np.arange(len(sizes)), sizes)
    sampler = GroupSampler(group, n_groups=n_groups, n_items=n_items)
    seen = set()
    batches = list(sampler.epoch(np.random.default_rng(seed)))
    assert len(batches) == sampler.n_batches
    for batch in batches:
        present = Counter(group[batch].tolist())
        assert len(present) >= 2
        assert min(present.values()) >= 2
        assert len(batch) <= (n_groups + 1) * n_items
        seen |= set(batch.tolist())
    assert seen == set(range(len(group)))


def test_a_giant_group_beside_a_tiny_one_loses_nothing():
    group = np.array([0] * 100 + [1] * 2)
    batches = list(GroupSampler(group, n_groups=8, n_items=4).epoch(np.random.default_rng(0)))
    assert len(set(np.concatenate(batches).tolist())) == 102


def test_groups_of_full_chunks_are_seen_exactly_once():
    group = np.repeat(np.arange(6), 8)
    batches = list(GroupSampler(group, n_groups=3, n_items=4).epoch(np.random.default_rng(0)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(48))
    assert {len(batch) for batch in batches} == {12}


def test_epochs_differ_and_the_same_seed_repeats_them():
    sampler = GroupSampler(np.repeat(np.arange(6), 8), n_groups=3, n_items=4)
    rng = np.random.default_rng(0)
    first, second = list(sampler.epoch(rng)), list(sampler.epoch(rng))
    again = list(sampler.epoch(np.random.default_rng(0)))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert np.array_equal(np.concatenate(first), np.concatenate(again))


def test_the_groups_of_an_epoch_are_spread_over_its_batches():
    group = np.repeat(np.arange(4), 40)
    batches = list(GroupSampler(group, n_groups=4, n_items=4).epoch(np.random.default_rng(3)))
    assert np.mean([len(set(group[batch].tolist())) for batch in batches]) > 2.5


def test_one_group_alone_is_refused():
    with pytest.raises(ValueError, match="at least two groups"):
        GroupSampler(np.zeros(9, np.int64))
    with pytest.raises(ValueError, match="at least 2 items"):
        GroupSampler(np.arange(9), n_items=1)

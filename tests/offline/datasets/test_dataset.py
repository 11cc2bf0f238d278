from __future__ import annotations

import os
from dataclasses import replace

import pytest

from offline.datasets.dataset import natural_key
from offline.datasets.eegmat import Eegmat


def test_numbers_in_names_sort_as_numbers():
    assert sorted(["10_x", "2_x", "1_y"], key=natural_key) == ["1_y", "2_x", "10_x"]


@pytest.fixture
def source(tmp_path):
    for part in "12":
        (tmp_path / f"Subject00_{part}.edf").write_bytes(b"x" * 100)
    return Eegmat().sources(tmp_path)[0]


def test_the_fingerprint_stays_when_nothing_changes(source):
    assert Eegmat().fingerprint(source) == Eegmat().fingerprint(source)


def test_the_fingerprint_changes_with_the_file(source):
    before = Eegmat().fingerprint(source)
    source.paths[0].write_bytes(b"x" * 101)
    after_size = Eegmat().fingerprint(source)
    os.utime(source.paths[0], (1, 1))
    assert len({before, after_size, Eegmat().fingerprint(source)}) == 3


def test_the_fingerprint_changes_with_whose_it_is_and_with_the_visit(source):
    """A visit is the rank of its date: an earlier one that is copied later makes it another."""
    others = [replace(source, session=2), replace(source, subject="77")]
    assert len({Eegmat().fingerprint(each) for each in (source, *others)}) == 3


def test_the_fingerprint_changes_with_the_options(source):
    assert Eegmat().fingerprint(source) != Eegmat(baseline_s=30.0).fingerprint(source)

from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest

from offline.datasets.cache import FrameCache
from offline.datasets.simulated import SimulatedEmotion
from sclcm_core.errors import DatasetError

DATASET = SimulatedEmotion(n_subjects=1)
SOURCE = DATASET.sources(None)[0]


@pytest.fixture
def cache(tmp_path):
    return FrameCache(tmp_path / "cache")


@pytest.fixture
def frames(make_frames):
    rest = make_frames(5, trial="rest", label=-1, baseline_s=np.inf)
    return [rest, make_frames(9, trial="é", label=2, baseline_s=1.5, faults={3: "T7: 9% of the signal flat"})]


@pytest.fixture
def entry(cache, frames, spec):
    cache.store(DATASET, SOURCE, spec, frames)
    return cache.entry_dir(DATASET, SOURCE, spec)


def same(one, other):
    facts = ("subject", "session", "trial", "stimulus", "label", "baseline_s", "faults")
    return all(getattr(one, f) == getattr(other, f) for f in facts) and np.array_equal(one.values, other.values)


def test_what_was_stored_is_loaded(cache, frames, spec, entry):
    loaded = cache.load(DATASET, SOURCE, spec)
    assert all(same(a, b) for a, b in zip(frames, loaded, strict=True))


def test_loaded_frames_are_mapped_and_not_read(cache, spec, entry):
    values = cache.load(DATASET, SOURCE, spec)[1].values
    while isinstance(values, np.ndarray) and not isinstance(values, np.memmap):
        values = values.base
    assert isinstance(values, np.memmap)


def test_windows_of_loaded_frames_are_views_in_the_order_of_a_model_input(cache, spec, entry):
    frames = cache.load(DATASET, SOURCE, spec)[1]
    windows = frames.windows(4)
    assert windows.shape == (6, 2, 2, 4)
    assert np.shares_memory(windows, frames.values)
    assert windows[2, 0, 0].tolist() == [2, 3, 4, 5]


def test_nothing_is_there_before_it_is_stored(cache, spec):
    assert cache.load(DATASET, SOURCE, spec) is None


def test_another_spec_or_another_option_is_another_entry(cache, spec, entry):
    assert cache.load(DATASET, SOURCE, spec.model_copy(update={"hop_s": 0.25})) is None
    assert cache.load(SimulatedEmotion(n_subjects=1, seed=1), SOURCE, spec) is None


def test_the_number_of_frames_a_window_is_not_part_of_the_key(cache, spec, entry):
    assert cache.load(DATASET, SOURCE, spec.model_copy(update={"n_frames": 7})) is not None


@pytest.mark.parametrize("name", ["frames.npy", "index.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_entry_counts_as_missing_and_is_replaced(cache, frames, spec, entry, name, damage, caplog):
    path = entry / name
    path.unlink() if damage == "gone" else os.truncate(path, path.stat().st_size // 2)
    assert cache.load(DATASET, SOURCE, spec) is None
    assert "damaged" in caplog.text
    cache.store(DATASET, SOURCE, spec, frames)
    assert same(cache.load(DATASET, SOURCE, spec)[1], frames[1])


def test_an_entry_of_another_format_counts_as_missing(cache, spec, entry):
    index = json.loads((entry / "index.json").read_text())
    (entry / "index.json").write_text(json.dumps(index | {"format": 99}))
    assert cache.load(DATASET, SOURCE, spec) is None


def test_a_writer_that_dies_leaves_no_entry(cache, frames, spec, monkeypatch):
    monkeypatch.setattr("offline.datasets.cache.json.dump", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cache.store(DATASET, SOURCE, spec, frames)
    assert cache.load(DATASET, SOURCE, spec) is None
    assert not list(cache.folder.glob("*/*/*"))


def test_a_reader_never_sees_half_an_entry_while_writers_race(cache, frames, spec):
    failures = []

    def write():
        for _ in range(10):
            cache.store(DATASET, SOURCE, spec, frames)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        loaded = cache.load(DATASET, SOURCE, spec)
        if loaded is not None and not same(loaded[1], frames[1]):
            failures.append(loaded)
    for writer in writers:
        writer.join()
    assert not failures
    assert [path.name for path in cache.entry_dir(DATASET, SOURCE, spec).parent.iterdir()] == [
        cache.entry_dir(DATASET, SOURCE, spec).name
    ]


def test_what_dead_writers_left_is_removed_after_a_day(cache, entry):
    old, new = (entry.with_name(f".unfinished-{name}") for name in ("old", "new"))
    for path in (old, new):
        path.mkdir()
    os.utime(old, (1, 1))
    cache.remove_unfinished()
    assert not old.exists() and new.exists() and entry.exists()


def test_a_source_without_recordings_is_refused(cache, spec):
    with pytest.raises(DatasetError, match="holds no recording"):
        cache.store(DATASET, SOURCE, spec, [])

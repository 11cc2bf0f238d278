from __future__ import annotations

import pickle

import numpy as np
import pytest

from offline.datasets import prepare
from offline.datasets.simulated import SimulatedEmotion
from sclcm_core.errors import DatasetError

OPTIONS = {"n_subjects": 3, "n_stimuli": 3, "trial_s": 3.0, "rest_s": 3.0}


def test_only_what_is_missing_is_computed(spec, tmp_path):
    first = prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, subjects=["01"])
    steps = []
    second = prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, progress=lambda *s: steps.append(s))
    third = prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS)
    assert (first.n_computed, second.n_computed, third.n_computed) == (1, 2, 0)
    assert steps == [(2, 3, "02_1"), (3, 3, "03_1")]


@pytest.mark.parametrize("backend", ["threading", pytest.param(None, marks=pytest.mark.slow, id="processes")])
def test_several_workers_give_what_one_gives(backend, spec, tmp_path):
    results = [
        prepare("simulated", None, spec, cache_dir=tmp_path / str(n), options=OPTIONS, n_jobs=n, backend=backend).recordings()
        for n in (1, 2)
    ]
    for one, other in zip(*results, strict=True):
        assert (one.subject, one.trial) == (other.subject, other.trial)
        assert np.array_equal(one.values, other.values)


def test_an_interrupted_run_goes_on_where_it_stopped(spec, tmp_path):
    def stop(done, *_):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, progress=stop)
    assert prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS).n_computed == 1


def test_an_error_survives_the_way_back_from_a_worker():
    error = pickle.loads(pickle.dumps(DatasetError("It broke.", "Mend it.")))
    assert (type(error), error.what, error.remedy, str(error)) == (DatasetError, "It broke.", "Mend it.", "It broke. Mend it.")


def test_an_error_of_one_of_several_workers_arrives(spec, tmp_path):
    unknown = spec.model_copy(update={"ch_names": ("T7", "Iz")})
    with pytest.raises(DatasetError, match=r"has no channel Iz; it has Fp1.*Leave the channel out"):
        prepare("simulated", None, unknown, cache_dir=tmp_path, options=OPTIONS, n_jobs=2, backend="threading")


def test_frames_that_vanish_meanwhile_are_named(spec, tmp_path):
    prepared = prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS)
    entry = prepared.cache.entry_dir(SimulatedEmotion(**OPTIONS), prepared.sources[1], spec)
    (entry / "index.json").unlink()
    with pytest.raises(DatasetError, match="'02_1' have vanished"):
        list(prepared.recordings())


def test_an_engine_that_is_not_there_is_named(spec, tmp_path):
    with pytest.raises(DatasetError, match="engine 'no such engine'"):
        prepare("simulated", None, spec, cache_dir=tmp_path, options=OPTIONS, backend="no such engine")

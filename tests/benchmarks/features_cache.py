"""Windows read in random order from the cache of frames, against TorchEEG's way of keeping them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from offline.datasets.cache import FrameCache
from offline.datasets.dataset import RecordingFrames
from offline.datasets.simulated import SimulatedEmotion
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
from tests.benchmarks.row import Row, interleaved

N_WINDOWS = 3394
N_READS = 1000


def rows() -> list[Row]:
    """Measure on frames of one session of SEED: 3394 windows of 62 channels and 5 bands."""
    values = np.random.default_rng(0).standard_normal((N_WINDOWS, 5, 62)).astype(np.float32)
    order = np.random.default_rng(1).integers(0, N_WINDOWS, N_READS).tolist()
    with TemporaryDirectory() as folder:
        windows = _cached(values, Path(folder))
        read, name = _torcheeg(values, Path(folder) / "torcheeg")
        np.testing.assert_array_equal(windows[7, :, :, 0], read(7)[0])
        out = np.empty(windows.shape[1:], np.float32)

        def ours() -> None:
            for k in order:
                out[...] = windows[k]

        def reference() -> None:
            for k in order:
                read(k)

        mine, theirs = interleaved(ours, reference)
    what = "random windows read from disk, DE of 62 channels"
    return [Row(what, N_READS / mine, N_READS / theirs, "1/s", 50, name, at_least=True)]


def _cached(values: np.ndarray, folder: Path) -> np.ndarray:
    dataset = SimulatedEmotion(n_subjects=1)
    source = dataset.sources(None)[0]
    spec = FeatureSpec(ch_names=SEED_CHANNELS, sfreq=200.0, hop_s=1.0, n_frames=1)
    cache = FrameCache(folder / "cache")
    cache.store(dataset, source, spec, [RecordingFrames("1", 1, "1", "clip", 0, 0.0, values, {})])
    loaded = cache.load(dataset, source, spec)
    assert loaded is not None
    return loaded[0].windows(1)


def _torcheeg(values: np.ndarray, folder: Path) -> tuple[Callable[[int], tuple[np.ndarray, dict]], str]:
    """Return TorchEEG's read of one window with its facts; where it is not installed, unpickling alone, which favours it."""
    try:
        import pandas as pd  # type: ignore[import-untyped]
        from torcheeg.io import EEGSignalIO  # type: ignore[import-not-found]
    except ImportError:
        kept = [pickle.dumps(np.ascontiguousarray(value)) for value in values]
        facts = [{"clip_id": str(k), "label": 0} for k in range(len(values))]
        return lambda k: (pickle.loads(kept[k]), facts[k]), "TorchEEG's unpickling alone, from memory"
    store = EEGSignalIO(str(folder), io_mode="lmdb")
    keys = [store.write_eeg(np.ascontiguousarray(value)) for value in values]
    columns = {"clip_id": keys, "subject_id": 1, "trial_id": 1, "emotion": 0, "start_at": 0, "end_at": 200, "_record_id": "r0"}
    table = pd.DataFrame(columns)

    def read(k: int) -> tuple[np.ndarray, dict]:
        facts = table.iloc[k].to_dict()
        return store.read_eeg(str(facts["clip_id"])), facts

    return read, "TorchEEG's LMDB and table"

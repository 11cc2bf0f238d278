"""A session of SEED in its original size, from its file to features, against merely reading the file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from offline.datasets.seed import CLIP_LABELS, CLIP_SECONDS
from tests.benchmarks.row import Row

_MEASURE = """
import json, sys, time
from pathlib import Path
import numpy, scipy.io
{imports}
peak = lambda: 1024 * int(next(x for x in open("/proc/self/status") if x.startswith("VmHWM")).split()[1])
before, started = peak(), time.perf_counter()
{work}
print(json.dumps([time.perf_counter() - started, peak() - before]))
"""
_READ = ("", "scipy.io.loadmat(sys.argv[1])")
_PREPARE = (
    """from offline.datasets import prepare
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
import scipy.signal
spec = FeatureSpec(ch_names=SEED_CHANNELS, sfreq=200.0, hop_s=1.0)""",
    "path = Path(sys.argv[1]); prepare('seed', path.parent, spec, cache_dir=Path(sys.argv[2]))",
)
_ROUNDS = 3


def rows() -> list[Row]:
    """Measure each in processes of its own, in turn; the file lies in the memory of the system for both."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path, trial_bytes = _write_session(folder)
        results = [(_run(_PREPARE, path, folder / f"cache{k}"), _run(_READ, path, folder)) for k in range(_ROUNDS)]
        n_bytes = path.stat().st_size
    (ours, memory), (reading, _) = (np.median([result[side] for result in results], axis=0) for side in (0, 1))
    what = f"a session of SEED ({n_bytes / 2**20:.0f} MiB, compressed)"
    return [
        Row(f"{what}: from file to DE in the cache, one worker", ours, reading, "s", 1.5, "scipy's loadmat of the same file"),
        Row(f"{what}: most memory of that worker", memory / 2**20, trial_bytes / 2**20, "MiB", 5, "its longest trial, float64"),
    ]


def _run(code: tuple[str, str], path: Path, cache_dir: Path) -> list[float]:
    text = _MEASURE.format(imports=code[0], work=code[1])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", text, str(path), str(cache_dir)], capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


def _write_session(folder: Path) -> tuple[Path, int]:
    """Write noise in the form of SEED; return the file and the bytes of its longest trial."""
    import scipy.io

    rng = np.random.default_rng(0)
    trials = {
        f"sim_eeg{k}": 5.0 * rng.standard_normal((62, 200 * seconds + 1)) for k, seconds in enumerate(CLIP_SECONDS, start=1)
    }
    path = folder / "1_20131027.mat"
    scipy.io.savemat(path, trials, do_compression=True)
    scipy.io.savemat(folder / "label.mat", {"label": np.array([CLIP_LABELS], dtype=np.float64)})
    return path, max(trial.nbytes for trial in trials.values())

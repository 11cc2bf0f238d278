"""Small window sets and configs for the tests of the offline rooms."""

import numpy as np
import pytest

from offline.config import RunConfig
from offline.datasets.dataset import DatasetCard
from offline.datasets.window_set import WindowSet
from sclcm_core.features.spec import FeatureSpec

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, n_frames=8)


def _windows(n_subjects=6, n_per_class=12, n_classes=2, effect=1.5, seed=0, spec=SPEC):
    """Windows in which classes shift all features and people have their own level, with a rest for each person."""
    rng = np.random.default_rng(seed)
    n = n_subjects * n_classes * n_per_class
    subject, label, number = (
        a.ravel() for a in np.meshgrid(range(n_subjects), range(n_classes), range(n_per_class), indexing="ij")
    )
    level = rng.normal(0, 0.5, (n_subjects, spec.n_bands, spec.n_columns, 1))
    direction = rng.normal(0, 1, (n_classes, spec.n_bands, spec.n_columns, 1))
    noise = rng.normal(0, 1, (n, *spec.input_shape))
    features = 3.0 + level[subject] + effect * direction[label] + noise
    rest = {
        s: (3.0 + level[s, ..., 0] + rng.normal(0, 1, (30, *spec.input_shape[:2]))).astype(np.float32)
        for s in range(n_subjects)
    }
    trial = subject * n_classes + label
    return WindowSet(
        features=features.astype(np.float32),
        label=label.astype(np.int64),
        subject=subject.astype(np.int64),
        session=np.ones(n, np.int64),
        trial=trial.astype(np.int64),
        stimulus=label.astype(np.int64),
        recording=trial.astype(np.int64),
        t0=number * spec.span_s,
        is_baseline=np.zeros(n, bool),
        class_names=tuple(f"class {k}" for k in range(n_classes)),
        subject_names=tuple(f"{s:02d}" for s in range(n_subjects)),
        stimulus_names=tuple(f"stimulus {k}" for k in range(n_classes)),
        trial_names=tuple(f"trial {k}" for k in range(n_subjects * n_classes)),
        recording_names=tuple(f"recording {k}" for k in range(n_subjects * n_classes)),
        spec=spec,
        dataset=DatasetCard("made", "Made-up windows", "MIT", "nobody", True, "emotion"),
        baseline_frames=rest,
    )


def _config(**changes):
    """A config that trains in a moment."""
    content = {
        "name": "tiny",
        "title": "Tiny",
        "seed": 3,
        "lines": ["population", "personal"],
        "dataset": {"name": "simulated"},
        "features": {"ch_names": ["T7", "T8"], "sfreq": 128.0, "n_frames": 8},
        "encoder": {"widths": [8, 12], "n_embedding": 16},
        "head": {"n_hidden": 0},
        "finetune": {"epochs": 3, "batch_size": 32, "head_lr": 1e-2, "encoder_lr": 1e-2},
        "quantize": {"n_calibration": 64, "max_size_ratio": 1.0},
        "evaluate": {"split": "grouped_folds", "options": {"k": 2, "n_validation_subjects": 1}, "n_permutations": 100},
    }
    return RunConfig.model_validate(content | changes)


@pytest.fixture
def make_windows():
    return _windows


@pytest.fixture
def make_config():
    return _config


@pytest.fixture
def windows():
    return _windows()


@pytest.fixture
def config():
    return _config()

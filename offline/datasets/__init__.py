"""Data sets, windows and splits: everything that stands between files and training."""

from offline.datasets.dataset import Dataset, DatasetCard, LabelledRecording, Progress, Source
from offline.datasets.loading import load_windows
from offline.datasets.prepare import Prepared, prepare
from offline.datasets.registry import DATASETS, find_dataset
from offline.datasets.splits import (
    SPLITTERS,
    Fold,
    check_fold,
    first_trials,
    grouped_folds,
    leave_one_subject_out,
    make_folds,
    subject_and_stimulus_disjoint,
    within_subject,
)
from offline.datasets.window_set import WindowSet

__all__ = [
    "DATASETS",
    "SPLITTERS",
    "Dataset",
    "DatasetCard",
    "Fold",
    "LabelledRecording",
    "Prepared",
    "Progress",
    "Source",
    "WindowSet",
    "check_fold",
    "find_dataset",
    "first_trials",
    "grouped_folds",
    "leave_one_subject_out",
    "load_windows",
    "make_folds",
    "prepare",
    "subject_and_stimulus_disjoint",
    "within_subject",
]

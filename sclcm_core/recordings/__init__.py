"""Recordings: one reader a file format, one door to all of them."""

from sclcm_core.recordings.npz import write_npz
from sclcm_core.recordings.read import FORMATS, list_trials, read_recording, read_trials
from sclcm_core.recordings.recording import Recording

__all__ = ["FORMATS", "Recording", "list_trials", "read_recording", "read_trials", "write_npz"]

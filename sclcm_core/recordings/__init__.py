"""Recordings: one reader a file format, one door to all of them."""

from sclcm_core.recordings.read import FORMATS, read_recording
from sclcm_core.recordings.recording import Recording

__all__ = ["FORMATS", "Recording", "read_recording"]

"""DEAP's original BioSemi files: all frequencies, all of the session, the order in which videos were shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.datasets.cutting import cut_recording
from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source, natural_key
from offline.datasets.dated_files import warn_of_counts
from offline.datasets.deap import DeapRatings
from offline.datasets.deap_ratings import N_VIDEOS, SubjectRatings, find_ratings, read_ratings
from offline.datasets.window_set import Int64Array
from sclcm_core.errors import DatasetError
from sclcm_core.montage import DEAP_CHANNELS, find_channels
from sclcm_core.recordings import Recording, read_recording

_NAME = re.compile(r"s(\d\d)\.bdf")
_SFREQ, _N_CHANNELS, _STATUS = 512.0, 48, 47
_CODE_START, _CODE_VIDEO = 1, 4
_VIDEO_S, _REST_S = 60.0, 120.0
_CODE_MASK = 0xFF


@dataclass(frozen=True)
class DeapOriginal(DeapRatings):
    """DEAP's ``data_original/sNN.bdf``: 32 subjects, BioSemi at 512 Hz, 48 channels, unfiltered.

    Videos are cut where the status channel says 4 (60 s), the rest where it says 1 for the second time (120 s, before the first
    video; the subject's baseline). Which video it was, and its ratings, are in ``participant_ratings.csv``: the files hold the
    order of presentation, the preprocessed ones that of the videos' numbers.

    Parameters
    ----------
    dimension, convention, threshold, bounds
        See :class:`~offline.datasets.deap.DeapRatings`.

    Notes
    -----
    Only the low eight bits of the status are codes: 0x18FF04 and 0x58FF04, as subjects 24 to 32 have them, are 4. The status is
    the 48th channel; in some of those files it has no name. Subjects 1 to 22 were measured in Twente, the others in Geneva with
    the electrodes in another order: channels are found by name, never by place. GSR has another unit at each site.

    Source: Koelstra et al. 2012, doi:10.1109/T-AFFC.2011.15.
    """

    name = "deap-original"
    title = "DEAP (original recordings)"

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every subject."""
        base = self.require_root(root)
        folder = base / "data_original" if (base / "data_original").is_dir() else base
        paths = [path for path in folder.glob("s*.bdf") if _NAME.fullmatch(path.name)]
        if not paths:
            raise self.error(f"The folder '{folder}' holds no files like s01.bdf.")
        ratings_path = find_ratings(base)
        if ratings_path is None:
            raise self.error(f"'{base}' holds no metadata_csv/participant_ratings.csv, which says which video was shown when.")
        warn_of_counts(self.title, folder, {path.stem: 1 for path in paths}, 32, 1)
        paths.sort(key=lambda path: natural_key(path.name))
        return [Source(path.stem, path.stem, paths=(path, ratings_path)) for path in paths]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the rest, then the forty videos as they were shown."""
        path, ratings_path = source.paths
        ratings = self._ratings(path, ratings_path)
        labels = self.labels(ratings_path, ratings.values)
        recording = read_recording(path)
        _check(path, recording)
        codes, onsets_s = status_codes(recording)
        subject = str(source.subject)
        rest_s = _rest_onset(codes, onsets_s)
        if rest_s is not None:
            rest = cut_recording(recording, rest_s, rest_s + _REST_S)
            yield LabelledRecording(rest, subject, 1, "rest", "rest", UNLABELLED, np.inf)
        for start_s, number in zip(_video_onsets(path, codes, onsets_s), ratings.presented, strict=True):
            video = cut_recording(recording, start_s, start_s + _VIDEO_S)
            name = f"video{number:02d}"
            yield LabelledRecording(video, subject, 1, name, name, labels[number - 1])

    def _ratings(self, path: Path, ratings_path: Path) -> SubjectRatings:
        everyone, number = read_ratings(ratings_path), int(path.stem[1:])
        if number not in everyone:
            raise DatasetError(f"'{ratings_path}' holds no ratings of participant {number}.", "Copy the original file again.")
        return everyone[number]


def _check(path: Path, recording: Recording) -> None:
    spec = recording.spec
    if spec.sfreq != _SFREQ or spec.n_channels != _N_CHANNELS:
        raise DatasetError(
            f"'{path}' has {spec.n_channels} channels at {spec.sfreq:g} Hz; DEAP's have {_N_CHANNELS} at {_SFREQ:g} Hz.",
            "Replace the file by the original.",
        )
    _, missing = find_channels(DEAP_CHANNELS, spec.ch_names)
    if missing:
        raise DatasetError(f"'{path}' has no channel {', '.join(missing)}.", "Replace the file by the original.")


def status_codes(recording: Recording) -> tuple[Int64Array, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return the codes of the status channel and when they came.

    Parameters
    ----------
    recording : Recording
        A whole session.

    Returns
    -------
    codes : ndarray of int64, shape (n_codes,)
        Codes from 1 to 255: the low eight bits, wherever they change to something.
    onsets : ndarray of float64, shape (n_codes,)
        Times in s from the start of the recording.
    """
    status = np.rint(np.nan_to_num(recording.samples[:, _STATUS].astype(np.float64))).astype(np.int64) & _CODE_MASK
    changed = np.flatnonzero((np.diff(status, prepend=0) != 0) & (status != 0))
    return status[changed], changed / recording.spec.sfreq


def _rest_onset(codes: Int64Array, onsets_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    """Return when the rest began: the second code 1 before the first video; None in a file without it."""
    first_video = int(np.argmax(codes == _CODE_VIDEO)) if (codes == _CODE_VIDEO).any() else len(codes)
    starts = np.flatnonzero(codes[:first_video] == _CODE_START)
    return float(onsets_s[starts[1]]) if len(starts) >= 2 else None


def _video_onsets(path: Path, codes: Int64Array, onsets_s: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    found = onsets_s[codes == _CODE_VIDEO]
    if len(found) != N_VIDEOS:
        raise DatasetError(
            f"The status channel of '{path}' holds {len(found)} starts of a video (code 4) instead of {N_VIDEOS}.",
            "Replace the file by the original.",
        )
    return [float(t) for t in found]

"""What one pass over a data set's recordings gathers; one recording is held at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.datasets.dataset import Dataset, DatasetCard, LabelledRecording, Progress, RecordingFrames
from offline.datasets.frames import compute_frames
from offline.datasets.matching import chosen_sources
from offline.explore.spectrogram import Spectrogram, SpectrogramBuilder
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import find_channels
from sclcm_core.recordings import Recording
from sclcm_core.streaming.quality import Light, assess
from sclcm_core.types import Float64Array

_QUALITY_WINDOW_S = 2.0
_MOST_QUALITY_WINDOWS = 8


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What is told of one recording.

    Parameters
    ----------
    subject, session, trial, stimulus, label
        As in :class:`~offline.datasets.dataset.LabelledRecording`.
    duration_s : float
        Its length in s.
    n_frames, n_faulty : int
        How many frames it gives, and how many of them cannot be trusted.
    good_share, poor_share : float
        Share of the looks at channels (8 windows of 2 s) that found them good, and poor; in 0..1.
    worst : str
        The channel that was found poor most often, and of what; empty when none was.
    """

    subject: str
    session: int
    trial: str
    stimulus: str
    label: int
    duration_s: float
    n_frames: int
    n_faulty: int
    good_share: float
    poor_share: float
    worst: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is in a data set.

    Parameters
    ----------
    card : DatasetCard
        What must be said of it.
    class_names, subject_names : tuple of str
        Classes and people.
    spec : FeatureSpec
        What was computed.
    class_means : ndarray of float64, shape (n_people, n_classes, n_bands, n_channels)
        Mean over trusted frames outside the baseline, in the spec's unit; NaN where there are none.
    recordings : tuple of RecordingFacts
        All recordings, in order.
    spectrogram : Spectrogram
        Two channels of the first person's first visit.
    """

    card: DatasetCard
    class_names: tuple[str, ...]
    subject_names: tuple[str, ...]
    spec: FeatureSpec
    class_means: Float64Array
    recordings: tuple[RecordingFacts, ...]
    spectrogram: Spectrogram


def survey(
    dataset: Dataset,
    root: Path | None,
    spec: FeatureSpec,
    *,
    subjects: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Read all recordings of a data set once.

    Parameters
    ----------
    dataset : Dataset
        The data set, resolved.
    root : Path or None
        Its folder.
    spec : FeatureSpec
        What to compute.
    subjects : collection of str, optional
        Names of the people to read; all when left out.
    progress : callable, optional
        Called with (number of sources done, number of sources, name of the source).

    Returns
    -------
    Survey
        What was found.
    """
    builder = _Builder(dataset, spec)
    for labelled in _recordings(dataset, root, subjects, progress):
        builder.add(labelled)
    return builder.finish()


def _recordings(
    dataset: Dataset, root: Path | None, subjects: Collection[str] | None, progress: Progress | None
) -> Iterator[LabelledRecording]:
    sources = chosen_sources(dataset, root, subjects)
    for number, source in enumerate(sources, start=1):
        yield from (r for r in dataset.read(source) if subjects is None or r.subject in subjects)
        if progress:
            progress(number, len(sources), source.key)


class _Builder:
    """Gathers recording by recording."""

    def __init__(self, dataset: Dataset, spec: FeatureSpec) -> None:
        self.dataset, self.spec = dataset, spec
        self.sums: dict[str, Float64Array] = {}
        self.counts: dict[str, Float64Array] = {}
        self.facts: list[RecordingFacts] = []
        self.spectrogram = SpectrogramBuilder(spec)

    def add(self, labelled: LabelledRecording) -> None:
        frames = compute_frames(labelled, self.spec)
        self._add_means(frames)
        self.facts.append(_facts(labelled, frames, self.spec))
        self.spectrogram.add(labelled)

    def _add_means(self, frames: RecordingFrames) -> None:
        n_classes = len(self.dataset.class_names)
        shape = (n_classes, self.spec.n_bands, self.spec.n_columns)
        sums = self.sums.setdefault(frames.subject, np.zeros(shape))
        counts = self.counts.setdefault(frames.subject, np.zeros(n_classes))
        starts = np.arange(len(frames.values)) * self.spec.hop / self.spec.sfreq
        used = frames.ok & (starts >= frames.baseline_s - 1e-9)
        if frames.label >= 0 and used.any():
            sums[frames.label] += frames.values[used].sum(axis=0, dtype=np.float64)
            counts[frames.label] += used.sum()

    def finish(self) -> Survey:
        if not self.facts:
            raise DatasetError(f"{self.dataset.title} holds no recording.", "Check the folder and the subjects.")
        counts = np.stack(list(self.counts.values()))[:, :, None, None]
        means = np.where(counts > 0, np.stack(list(self.sums.values())) / np.maximum(counts, 1), np.nan)
        return Survey(
            self.dataset.card(),
            self.dataset.class_names,
            tuple(self.sums),
            self.spec,
            means,
            tuple(self.facts),
            self.spectrogram.finish(),
        )


def _facts(labelled: LabelledRecording, frames: RecordingFrames, spec: FeatureSpec) -> RecordingFacts:
    good, poor, worst = _quality(labelled.recording, spec)
    return RecordingFacts(
        labelled.subject,
        labelled.session,
        labelled.trial,
        labelled.stimulus,
        labelled.label,
        labelled.recording.duration_s,
        len(frames.values),
        len(frames.faults),
        good,
        poor,
        worst,
    )


def _quality(recording: Recording, spec: FeatureSpec) -> tuple[float, float, str]:
    """Look at some windows of a recording: shares of good and of poor channels, and what is poor most often."""
    indices, _ = find_channels(spec.ch_names, recording.spec.ch_names)
    length = min(round(_QUALITY_WINDOW_S * recording.spec.sfreq), recording.n_samples)
    n_windows = max(1, min(_MOST_QUALITY_WINDOWS, recording.n_samples // length))
    lights: Counter[Light] = Counter()
    troubles: Counter[str] = Counter()
    middles = (np.arange(n_windows) + 0.5) * recording.n_samples / n_windows  # one in each part; the ends may be padded
    for start in (middles - length / 2).astype(int):
        window = recording.samples[start : start + length, indices].T
        for channel in assess(window, recording.spec.sfreq, spec.ch_names).channels:
            lights[channel.light] += 1
            if channel.light is Light.POOR:
                troubles[f"{channel.name}: {channel.findings[0].trouble}"] += 1
    worst = troubles.most_common(1)[0][0] if troubles else ""
    return lights[Light.GOOD] / lights.total(), lights[Light.POOR] / lights.total(), worst

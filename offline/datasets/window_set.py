"""The windows that are trained and tested on: model inputs with every id that a split may need."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from offline.datasets.dataset import DatasetCard, RecordingFrames
from offline.datasets.rests import RestGatherer, visit_of_rest
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.types import BoolArray, Float32Array, Float64Array

logger = logging.getLogger(__name__)

Int64Array = npt.NDArray[np.int64]

ACROSS_BASELINE = "across the end of the baseline"
_EPSILON_S = 1e-9
_PER_WINDOW = ("features", "label", "subject", "session", "trial", "stimulus", "recording", "t0", "is_baseline")


@dataclass(frozen=True)
class WindowSet:
    """Model inputs, not normalised, with their labels and ids.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Features in nats or dB, not normalised.
    label : ndarray of int64, shape (n,)
        Index into `class_names`; -1 for windows that belong to no class.
    subject, trial, stimulus, recording : ndarray of int64, shape (n,)
        Indices into the tables of names. A trial is one presentation of one stimulus to one subject in one session.
    session : ndarray of int64, shape (n,)
        Number of the subject's visit, from 1.
    t0 : ndarray of float64, shape (n,)
        Start of the window after the start of its recording, in s.
    is_baseline : ndarray of bool, shape (n,)
        True where the window lies wholly in the rest baseline; such windows are neither trained nor tested on.
    baseline_frames : dict of int to ndarray of float32, shape (n_frames, n_bands, n_columns)
        Trusted frames of each subject's rest baseline, in nats or dB: those before the first trial of a visit, as live; subjects
        without one are left out.
    baseline_session : dict of int to ndarray of int64, shape (n_frames,)
        Session in which each baseline frame was measured.
    class_names, subject_names, stimulus_names, trial_names, recording_names : tuple of str
        What the indices mean.
    spec : FeatureSpec
        What was computed.
    dataset : DatasetCard
        What must be said of the data.
    rest_recordings : frozenset of int or None
        Recordings that the baselines are from; None where all that have a rest may serve.
    late_rest : frozenset of int
        Subjects of whom too little rest comes before the first trial: the first minute of all their rests, or that of a later visit, is
        the baseline, and holds what live comes later.
    dropped : dict of str to int
        Windows left out, by reason.
    """

    features: Float32Array
    label: Int64Array
    subject: Int64Array
    session: Int64Array
    trial: Int64Array
    stimulus: Int64Array
    recording: Int64Array
    t0: Float64Array
    is_baseline: BoolArray
    class_names: tuple[str, ...]
    subject_names: tuple[str, ...]
    stimulus_names: tuple[str, ...]
    trial_names: tuple[str, ...]
    recording_names: tuple[str, ...]
    spec: FeatureSpec
    dataset: DatasetCard
    baseline_frames: Mapping[int, Float32Array] = field(default_factory=dict)
    baseline_session: Mapping[int, Int64Array] = field(default_factory=dict)
    rest_recordings: frozenset[int] | None = None
    late_rest: frozenset[int] = frozenset()
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in _PER_WINDOW}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"All arrays of a window set need one entry a window; got {lengths}.")
        if self.features.ndim != 4:
            raise ValueError(f"features must be (n, n_bands, n_columns, n_frames); got {self.features.shape}.")

    def __len__(self) -> int:
        return len(self.label)

    @property
    def usable(self) -> BoolArray:
        """Windows that may be trained and tested on: labelled and outside the baseline, shape (n,)."""
        return (self.label >= 0) & ~self.is_baseline

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def rest_of(self, subject: int, session: int) -> Float32Array | None:
        """Return a subject's baseline in a visit: of that visit, else of the last before it that has one, else of the first.

        Parameters
        ----------
        subject, session : int
            Index of the subject, and number of the visit.

        Returns
        -------
        ndarray of float32, shape (n_frames, n_bands, n_columns), or None
            In nats or dB; None when the subject has none.
        """
        frames, visit = self.baseline_frames.get(subject), self.baseline_session.get(subject)
        if frames is None or visit is None:
            return frames
        chosen: Float32Array = frames[visit == visit_of_rest(visit.tolist(), session)]
        return chosen

    def select(self, mask: npt.NDArray[np.bool_] | Int64Array) -> Self:
        """Return some of the windows; the tables of names and the baselines stay as they are.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,), or of int64, shape (n_selected,)
            Which windows.

        Returns
        -------
        WindowSet
            The windows chosen, in the order of `mask`.
        """
        return replace(self, **{name: getattr(self, name)[mask] for name in _PER_WINDOW})


@dataclass(frozen=True, slots=True)
class _Cut:
    """The windows of one recording: numbers of their first frames, and which lie in the baseline."""

    starts: Int64Array
    is_baseline: BoolArray
    dropped: Counter[str]


def cut_windows(frames: RecordingFrames, spec: FeatureSpec, hop_frames: int, last_only: bool = False) -> _Cut:
    """Choose the sequences of frames that become windows.

    A sequence that touches a frame that cannot be trusted is dropped and counted, as is one across the end of the baseline.

    Parameters
    ----------
    frames : RecordingFrames
        The frames of one recording.
    spec : FeatureSpec
        How many frames make a window.
    hop_frames : int
        Distance between windows in frames.
    last_only : bool
        Whether only the window that ends with the recording is wanted.

    Returns
    -------
    object with starts (n,), is_baseline (n,), dropped
        Number of each window's first frame, whether the window lies in the baseline, and windows left out by reason.
    """
    last = len(frames.values) - spec.n_frames
    starts = np.arange(last if last_only else 0, last + 1, hop_frames, dtype=np.int64)
    starts = starts[starts >= 0]
    t0 = starts * spec.hop / spec.sfreq
    is_baseline = t0 + spec.span_s <= frames.baseline_s + _EPSILON_S
    across = ~is_baseline & (t0 < frames.baseline_s - _EPSILON_S)
    n_bad = np.concatenate([[0], np.cumsum(~frames.ok)])
    bad = (n_bad[starts + spec.n_frames] > n_bad[starts]) & ~across
    dropped: Counter[str] = Counter()
    for start in starts[bad]:
        dropped[_first_fault(frames, int(start), spec.n_frames)] += 1
    dropped[ACROSS_BASELINE] = int(across.sum())
    keep = ~across & ~bad
    return _Cut(starts[keep], is_baseline[keep], +dropped)


def _first_fault(frames: RecordingFrames, start: int, n_frames: int) -> str:
    number = next(k for k in range(start, start + n_frames) if k in frames.faults)
    return frames.faults[number].split("% ", 1)[-1]


def baseline_of(frames: RecordingFrames, spec: FeatureSpec) -> Float32Array:
    """Return the trusted frames that lie wholly in the baseline.

    Parameters
    ----------
    frames : RecordingFrames
        The frames of one recording.
    spec : FeatureSpec
        How long a frame's window is.

    Returns
    -------
    ndarray of float32, shape (n, n_bands, n_columns)
        Features in nats or dB.
    """
    t_end = (np.arange(len(frames.values)) * spec.hop + spec.window) / spec.sfreq
    return frames.values[frames.ok & (t_end <= frames.baseline_s + _EPSILON_S)]


class _Table:
    """Numbers names in the order in which they first come."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {}

    def number(self, name: str) -> int:
        return self.index.setdefault(name, len(self.index))

    def names(self) -> tuple[str, ...]:
        return tuple(self.index)


def build_window_set(
    recordings: Iterable[RecordingFrames],
    spec: FeatureSpec,
    *,
    class_names: tuple[str, ...],
    card: DatasetCard,
    window_hop_frames: int | None = None,
    last_only: bool = False,
) -> WindowSet:
    """Cut the frames of recordings into windows; none crosses from one recording into the next.

    Parameters
    ----------
    recordings : iterable of RecordingFrames
        Frames of each recording.
    spec : FeatureSpec
        What was computed, and how many frames make a window.
    class_names : tuple of str
        Names of the classes.
    card : DatasetCard
        What must be said of the data.
    window_hop_frames : int, optional
        Distance between windows in frames; half a window when left out.
    last_only : bool
        Whether each recording gives one window alone, the one that ends with it.

    Returns
    -------
    WindowSet
        All windows, in the order of the recordings.

    Raises
    ------
    DatasetError
        When no window is left.
    """
    hop = max(1, spec.n_frames // 2) if window_hop_frames is None else window_hop_frames
    if hop < 1:
        raise ValueError(f"window_hop_frames must be at least 1; got {window_hop_frames}.")
    builder = _Builder(spec, hop, last_only)
    for frames in recordings:
        builder.add(frames)
    return builder.finish(class_names, card)


class _Builder:
    """Gathers windows recording by recording."""

    def __init__(self, spec: FeatureSpec, hop: int, last_only: bool) -> None:
        self.spec, self.hop, self.last_only = spec, hop, last_only
        self.features: list[Float32Array] = []
        self.ids: list[npt.NDArray[np.int64]] = []
        self.t0: list[Float64Array] = []
        self.is_baseline: list[BoolArray] = []
        self.subjects, self.stimuli, self.trials, self.recordings = _Table(), _Table(), _Table(), _Table()
        self.rests = RestGatherer(spec)
        self.dropped: Counter[str] = Counter()
        self.simulated = False

    def add(self, frames: RecordingFrames) -> None:
        self.simulated |= frames.simulated
        ids = self._ids(frames)
        is_labelled = frames.label >= 0
        self.rests.add((ids[1], frames.session), ids[-1], baseline_of(frames, self.spec), is_labelled=is_labelled)
        cut = cut_windows(frames, self.spec, self.hop, self.last_only)
        self.dropped += cut.dropped
        if len(cut.starts):
            self.features.append(np.ascontiguousarray(frames.windows(self.spec.n_frames)[cut.starts]))
            self.ids.append(np.tile(np.array(ids, np.int64), (len(cut.starts), 1)))
            self.t0.append(cut.starts * self.spec.hop / self.spec.sfreq)
            self.is_baseline.append(cut.is_baseline)

    def _ids(self, frames: RecordingFrames) -> tuple[int, int, int, int, int, int]:
        trial = f"{frames.subject}/{frames.session}/{frames.trial}"
        return (
            frames.label,
            self.subjects.number(frames.subject),
            frames.session,
            self.trials.number(trial),
            self.stimuli.number(frames.stimulus),
            self.recordings.number(f"{trial}#{len(self.recordings.index)}"),
        )

    def finish(self, class_names: tuple[str, ...], card: DatasetCard) -> WindowSet:
        if not self.features:
            raise DatasetError(
                f"No window of {card.title} is left: {self.spec.n_frames} frames ({self.spec.span_s:g} s) fit into no "
                f"recording without a fault; dropped: {dict(self.dropped)}.",
                "Take fewer frames a window (n_frames), or look at the recordings.",
            )
        if self.dropped:
            logger.warning("%s: windows left out: %s", card.title, dict(self.dropped))
        label, subject, session, trial, stimulus, recording = np.concatenate(self.ids).T.copy()
        rests = self.rests.finish()
        return WindowSet(
            features=np.concatenate(self.features),
            label=label,
            subject=subject,
            session=session,
            trial=trial,
            stimulus=stimulus,
            recording=recording,
            t0=np.concatenate(self.t0),
            is_baseline=np.concatenate(self.is_baseline),
            class_names=class_names,
            subject_names=self.subjects.names(),
            stimulus_names=self.stimuli.names(),
            trial_names=self.trials.names(),
            recording_names=self.recordings.names(),
            spec=self.spec,
            dataset=replace(card, simulated=card.simulated or self.simulated),
            baseline_frames=rests.frames,
            baseline_session=rests.session,
            rest_recordings=rests.recordings,
            late_rest=rests.late,
            dropped=dict(self.dropped),
        )

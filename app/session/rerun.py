"""A recorded session, run again: the same samples through the same model give the same predictions, bit for bit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import ceil
from pathlib import Path

import numpy as np

from app.acquisition.matching import match
from app.paths import bundle_paths, find_bundle
from app.session.recorded_session import RecordedSession, read_session
from app.session.session_file import SessionHeader
from sclcm_core.errors import BundleError, RecordingError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import Pipeline, WindowPolicy
from sclcm_core.streaming.resample import HALF_LENGTH, rate_ratio
from sclcm_core.types import Prediction

_SAME_TIME_S = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the predictions of a rerun agree with the recorded ones.

    Parameters
    ----------
    same_model : bool
        Whether the bundle is, byte for byte, the one of the session.
    n_recorded, n_again : int
        Predictions in the file, and in the rerun.
    n_equal, n_different : int
        Of those made at the same moments: equal in every bit and in the reason for being withheld, or not.
    n_same_label : int
        Of those made at the same moments and not withheld in either: how many name the same class.
    n_labelled : int
        How many that were.
    t_first_different : float or None
        When the first difference was, in s on the clock of the stream.
    """

    same_model: bool
    n_recorded: int
    n_again: int
    n_equal: int
    n_different: int
    n_same_label: int
    n_labelled: int
    t_first_different: float | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every recorded prediction came again, bit for bit."""
        return self.n_equal == self.n_recorded


def rerun(path: Path, model: str | None = None) -> Iterator[Prediction]:
    """Run a recorded session again.

    Parameters
    ----------
    path : Path
        The recording of a session.
    model : str, optional
        Name or path of another bundle; that of the session when left out.

    Yields
    ------
    Prediction
        In order: those that the session made, and what follows the last of them. Another model predicts every window.
    """
    session = read_session(path)
    yield from predict_again(session, bundle_of(session.header, model))


def bundle_of(header: SessionHeader, model: str | None = None) -> Bundle:
    """Load the bundle of a recorded session, or another.

    Parameters
    ----------
    header : SessionHeader
        Of the recording.
    model : str, optional
        Name or path of another bundle.

    Returns
    -------
    Bundle
        The bundle.

    Raises
    ------
    BundleError
        When the session's own is not at hand any more.
    """
    if model is not None:
        return load_bundle(find_bundle(model))
    at_hand = bundle_paths()
    first = [path for path in (Path(header.model_path), at_hand.get(header.model)) if path is not None and path.is_file()]
    for path in chain(first, at_hand.values()):
        bundle = load_bundle(path)
        if bundle.sha256 == header.model_sha256:
            return bundle
    raise BundleError(
        f"The session was recorded with the model '{header.model}' (sha256 {header.model_sha256[:12]}...), which is not at hand.",
        "Bring its bundle back, or choose one with --model.",
    )


def predict_again(session: RecordedSession, bundle: Bundle) -> Iterator[Prediction]:
    """Run a model over a recorded session.

    Parameters
    ----------
    session : RecordedSession
        The recording.
    bundle : Bundle
        The model.

    Yields
    ------
    Prediction
        With the session's own model exactly those windows that were predicted, and all that follow the last; what the session
        skipped is skipped, for the smoothing remembers what it saw.
    """
    header, manifest = session.header, bundle.manifest
    if not header.raw:
        raise RecordingError("The session was recorded with --no-raw: it holds no EEG.", "Only its report can be made.")
    columns = list(match(header.spec, manifest.features).channel_indices)
    fits = header.features_key == manifest.features.cache_key()
    pipeline = Pipeline(
        manifest,
        bundle.predictor,
        header.sfreq,
        normaliser=header.normaliser.normaliser() if header.normaliser and fits else None,
        baseline_s=header.baseline_s if manifest.personal_baseline else 0.0,
        risk=header.risk,
        policy=WindowPolicy.NEWEST,
    )
    for number, run in enumerate(_runs(session, bundle)):
        if number:
            pipeline.reset()
        start = run.first
        for stop in run.stops:
            span = slice(start, stop)
            yield from pipeline.advance(session.samples[span][:, columns], session.timestamps[span], time.perf_counter())
            start = stop


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch that the pipeline saw without a break, and where to pause so that just the right windows are predicted."""

    first: int
    stops: list[int]


def _runs(session: RecordedSession, bundle: Bundle) -> list[_Run]:
    """Return the stretches; where the number of a frame does not fit its time, the session had fallen behind and started anew."""
    features, sfreq, end = bundle.manifest.features, session.header.sfreq, len(session.samples)
    runs, following = [_Run(0, [])], 0
    for prediction in session.predictions if bundle.sha256 == session.header.model_sha256 else ():
        if prediction.index < following or not _fits(session, features, runs[-1].first, prediction):
            runs.append(_Run(_first_sample(session, prediction, features), []))
        runs[-1].stops.append(runs[-1].first + samples_until(features, sfreq, prediction.index))
        following = prediction.index + 1
    runs[-1].stops.extend(_all_stops(features, sfreq, runs[-1].first, following, end))
    return [_Run(run.first, [stop for stop in run.stops if stop <= end]) for run in runs]


def _fits(session: RecordedSession, features: FeatureSpec, first: int, prediction: Prediction) -> bool:
    """Tell whether a prediction's time is that of its frame in a stretch that began at a sample."""
    position = first + _last_of_frame(session, features, prediction.index)
    left = int(position)
    right = min(left + 1, len(session.timestamps) - 1)
    if left > right:
        return False
    t_left, t_right = session.timestamps[left], session.timestamps[right]
    return bool(abs(t_left + (position - left) * (t_right - t_left) - prediction.t_end) < _SAME_TIME_S)


def _last_of_frame(session: RecordedSession, features: FeatureSpec, number: int) -> float:
    """Return where the last sample of a frame lies, in samples of the stream from the first of the stretch."""
    ratio = rate_ratio(session.header.sfreq, features.sfreq)
    return (number * features.hop + features.window - 1) * ratio.denominator / ratio.numerator


def _all_stops(features: FeatureSpec, sfreq: float, first: int, number: int, end: int) -> list[int]:
    stops = []
    while (stop := first + samples_until(features, sfreq, number)) <= end:
        stops.append(stop)
        number += 1
    return stops


def samples_until(features: FeatureSpec, sfreq: float, number: int) -> int:
    """Return how many samples complete a frame.

    Parameters
    ----------
    features : FeatureSpec
        What is computed.
    sfreq : float
        Sampling rate in Hz of the samples.
    number : int
        Number of the frame.

    Returns
    -------
    int
        The fewest samples, counted from the first, after which the frame is there.

    Examples
    --------
    >>> samples_until(FeatureSpec(ch_names=("T7",), sfreq=128.0, window_s=1.0, hop_s=0.5), 128.0, 2)
    256
    """
    n_needed = number * features.hop + features.window
    ratio = rate_ratio(sfreq, features.sfreq)
    if ratio == 1:
        return n_needed
    up, down = ratio.numerator, ratio.denominator
    return ceil(((n_needed - 1) * down + HALF_LENGTH * max(up, down)) / up) + 1


def _first_sample(session: RecordedSession, prediction: Prediction, features: FeatureSpec) -> int:
    """Return the sample at which a session started anew, from the first prediction after it."""
    times = session.timestamps
    left = int(np.clip(np.searchsorted(times, prediction.t_end, side="right") - 1, 0, len(times) - 2))
    step = float(times[left + 1] - times[left]) or 1.0
    position = left + (prediction.t_end - float(times[left])) / step
    return max(0, round(position - _last_of_frame(session, features, prediction.index)))


def compare(session: RecordedSession, again: Iterable[Prediction], bundle: Bundle) -> Comparison:
    """Compare a rerun with what was recorded.

    Parameters
    ----------
    session : RecordedSession
        The recording.
    again : iterable of Prediction
        The rerun.
    bundle : Bundle
        With which it was made.

    Returns
    -------
    Comparison
        The counts.
    """
    recorded = {prediction.t_end: prediction for prediction in session.predictions}
    made = list(again)
    pairs = [(recorded[p.t_end], p) for p in made if p.t_end in recorded]
    different = [old.t_end for old, new in pairs if not is_equal(old, new)]
    labelled = [(old.label, new.label) for old, new in pairs if old.label is not None and new.label is not None]
    return Comparison(
        same_model=bundle.sha256 == session.header.model_sha256,
        n_recorded=len(session.predictions),
        n_again=len(made),
        n_equal=len(pairs) - len(different),
        n_different=len(different),
        n_same_label=sum(old == new for old, new in labelled),
        n_labelled=len(labelled),
        t_first_different=min(different, default=None),
    )


def is_equal(one: Prediction, other: Prediction) -> bool:
    """Tell whether two predictions say the same: every bit of the probabilities, and the reason for being withheld."""
    same_numbers = np.array_equal(one.probabilities, other.probabilities, equal_nan=True)
    return one.class_names == other.class_names and one.withheld == other.withheld and bool(same_numbers)

"""Personal calibration from whatever there is: a stream, a recording, a recorded session. The same samples give the same bundle."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from app.acquisition.matching import match
from app.paths import bundle_paths, user_dir
from app.session.recorded_session import RecordedSession, read_session, read_sessions
from sclcm_core.errors import BundleError, CalibrationError, MatchError, RecordingError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.calibration import CalibrationResult, calibrate
from sclcm_core.inference.calibration_windows import CalibrationWindows, gather
from sclcm_core.inference.onnx_runtime import OnnxEmbedder
from sclcm_core.inference.personal_baseline import FEWEST_FRAMES, baseline_normaliser
from sclcm_core.inference.personal_bundle import PersonalPart, check_is_parent, find_parent, write_personal_bundle
from sclcm_core.inference.pipeline import Pipeline, WindowPolicy
from sclcm_core.recordings.read import read_recording
from sclcm_core.recordings.spans import MarkerMapping, find_spans
from sclcm_core.recordings.trials import person_of
from sclcm_core.types import Float32Array, Float64Array, Marker, Prediction, StreamSpec

PIECE = 4096
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """What a calibration came to, before it is kept.

    Parameters
    ----------
    parent : Bundle
        What was calibrated.
    windows : CalibrationWindows
        What it was made of.
    normaliser : Normaliser or None
        The person's own rest, in nats or dB; None where there was too little, or the model does not want it.
    rest_s : float
        Good rest in s.
    result : CalibrationResult or None
        The head; None where only rest was measured.
    """

    parent: Bundle
    windows: CalibrationWindows
    normaliser: Normaliser | None
    rest_s: float
    result: CalibrationResult | None

    @property
    def is_accepted(self) -> bool:
        """Whether there is something worth keeping."""
        return self.result.is_accepted if self.result else self.normaliser is not None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to tell the person, one sentence or two an entry."""
        said = [f"Rest: {self.rest_s:.0f} s good." if self.normaliser else "No own rest: the model's own statistics are used."]
        if self.windows.left_out:
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.windows.left_out.items())
            said.append(f"Windows left out: {reasons}.")
        if self.result:
            said += [self.result.sentence, *self.result.caveats]
        return tuple(said)

    def keep(self, name: str, path: Path, protocol: str) -> Bundle:
        """Write the personal bundle.

        Parameters
        ----------
        name : str
            Its name.
        path : Path
            The file, which must not be there yet.
        protocol : str
            What was presented.

        Returns
        -------
        Bundle
            The new bundle.
        """
        if path.exists():
            raise BundleError(f"There is a bundle '{path}' already.", "Choose another name with --as, or delete that file.")
        date = datetime.now().isoformat(timespec="seconds")
        part = PersonalPart(name, date, protocol, self.normaliser, self.rest_s, self.result, self.windows.blocks)
        return write_personal_bundle(self.parent, part, path)


def calibrate_on(
    parent: Bundle,
    predictions: Sequence[Prediction],
    markers: Iterable[Marker],
    mapping: MarkerMapping | None = None,
    *,
    rest_only: bool = False,
) -> CalibrationOutcome:
    """Calibrate a bundle on what a session predicted and what its markers say.

    Parameters
    ----------
    parent : Bundle
        The model.
    predictions : sequence of Prediction
        Every window of the session, in order, each with its newest frame.
    markers : iterable of Marker
        On the same clock.
    mapping : MarkerMapping, optional
        What the markers mean; the program's own texts when left out.
    rest_only : bool
        Whether blocks are left alone.

    Returns
    -------
    CalibrationOutcome
        Accepted or not.

    Raises
    ------
    CalibrationError
        When there is neither enough rest nor a block.
    """
    check_is_parent(parent.manifest)
    manifest = parent.manifest
    heard = list(markers)
    spans = find_spans(heard, mapping)
    if mapping and not spans:
        raise CalibrationError(
            f"None of the mapping's markers ({_some(mapping.labels)}) was heard; there were: {_some(m.text for m in heard)}.",
            "Correct the mapping, or look whether the other program sent its markers.",
        )
    windows = gather(predictions, [span for span in spans if span.kind == "rest" or not rest_only], manifest.features)
    good = [frame for frame in windows.rest if frame.fault is None]
    wants_rest = manifest.personal_baseline and len(good) >= FEWEST_FRAMES
    normaliser = baseline_normaliser(list(windows.rest), is_raw=manifest.features.is_raw) if wants_rest else None
    if not windows.blocks and normaliser is None:
        raise CalibrationError(
            f"No block holds a good window of {manifest.features.span_s:g} s, and there are {len(good)} frames of good rest.",
            f"Mark blocks longer than {manifest.features.span_s:g} s, or at least 30 s of rest; a mapping says what markers mean.",
        )
    result = calibrate(OnnxEmbedder(parent.path), manifest, windows.blocks, normaliser) if windows.blocks else None
    return CalibrationOutcome(parent, windows, normaliser, len(good) * manifest.features.hop_s if normaliser else 0.0, result)


def read_for_calibration(path: Path, parent: Bundle, person: str | None = None) -> tuple[list[Prediction], tuple[Marker, ...]]:
    """Predict every window of a recording or of a recorded session.

    Parameters
    ----------
    path : Path
        A file that `read_session` or `read_recording` reads.
    parent : Bundle
        The model.
    person : str, optional
        Whose session, in a file that several people share: all its parts that the model fits, or one that is named.

    Returns
    -------
    predictions : list of Prediction
        Every window, in order.
    markers : tuple of Marker
        On the same clock.
    """
    if path.suffix.lower() == ".xdf":
        try:
            sessions = read_sessions(path)
        except RecordingError:  # another program's
            pass
        else:
            return _predict_parts(parent, _parts_of(path, sessions, person), path)
    recording = read_recording(path, trial=person)
    return predict_every(parent, recording.spec, recording.samples, recording.timestamps), recording.markers


def _parts_of(path: Path, sessions: list[RecordedSession], person: str | None) -> list[RecordedSession]:
    """Return a person's sessions in a file: several when the headset came back changed."""
    people = {person_of(session.header.who) for session in sessions}
    whose = people.pop() if person is None and len(people) == 1 else person
    return [session for session in sessions if person_of(session.header.who) == whose] or [read_session(path, person)]


def _predict_parts(parent: Bundle, parts: Sequence[RecordedSession], path: Path) -> tuple[list[Prediction], tuple[Marker, ...]]:
    """Predict every window of the parts that the model fits; say of the others why not."""
    predictions: list[Prediction] = []
    markers: set[Marker] = set()
    refusals = []
    for part in parts:
        if not part.header.raw:
            raise CalibrationError(
                f"'{path}' was recorded with --no-raw: it holds no EEG.", "Calibrate from a session that was recorded with it."
            )
        try:
            found = predict_every(parent, part.header.spec, part.samples, part.timestamps)
        except MatchError as error:
            refusals.append((part.header.who, error))
            continue
        predictions += _numbered_on(found, predictions, parent.manifest.features.n_frames)
        markers.update(part.markers)
    if len(refusals) == len(parts):
        raise refusals[0][1]
    for who, reason in refusals:
        log.warning("'%s' of '%s' is left out: %s", who, path, reason)
    return predictions, tuple(sorted(markers, key=lambda marker: marker.t))


def _numbered_on(found: Iterable[Prediction], before: Sequence[Prediction], n_frames: int) -> list[Prediction]:
    """Return predictions numbered on so far after those before that no window could reach from one part into the next."""
    shift = before[-1].index + n_frames + 1 if before else 0
    return [
        replace(p, index=p.index + shift, frame=replace(p.frame, index=p.frame.index + shift) if p.frame else None)
        for p in found
    ]


def predict_every(parent: Bundle, spec: StreamSpec, samples: Float32Array, timestamps: Float64Array) -> list[Prediction]:
    """Predict every window of a signal, by the pipeline that runs live.

    Parameters
    ----------
    parent : Bundle
        The model.
    spec : StreamSpec
        The stream.
    samples : ndarray of float32, shape (n_samples, n_channels)
        Potentials in µV.
    timestamps : ndarray of float64, shape (n_samples,)
        Capture times in s.

    Returns
    -------
    list of Prediction
        In order.
    """
    columns = list(match(spec, parent.manifest.features).channel_indices)
    pipeline = Pipeline(parent.manifest, parent.predictor, spec.sfreq, policy=WindowPolicy.EVERY)
    chosen = np.ascontiguousarray(samples[:, columns])
    return [
        prediction
        for start in range(0, len(chosen), PIECE)
        for prediction in pipeline.advance(
            chosen[start : start + PIECE], timestamps[start : start + PIECE], time.perf_counter()
        )
    ]


def _some(texts: Iterable[str]) -> str:
    """Return a few distinct texts for a sentence."""
    names = list(dict.fromkeys(texts))
    return ", ".join(f"'{name}'" for name in names[:5]) + (", ..." if len(names) > 5 else "") or "none"


def personal_path(name: str) -> Path:
    """Return where a personal bundle of a name lies: in the user's own folder, where ``--model NAME`` finds it."""
    if not name or set(name) & set("/\\.") or name != name.strip():
        raise CalibrationError(f"'{name}' is no name for a bundle.", "Take letters, digits and hyphens.")
    return user_dir() / "models" / f"{name}.onnx"


def undo(bundle: Bundle) -> Bundle:
    """Go back from a personal bundle to the one that it was made from.

    Parameters
    ----------
    bundle : Bundle
        A personal bundle.

    Returns
    -------
    Bundle
        Its parent. The personal file is left where it is.
    """
    return find_parent(bundle.manifest, bundle_paths().values())

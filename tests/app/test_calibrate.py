from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.calibrate import calibrate_on, personal_path, read_for_calibration, undo
from app.session.recorded_session import RecordedSession, read_session
from app.session.recorder import Recorder
from app.session.session import Session, SessionSettings
from sclcm_core.errors import BundleError, CalibrationError, MatchError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.recordings.spans import MarkerMapping
from sclcm_core.types import Marker, Prediction
from tests.app.session.array_source import ArraySource
from tests.app.sitting import BLOCK_S, GAP_S, LABELS, REST_S, SFREQ, predicted, sitting
from tests.tiny_bundle import write_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def live(
    bundle: Bundle, samples: np.ndarray, markers: list[Marker], folder: Path, chunk: int
) -> tuple[list[Prediction], list[Marker], Path]:
    predictions: list[Prediction] = []
    heard: list[Marker] = []
    session = Session(ArraySource(samples, markers=markers, chunk=chunk), bundle, SessionSettings(policy=WindowPolicy.EVERY))
    session.on_prediction.append(predictions.append)
    session.on_marker.append(heard.append)
    with Recorder(session, folder) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    return predictions, heard, recorder.status.path


def test_stream_recording_and_replay_give_the_same_bundle_bit_for_bit(bundle: Bundle, tmp_path: Path) -> None:
    samples, markers = sitting()
    predictions, heard, path = live(bundle, samples, markers, tmp_path / "rec", chunk=37)
    from_stream = calibrate_on(bundle, predictions, heard)
    from_xdf = calibrate_on(bundle, *read_for_calibration(path, bundle))
    from_replay = calibrate_on(bundle, predicted(bundle, samples), markers)
    assert from_stream.is_accepted and len(from_stream.windows.blocks) == 8 and from_stream.rest_s > 12
    graphs = {
        outcome.keep("own", tmp_path / f"{name}.onnx", "").manifest.graph_sha256
        for name, outcome in (("stream", from_stream), ("xdf", from_xdf), ("replay", from_replay))
    }
    assert len(graphs) == 1
    stats = {str(outcome.normaliser.mean.tolist()) for outcome in (from_stream, from_xdf, from_replay)}
    assert len(stats) == 1


def in_parts(path: Path, t_cut: float) -> list[RecordedSession]:
    """A session as of a headset that came back changed: bo up to a time, bo afterwards, and once more without T8."""
    whole = read_session(path)
    n = round(t_cut * SFREQ)
    parts = [slice(0, n), slice(n, None), slice(n, None)]
    told = [
        replace(
            whole,
            header=whole.header.model_copy(update={"person": "bo", "part": k}),
            samples=whole.samples[part],
            timestamps=whole.timestamps[part],
            markers=tuple(m for m in whole.markers if bool(m.t >= whole.timestamps[n]) is (k > 1)),
        )
        for k, part in enumerate(parts, start=1)
    ]
    told[2] = replace(told[2], header=told[2].header.model_copy(update={"ch_names": ("T7", "Cz")}))
    return [replace(told[0], header=told[0].header.model_copy(update={"person": "ada"})), *told]


def test_every_part_of_a_person_that_the_model_fits_counts_and_the_others_are_named(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    samples, markers = sitting()
    path = live(bundle, samples, markers, tmp_path / "rec", chunk=500)[2]
    parts = in_parts(path, REST_S + 4 * (GAP_S + BLOCK_S))
    monkeypatch.setattr("app.calibrate.read_sessions", lambda _: parts)
    predictions, heard = read_for_calibration(path, bundle, "bo")
    windows = calibrate_on(bundle, predictions, heard).windows
    assert [block.label for block in windows.blocks] == LABELS and len(windows.rest) > 20
    assert len({p.index for p in predictions}) == len(predictions)
    assert "'bo, part 3'" in caplog.text and "T8" in caplog.text and "part 2" not in caplog.text
    monkeypatch.setattr("app.calibrate.read_sessions", lambda _: [parts[-1]])
    with pytest.raises(MatchError, match="T8"):
        read_for_calibration(path, bundle, "bo")


def test_blocks_with_a_poor_signal_are_left_out_and_counted(bundle: Bundle, tmp_path: Path) -> None:
    samples, markers = sitting()
    first = round((REST_S + GAP_S) * SFREQ)
    samples[first : first + round(BLOCK_S * SFREQ), 0] = np.nan
    outcome = calibrate_on(bundle, predicted(bundle, samples), markers)
    assert len(outcome.windows.blocks) == 7
    assert sum(outcome.windows.left_out.values()) > 3 and "Windows left out" in " ".join(outcome.sentences)


def test_what_other_programs_marked_is_taken_by_a_mapping(bundle: Bundle) -> None:
    samples, markers = sitting()
    foreign = [Marker(m.t, m.text.split("/")[1] if m.text.startswith("stimulus/") else "x") for m in markers]
    mapping = MarkerMapping(labels={"loud": "high", "quiet": "low"}, duration_s=BLOCK_S)
    predictions = predicted(bundle, samples)
    outcome = calibrate_on(bundle, predictions, foreign, mapping)
    assert outcome.result.class_names == ("high", "low") and outcome.normaliser is None


def test_nothing_marked_is_said_with_what_is_needed(bundle: Bundle) -> None:
    samples, _ = sitting()
    predictions = predicted(bundle, samples)
    with pytest.raises(CalibrationError, match=r"No block holds a good window of 2\.5 s, and there are 0 frames"):
        calibrate_on(bundle, predictions, [])


def test_a_personal_bundle_is_never_written_over_and_leads_back(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    samples, markers = sitting()
    predictions = predicted(bundle, samples)
    outcome = calibrate_on(bundle, predictions, markers)
    own = outcome.keep("ada", personal_path("ada"), "words")
    with pytest.raises(BundleError, match="There is a bundle"):
        outcome.keep("ada", personal_path("ada"), "words")
    with pytest.raises(CalibrationError, match="is not at hand"):
        undo(own)
    (tmp_path / "sclcm-live" / "models" / "parent.onnx").write_bytes(bundle.path.read_bytes())
    assert undo(own).sha256 == bundle.sha256
    with pytest.raises(CalibrationError, match="no name for a bundle"):
        personal_path("../ada")

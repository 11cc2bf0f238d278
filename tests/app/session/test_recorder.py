import json
import logging
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.session.inbox import Listener
from app.session.recorded_session import read_session
from app.session.recorder import Recorder, RecorderState, RecorderStatus
from app.session.rerun import compare, predict_again
from app.session.session import Session, SessionSettings
from sclcm_core.errors import RecordingError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.recordings import read_recording
from sclcm_core.streaming.quality_watch import QualityWatch
from sclcm_core.types import Chunk, Marker, Prediction, StreamSpec
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)
NOON = datetime(2026, 1, 2, 12, 0, 0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def eeg(seconds: float, n_channels: int = 2, sfreq: float = 128.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.standard_normal((int(seconds * sfreq), n_channels)).cumsum(axis=0).astype(np.float32)


def record(session: Session, folder: Path, **options: Any) -> tuple[RecorderStatus, list[Prediction]]:
    """Run a session to its end with a recorder; return what the recorder says and what the session predicted."""
    predictions: list[Prediction] = []
    session.on_prediction.append(predictions.append)
    with Recorder(session, folder, **options) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    return recorder.status, predictions


def test_samples_markers_and_predictions_come_back_bit_for_bit(bundle: Bundle, tmp_path: Path) -> None:
    samples = eeg(20)
    samples[700:703, 1] = np.nan
    markers = [Marker(1.0, "loud", 2.5), Marker(9.5, "quiet")]
    status, predictions = record(Session(ArraySource(samples, markers=markers), bundle, EVERY), tmp_path)
    assert status.state is RecorderState.FINISHED and status.n_samples == len(samples) and status.message == ""
    found = read_session(status.path)
    assert found.samples.tobytes() == samples.tobytes()
    assert found.timestamps.tolist() == [k / 128.0 for k in range(len(samples))]
    assert [(m.t, m.text) for m in found.markers] == [(1.0, "loud"), (9.5, "quiet")]
    assert (1.0, {"event": "marker duration", "text": "loud", "duration_s": 2.5}) in found.events
    assert len(found.predictions) == len(predictions) > 30
    for recorded, made in zip(found.predictions, predictions, strict=True):
        assert recorded.probabilities.tobytes() == made.probabilities.tobytes()
        assert (recorded.index, recorded.t_start, recorded.t_end) == (made.index, made.t_start, made.t_end)
        assert (recorded.withheld, recorded.label) == (made.withheld, made.label)
        assert recorded.latency_s == pytest.approx(made.latency_s)


def test_the_header_tells_the_model_the_settings_and_the_baseline(bundle: Bundle, tmp_path: Path) -> None:
    normaliser = bundle.manifest.normaliser.normaliser()
    settings = SessionSettings(policy=WindowPolicy.EVERY, normaliser=lambda: normaliser, baseline_s=12.0)
    status, _ = record(Session(ArraySource(eeg(5)), bundle, settings), tmp_path, settings={"command": "replay"})
    header = read_session(status.path).header
    assert (header.model, header.model_sha256, header.class_names) == ("tiny", bundle.sha256, ("loud", "quiet"))
    assert (header.policy, header.baseline_s, header.settings) == ("every", 12.0, {"command": "replay"})
    assert (header.sfreq, header.ch_names, header.source_id, header.origin) == (128.0, ("T7", "T8"), "array-1", "replay")
    assert header.normaliser is not None
    np.testing.assert_array_equal(header.normaliser.normaliser().mean, normaliser.mean)


def test_lost_samples_are_a_gap_with_their_numbers_and_never_invented(bundle: Bundle, tmp_path: Path) -> None:
    samples = eeg(20)
    status, _ = record(Session(ArraySource(samples, lost_at={0: 5, 1000: 30}), bundle, EVERY), tmp_path)
    found = read_session(status.path)
    assert (found.n_lost, found.n_not_recorded, status.n_samples) == (35, 0, len(samples))
    lost = np.isnan(found.samples).all(axis=1)
    assert np.flatnonzero(lost).tolist() == [*range(5), *range(1005, 1035)]
    assert found.samples[~lost].tobytes() == samples.tobytes()
    np.testing.assert_array_equal(found.timestamps[1005:1008], found.timestamps[1004] + np.arange(1, 4) / 128.0)


def test_phases_and_events_are_kept(bundle: Bundle, tmp_path: Path) -> None:
    session = Session(ArraySource(eeg(5)), bundle, EVERY)
    recorder = Recorder(session, tmp_path)
    session.on_prediction.append(lambda p: recorder.take_event("note", text=f"Frage {p.index} ✓") if p.index == 3 else None)
    with recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    events = [facts for _, facts in read_session(recorder.status.path).events]
    assert [e["phase"] for e in events if e["event"] == "phase"] == ["streaming", "ended"]
    assert {"event": "note", "text": "Frage 3 ✓"} in events


def test_no_event_stands_before_the_first_sample(bundle: Bundle, tmp_path: Path) -> None:
    class Late(ArraySource):
        """A device whose clock has run for days."""

        def read(self, timeout_s: float) -> list[Chunk]:
            return [Chunk(chunk.samples, chunk.timestamps + 5e5) for chunk in super().read(timeout_s)]

    status, _ = record(Session(Late(eeg(3)), bundle, EVERY), tmp_path)
    found = read_session(status.path)
    assert [(t, facts["phase"]) for t, facts in found.events[:1]] == [(5e5, "streaming")]
    assert found.events[-1][0] == found.timestamps[-1]


def test_a_stream_that_sends_nothing_still_leaves_its_events(bundle: Bundle, tmp_path: Path) -> None:
    status, _ = record(Session(ArraySource(eeg(0)), bundle, EVERY), tmp_path)
    assert [facts["phase"] for _, facts in read_session(status.path).events] == ["streaming", "ended"]


def test_quality_reports_are_kept_as_numbers(bundle: Bundle, tmp_path: Path) -> None:
    import pyxdf

    samples = eeg(8)
    samples[:, 1] = 0.0
    session = Session(ArraySource(samples), bundle, EVERY)
    recorder = Recorder(session, tmp_path)
    reports = QualityWatch(128.0, ("T7", "T8")).push(samples, np.arange(len(samples)) / 128.0)
    session.on_prediction.append(lambda p: recorder.take_quality(reports[p.index % len(reports)]))
    with recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    stream = next(s for s in pyxdf.load_xdf(recorder.status.path)[0] if s["info"]["type"][0] == "SCLCM quality")
    labels = [c["label"][0] for c in stream["info"]["desc"][0]["channels"][0]["channel"]]
    assert labels[0] == "T7: light" and labels[-1] == "blinks_per_minute"
    assert (stream["time_series"][:, labels.index("T8: light")] == 2).all()
    assert stream["time_stamps"][0] == reports[0].t_end


def test_a_recording_never_overwrites_another(bundle: Bundle, tmp_path: Path) -> None:
    paths = [
        record(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path / "new" / "folder", now=lambda: NOON)[0].path
        for _ in range(3)
    ]
    stem = "sclcm-2026-01-02T12-00-00"
    assert [path.name for path in paths] == [f"{stem}.xdf", f"{stem}-2.xdf", f"{stem}-3.xdf"]
    assert all(len(read_session(path).samples) == 256 for path in paths)


def test_a_folder_that_cannot_be_is_told_before_the_session_starts(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    recorder = Recorder(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path / "file")
    with pytest.raises(RecordingError, match=r"No recording can be written in .*Choose another folder"):
        recorder.start()


def test_an_unforeseen_error_ends_the_recording_and_not_the_session(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session = Session(ArraySource(eeg(5)), bundle, EVERY)
    recorder = Recorder(session, tmp_path)
    session.on_prediction.append(lambda p: recorder.take_event("odd", thing=object()) if p.index == 2 else None)
    with recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    assert session.error is None and recorder.status.state is RecorderState.FAILED
    assert "not JSON serializable" in recorder.status.message


def test_a_session_that_never_opened_leaves_no_file(bundle: Bundle, tmp_path: Path) -> None:
    class Nothing(ArraySource):
        def open(self, timeout_s: float) -> Any:
            raise RecordingError("There is no stream.", "Switch it on.")

    session = Session(Nothing(eeg(1)), bundle, EVERY)
    status, _ = record(session, tmp_path)
    assert status.state is RecorderState.FINISHED and "nothing was recorded" in status.message
    assert list(tmp_path.iterdir()) == []


def test_a_recorder_cannot_join_a_session_that_runs(bundle: Bundle, tmp_path: Path) -> None:
    session = Session(ArraySource(eeg(2)), bundle, EVERY)
    session.start()
    assert session.wait(20)
    with pytest.raises(ValueError, match="before its session"):
        Recorder(session, tmp_path).start()
    session.stop()


# -- whatever ends it --------------------------------------------------------------------------------------------------------------

CHILD = """
import itertools, sys, time
from pathlib import Path
import numpy as np
from app.session.recorder import Recorder
from app.session.rerun import compare, predict_again
from app.session.session import Session, SessionSettings
from sclcm_core.inference.bundle import load_bundle
from tests.app.session.array_source import ArraySource
numbers = np.arange(128 * 3600, dtype=np.float32)
class Paced(ArraySource):
    def read(self, timeout_s):
        time.sleep(0.002)
        return super().read(timeout_s)
source = Paced(np.stack([numbers, numbers % 7], axis=1), chunk=16, realtime=True)
session = Session(source, load_bundle(Path(sys.argv[1])), SessionSettings())
Recorder(session, Path(sys.argv[2])).start()
session.start()
print("ready", flush=True)
session.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_session_leaves_all_but_its_last_second(bundle: Bundle, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(bundle.path), str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGKILL)
    found = read_session(next(tmp_path.glob("*.xdf")))
    np.testing.assert_array_equal(found.samples[:, 0], np.arange(len(found.samples), dtype=np.float32))
    assert len(found.samples) > 500 and len(found.predictions) > 5
    assert found.predictions[-1].t_end <= found.timestamps[-1]


def test_cut_anywhere_in_its_last_third_a_recording_is_a_shorter_recording(bundle: Bundle, tmp_path: Path) -> None:
    samples = eeg(3)
    status, _ = record(Session(ArraySource(samples, chunk=16), bundle, EVERY), tmp_path)
    content, cut = status.path.read_bytes(), tmp_path / "cut.xdf"
    for stop in range(2 * len(content) // 3, len(content), 97):
        cut.write_bytes(content[:stop])
        found = read_session(cut)
        assert found.samples.tobytes() == samples[: len(found.samples)].tobytes()


def test_other_programs_and_replay_read_a_recording_as_eeg(bundle: Bundle, tmp_path: Path) -> None:
    samples = eeg(20) * 3
    markers = [Marker(1.0, "loud", 2.5), Marker(9.5, "quiet")]
    status, _ = record(Session(ArraySource(samples, markers=markers, lost_at={}), bundle, EVERY), tmp_path)
    recording = read_recording(status.path)
    assert recording.spec.ch_names == ("T7", "T8") and recording.spec.sfreq == 128.0
    np.testing.assert_array_equal(recording.samples, samples)
    assert [(m.t, m.text) for m in recording.markers] == [(1.0, "loud"), (9.5, "quiet")]


def test_a_file_of_another_program_is_no_session(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is not the recording of a session"):
        read_session(data_dir / "samples" / "REAL_lsl_dsi7_300Hz_110s_unity_markers.xdf")
    with pytest.raises(RecordingError, match="There is no file"):
        read_session(tmp_path / "none.xdf")
    with pytest.raises(RecordingError, match=r"is a folder\. Name one"):
        read_session(tmp_path)
    (tmp_path / "empty.xdf").touch()
    with pytest.raises(RecordingError, match=r"is empty\. Copy the file again"):
        read_session(tmp_path / "empty.xdf")


def test_a_header_that_was_altered_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    status, _ = record(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path)
    content = status.path.read_bytes()
    altered = tmp_path / "altered.xdf"
    altered.write_bytes(content.replace(b'"policy":"every"', b'"policy":"never"'))
    with pytest.raises(RecordingError, match="policy"):
        read_session(altered)


def test_events_are_json(bundle: Bundle, tmp_path: Path) -> None:
    status, _ = record(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path)
    assert all(json.dumps(facts) for _, facts in read_session(status.path).events)
    assert logging.getLogger("app.session.recorder").level == logging.NOTSET


def test_a_batch_that_was_never_finished_is_left_out(bundle: Bundle, tmp_path: Path) -> None:
    status, _ = record(Session(ArraySource(eeg(2)), bundle, EVERY), tmp_path)
    with status.path.open("ab") as file:
        file.write(b"\x00" + b"\x07" * 20)
    found = read_session(status.path)
    assert len(found.samples) == 256 and found.n_cut == 21
    assert read_recording(status.path).n_samples == 256


def test_a_source_that_opens_again_gets_a_file_of_its_own(bundle: Bundle, tmp_path: Path) -> None:
    session = Session(ArraySource(eeg(3)), bundle, EVERY)
    with Recorder(session, tmp_path, now=lambda: NOON) as recorder:
        source = session.source
        for seconds in (1, 2):
            source.open(1.0)
            for _ in range(seconds):
                source.read(0.1)
    assert isinstance(source, Listener)
    lengths = [len(read_session(path).samples) for path in sorted(tmp_path.iterdir(), key=lambda p: len(p.name))]
    assert lengths == [50, 100] and recorder.status.state is RecorderState.FINISHED


def test_a_stream_that_returns_changed_gets_a_file_of_its_own(bundle: Bundle, tmp_path: Path) -> None:
    before, after = eeg(10), eeg(12, n_channels=3, sfreq=250.0)
    changed = StreamSpec(250.0, ("O1", "T8", "T7"), "array", "array-1", "replay")
    session = Session(ArraySource(before, changed_to=(changed, after)), bundle, EVERY)
    status, predictions = record(session, tmp_path, now=lambda: NOON)
    first, second = (read_session(path) for path in sorted(tmp_path.iterdir(), key=lambda path: len(path.name)))
    assert first.samples.tobytes() == before.tobytes() and second.samples.tobytes() == after.tobytes()
    assert second.header.ch_names == changed.ch_names and second.header.sfreq == 250.0
    assert len(first.predictions) + len(second.predictions) == len(predictions)
    for found in (first, second):
        assert compare(found, predict_again(found, bundle), bundle).is_exact
    assert status.path.name.endswith("-2.xdf")

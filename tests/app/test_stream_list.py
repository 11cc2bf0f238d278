import io
from pathlib import Path

from app.acquisition.device_profile import DeviceProfile, profile_path
from app.acquisition.stream_description import StreamDescription
from app.stream_list import print_streams, stream_records
from sclcm_core.types import StreamSpec
from tests.app.gui.fake_session import a_manifest

MODELS = [a_manifest(name=name) for name in ("one", "two", "three")]


def a_stream(name: str, kind: str = "EEG", *labels: str, sfreq: float = 250.0, **more: object) -> StreamDescription:
    facts = {"source_id": f"{name}-1", "hostname": "lab", "uid": name, "n_channels": len(labels), "channel_format": "float32"}
    return StreamDescription(**{"name": name, "type": kind, "sfreq": sfreq, "ch_names": labels, **facts, **more})  # type: ignore[arg-type]


def words(*streams: StreamDescription, profiles: Path | None = None) -> str:
    out = io.StringIO()
    print_streams(stream_records(streams, MODELS, profiles), out, as_json=False)
    return " ".join(out.getvalue().split())


def test_models_of_which_the_same_is_true_stand_together() -> None:
    said = words(a_stream("helmet", "EEG", "T3", "T8"))
    assert said.count("2 channels matched") == 1 and "one, two, three: 2 channels matched" in said


def test_one_channel_is_no_channels() -> None:
    assert "EEG, 1 channel, 250 Hz" in words(a_stream("patch", "EEG", "T7"))


def test_channels_and_remedy_are_said_once_for_all_models() -> None:
    said = words(a_stream("muse", "EEG", "TP9", "AF7", "AF8", "TP10"))
    assert "one, two, three: no: The model needs the channels T7, T8." in said
    assert said.count("TP10") == 1 and said.count("Choose a model") == 1


def test_what_was_once_said_of_a_device_holds_in_the_list(tmp_path: Path) -> None:
    board = a_stream("board", "EEG", "EXG 0", "EXG 1")
    assert "--electrodes" in words(board, profiles=tmp_path)
    path = profile_path(tmp_path, StreamSpec(250.0, board.labels, "board"))
    path.write_text(DeviceProfile(electrodes={"1": "T7", "EXG 1": "T8"}).model_dump_json())
    said = words(board, profiles=tmp_path)
    assert "as you once said: '1' is T7, 'EXG 1' is T8" in said and "one, two, three: 2 channels matched" in said
    path.write_text(DeviceProfile(electrodes={"9": "T7"}).model_dump_json())
    assert "--electrodes" in words(board, profiles=tmp_path), "one that does not fit is passed over"


def test_streams_without_eeg_are_told_by_what_they_are() -> None:
    assert "taken along with the EEG" in words(a_stream("marks", "Markers", "marker", sfreq=0.0, channel_format="string"))
    probabilities = a_stream("SCLCM probabilities", "Probabilities", "a", "b", sfreq=0.0, source_id="helmet-1-probabilities")
    assert "for other programs" in words(probabilities)
    assert "not usable: it has no fixed sampling rate" in words(a_stream("gaze", "Gaze", "x", "y", sfreq=0.0))

from pathlib import Path

import numpy as np
import pytest

from offline.datasets import load_windows
from offline.datasets.registry import find_dataset
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings import spans
from sclcm_core.types import Marker, StreamSpec

SPEC = FeatureSpec(ch_names=("T7", "T8"), sfreq=128.0, n_frames=4)
MARKERS = (
    Marker(0.0, "rest/eyes-open"), Marker(8.0, "rest-end/eyes-open"),
    Marker(9.0, "stimulus/calm/lake#1"), Marker(15.0, "stimulus-end/calm/lake#1"),
    Marker(16.0, "stimulus/tense/storm#1"), Marker(22.0, "stimulus-end/tense/storm#1"),
    Marker(23.0, "stimulus/calm/lake#2"), Marker(23.2, "stimulus-end/calm/lake#2"),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two people with two sessions each; the recordings are made up when they are read."""
    from sclcm_core.recordings.recording import Recording

    for subject in ("07", "08"):
        for session in ("20260102T120000", "20260103T120000"):
            path = tmp_path / f"sub-{subject}" / f"ses-{session}" / f"sub-{subject}_ses-{session}_task-moods_run-01_eeg.xdf"
            path.parent.mkdir(parents=True)
            path.write_bytes(b"x")

    def read(path: Path) -> Recording:
        rng = np.random.default_rng(1)
        samples = rng.standard_normal((128 * 30, 2)).cumsum(axis=0).astype(np.float32)
        return Recording(StreamSpec(128.0, ("T7", "T8")), samples, np.arange(len(samples)) / 128.0, MARKERS, path)

    monkeypatch.setattr("offline.datasets.sessions.read_recording", read)
    return tmp_path


def test_presentations_become_trials_and_open_eyes_the_baseline(folder: Path) -> None:
    windows = load_windows("sessions", folder, SPEC)
    assert windows.class_names == ("calm", "tense") and windows.subject_names == ("07", "08")
    assert {"lake", "storm", "eyes-open"} == set(windows.stimulus_names)
    assert set(windows.session.tolist()) == {1, 2} and set(windows.label.tolist()) == {-1, 0, 1}
    assert all(len(frames) > 20 for frames in windows.baseline_frames.values())


def test_people_are_told_apart_whatever_the_folders_above_them_are_called(folder: Path) -> None:
    above = folder / "sub-project" / "ses-autumn"
    above.mkdir(parents=True)
    for person in folder.glob("sub-0*"):
        person.rename(above / person.name)
    sources = find_dataset("sessions").resolve(above).sources(above)
    assert [(source.subject, source.session) for source in sources] == [("07", 1), ("07", 2), ("08", 1), ("08", 2)]


def test_a_presentation_of_a_blink_is_left_out(folder: Path) -> None:
    dataset = find_dataset("sessions").resolve(folder)
    trials = list(dataset.read(dataset.sources(folder)[0]))
    assert [trial.stimulus for trial in trials] == ["eyes-open", "lake", "storm"]


def test_the_table_of_a_session_saves_reading_its_samples_for_the_labels(folder: Path, monkeypatch) -> None:
    for path in folder.rglob("*.xdf"):
        table = path.with_name(path.name.replace("run-01_eeg.xdf", "events.tsv"))
        table.write_text("onset\tduration\ttrial_type\tstimulus\n0\t8\trest\teyes-open\n9\t6\tA\tx\n16\t6\tB\ty\n")
    monkeypatch.setattr("offline.datasets.sessions.read_recording", None)
    assert find_dataset("sessions").resolve(folder).class_names == ("A", "B")


def test_markers_of_another_program_are_read_by_a_mapping_in_the_folder(folder: Path) -> None:
    (folder / "m.toml").write_text('duration_s = 3\n[labels]\n"stimulus/calm*" = "low"\n"stimulus/tense*" = "high"\n')
    dataset = find_dataset("sessions", {"mapping": "m.toml"}).resolve(folder)
    assert dataset.class_names == ("high", "low")
    assert {trial.label for trial in dataset.read(dataset.sources(folder)[0])} == {0, 1}


def test_sessions_without_labels_or_recordings_say_what_is_missing(folder: Path, tmp_path_factory, monkeypatch) -> None:
    with pytest.raises(DatasetError, match="holds no recording"):
        find_dataset("sessions").resolve(tmp_path_factory.mktemp("empty"))
    monkeypatch.setattr(
        "offline.datasets.sessions.find_spans", lambda markers, mapping: [spans.Span("rest", "", "x", 0.0, 9.0)]
    )
    with pytest.raises(DatasetError, match=r"present the labels \[\]; two classes are needed"):
        find_dataset("sessions").resolve(folder)
    with pytest.raises(DatasetError, match="'calm', which is no class"):
        monkeypatch.undo()
        monkeypatch.setattr("offline.datasets.sessions.SessionFolder._labels", lambda self, path, root: {"calm"})
        find_dataset("sessions", {"classes": ("calmer", "tense")}).resolve(folder)


def test_the_mapping_that_lies_beside_a_recording_says_what_its_markers_mean(folder: Path) -> None:
    for path in folder.rglob("*.xdf"):
        text = """duration_s = 5.0
[labels]
"rest/eyes-open" = "idle"
"stimulus/calm/lake#1" = "busy"
"""
        (path.parent / "task_mapping.toml").write_text(text)
    dataset = find_dataset("sessions").resolve(folder)
    assert set(dataset.class_names) == {"idle", "busy"}
    assert {trial.stimulus for trial in dataset.read(dataset.sources(folder)[0])} == {"rest/eyes-open", "stimulus/calm/lake"}


def test_a_recording_of_two_people_is_two_people(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from offline.datasets import sessions

    (folder / "together.xdf").write_bytes(b"x")
    asked = []
    whole = sessions.read_recording
    monkeypatch.setattr(sessions, "list_trials", lambda path: ("ada", "bo"))
    monkeypatch.setattr(sessions, "read_recording", lambda path, trial=None: (asked.append(trial), whole(path))[1])
    dataset = find_dataset("sessions").resolve(folder)
    found = {source.key: source for source in dataset.sources(folder)}
    assert {source.subject for source in found.values()} == {"07", "08", "ada", "bo"} and len(found) == 6
    asked.clear()
    assert len(list(dataset.read(found["together.xdf_bo"]))) == 3 and asked == ["bo"]


def test_the_parts_of_a_person_whose_device_changed_are_one_person_and_never_on_both_sides_of_a_split(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offline.datasets import sessions

    (folder / "together.xdf").write_bytes(b"x")
    asked: list[str | None] = []
    whole = sessions.read_recording
    monkeypatch.setattr(sessions, "list_trials", lambda path: ("ada", "bo", "bo, part 2"))
    monkeypatch.setattr(sessions, "read_recording", lambda path, trial=None: (asked.append(trial), whole(path))[1])
    dataset = find_dataset("sessions").resolve(folder)
    found = {source.key: source for source in dataset.sources(folder)}
    assert {source.subject for source in found.values()} == {"07", "08", "ada", "bo"} and len(found) == 7
    asked.clear()
    for session, key in enumerate(("together.xdf_bo", "together.xdf_bo__part_2"), start=1):
        assert {(trial.subject, trial.session) for trial in dataset.read(found[key])} == {("bo", session)}
    assert asked == ["bo", "bo, part 2"]

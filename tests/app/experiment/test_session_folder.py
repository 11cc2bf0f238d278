from datetime import datetime
from pathlib import Path

import pytest

from app.experiment.session_folder import (
    delete_session,
    find_sessions,
    make_session_folder,
    name_recordings,
    open_session_folder,
    recordings_of,
    write_facts,
)
from sclcm_core.errors import RecordingError, SclcmError

NOON = datetime(2026, 1, 2, 12, 0, 0)


def made(root: Path, subject: str = "07"):
    folder = make_session_folder(root, subject, "calm or tense!", NOON)
    write_facts(folder, seed=3)
    (folder.path / "sclcm-2026.xdf").write_bytes(b"x")
    return folder


def test_names_are_those_of_bids(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert folder.path == tmp_path / "sub-07" / "ses-20260102T120000"
    assert [path.name for path in name_recordings(folder)] == ["sub-07_ses-20260102T120000_task-calmortense_run-01_eeg.xdf"]
    assert name_recordings(folder) == recordings_of(folder)
    assert open_session_folder(folder.path) == folder


def test_two_sessions_of_one_second_do_not_meet(tmp_path: Path) -> None:
    assert made(tmp_path).path != made(tmp_path).path


@pytest.mark.parametrize("subject", ["Ada Lovelace", "../x", ""])
def test_a_person_is_a_code(tmp_path: Path, subject: str) -> None:
    with pytest.raises(SclcmError, match="letters and digits"):
        make_session_folder(tmp_path, subject, "task", NOON)


def test_a_session_is_deleted_whole_and_nothing_else(tmp_path: Path) -> None:
    gone, kept = made(tmp_path, "07"), made(tmp_path, "08")
    (gone.path / "report").mkdir()
    (gone.path / "report" / "report.html").write_text("x")
    with pytest.raises(RecordingError, match="2 sessions called 'ses-20260102T120000'"):
        delete_session(tmp_path, "ses-20260102T120000")
    delete_session(tmp_path, "sub-07/ses-20260102T120000")
    assert not (tmp_path / "sub-07").exists() and recordings_of(kept)
    assert [folder.subject for folder in find_sessions(tmp_path)] == ["08"]


@pytest.mark.parametrize("name", ["..", "", ".", "ses-gone", "../sub-07"])
def test_only_sessions_can_be_deleted(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path)
    with pytest.raises(RecordingError, match="no session called"):
        delete_session(tmp_path, name)
    assert folder.path.is_dir()


def test_a_folder_without_a_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no recording"):
        recordings_of(open_session_folder(tmp_path))

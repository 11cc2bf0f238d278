import io
from pathlib import Path

import numpy as np
import pytest

from app.rerun_report import print_rerun
from app.session.recorder import Recorder
from app.session.session import Session, SessionSettings
from sclcm_core.errors import RecordingError
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    samples = np.random.default_rng(0).standard_normal((1280, 2)).cumsum(axis=0)
    session = Session(ArraySource(samples), load_bundle(write_bundle(folder)), SessionSettings(policy=WindowPolicy.EVERY))
    with Recorder(session, folder):
        session.start()
        assert session.wait(20)
        session.stop()
    return session.recorded_in[0]


def verdict(recorded: Path, folder: Path, **model: object) -> str:
    out = io.StringIO()
    assert print_rerun(recorded, str(write_bundle(folder, **model)), out, as_json=False) == 0
    return out.getvalue().splitlines()[-1]


def test_another_model_of_the_same_classes_is_compared(recorded: Path, tmp_path: Path) -> None:
    said = verdict(recorded, tmp_path, name="colder", temperature=0.5)
    assert said == "16 of 16 predictions made at the same moments name the same class. Model: colder."


def test_a_model_of_other_classes_is_not_counted_against_the_recorded_one(recorded: Path, tmp_path: Path) -> None:
    said = verdict(recorded, tmp_path, name="other", class_names=("rest", "work"))
    assert said == "19 predictions of rest, work; the recorded ones are of loud, quiet. Model: other."


def test_a_file_that_is_no_recorded_session_is_sent_to_replay(tmp_path: Path) -> None:
    (tmp_path / "rest.edf").write_bytes(b"0       ")
    with pytest.raises(RecordingError, match=r"that is an XDF file\. Play it with 'sclcm replay'"):
        print_rerun(tmp_path / "rest.edf", None, io.StringIO(), as_json=False)

from pathlib import Path

import numpy as np
import pytest

from app.session.recorded_session import read_session
from app.session.recorder import Recorder
from app.session.rerun import predict_again
from app.session.session import Session, SessionSettings
from sclcm_core.errors import RecordingError
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.types import Marker
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle


def test_without_raw_eeg_everything_else_is_kept(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path))
    samples = np.random.default_rng(1).standard_normal((128 * 10, 2)).cumsum(axis=0).astype(np.float32)
    session = Session(
        ArraySource(samples, markers=[Marker(1.0, "loud", 2.0)]), bundle, SessionSettings(policy=WindowPolicy.EVERY)
    )
    with Recorder(session, tmp_path / "rec", keeps_raw=False) as recorder:
        session.start()
        assert session.wait(20)
        session.stop()
    found = read_session(recorder.status.path)
    assert not found.header.raw and np.isnan(found.samples).all() and found.n_not_recorded == len(samples)
    assert len(found.predictions) > 10 and found.markers[0].text == "loud"
    assert found.t_first == 0.0 and found.t_last == pytest.approx(found.predictions[-1].t_end)
    data = recorder.status.path.read_bytes()
    assert samples[:50].tobytes() not in data and samples[700, :1].tobytes() not in data
    with pytest.raises(RecordingError, match="holds no EEG"):
        list(predict_again(found, bundle))

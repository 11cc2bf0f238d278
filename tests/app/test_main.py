from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.acquisition.device_profile import ProfiledSource
from app.experiment.marked_source import MarkedSource
from app.gui.session_like import notes_of, transport_of
from app.main import _replaying
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec


@pytest.mark.parametrize("via_lsl", [False, True])
def test_what_there_is_to_know_of_a_recording_is_there_whichever_way_it_is_replayed(tmp_path: Path, via_lsl: bool) -> None:
    spec, samples = StreamSpec(128.0, ("T7", "T8"), "walk", "", "replay"), np.zeros((128, 2), np.float32)
    notes = ("The file is cut off: its last 7 bytes are left out.",)
    recording = Recording(spec, samples, np.arange(128) / 128.0, (), tmp_path / "walk.xdf", notes=notes)
    source = _replaying(recording, Namespace(file=recording.path, speed=1.0, trial=None, via_lsl=via_lsl))
    session = SimpleNamespace(source=MarkedSource(ProfiledSource(source, tmp_path)))
    assert notes_of(session) == notes  # type: ignore[arg-type]
    transport = transport_of(session)  # type: ignore[arg-type]
    assert transport is not None and (transport.n_samples, transport.position_s, transport.speed) == (128, 0.0, 1.0)

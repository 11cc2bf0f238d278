from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.acquisition.device_profile import ProfiledSource
from app.experiment.marked_source import MarkedSource
from app.gui.session_like import notes_of, transport_of
from app.main import _baseline, _replaying
from sclcm_core.errors import ConfigError
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec
from tests.tiny_bundle import manifest


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


def test_a_baseline_too_short_to_know_a_person_by_is_refused_with_the_shortest_that_is_not() -> None:
    model = manifest()  # a window every half second
    assert _baseline("10", model) == (10.0, None)
    with pytest.raises(ConfigError, match=r"9 s makes 18 windows of the model 'tiny'; fewer than 20 .* --baseline 10 or more"):
        _baseline("9", model)

import numpy as np
import pytest

from app.acquisition.source import Phase
from app.gui import screenshots
from app.gui.posed_session import PosedSession
from app.gui.theme import THEMES
from app.gui.views import VIEWS
from app.paths import assets_dir
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import load_bundle
from tests.tiny_bundle import write_bundle

pytestmark = pytest.mark.gui


@pytest.fixture
def bundle(tmp_path):
    spec = FeatureSpec(ch_names=("T7", "T8"), sfreq=125.0, n_frames=4)
    return load_bundle(write_bundle(tmp_path, spec, class_names=("negative", "positive")))


def test_a_posed_session_goes_through_the_real_pipeline(bundle):
    session = PosedSession(bundle)
    heard = []
    session.on_prediction.append(heard.append)
    assert session.buffer is None
    session.go(Phase.STREAMING)
    session.play([("negative", 6.0), ("positive", 6.0)])
    assert session.buffer.head == 3000
    assert len(heard) == 23
    assert heard[-1].label in ("negative", "positive")
    session.unplug("T8", 3.0)
    assert "T8" in heard[-1].withheld
    assert session.status.n_withheld > 0
    assert np.isfinite(session.status.latency_p99_s)


def test_everything_gets_its_picture(qapp, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(screenshots, "three_minutes", lambda: [("negative", 3.0), ("positive", 3.0)])
    monkeypatch.setattr(screenshots, "REST_S", 3.0)
    monkeypatch.setattr(screenshots, "THEMES", {"dark": THEMES["dark"]})
    monkeypatch.setattr(screenshots, "_STATES", {k: screenshots._STATES[k] for k in ("searching", "withheld")})
    names = [path.stem for path in screenshots.take_screenshots(bundle, tmp_path / "shots")]
    for kind in VIEWS:
        assert f"view-{kind.key}-dark" in names
    assert {
        "window-dark",
        "window-1280x800",
        "state-searching",
        "state-withheld",
        "stage-audience-dark",
        "panel-keys-dark",
    } <= set(names)
    assert len(names) == len(set(names))
    assert all(path.stat().st_size > 1000 for path in (tmp_path / "shots").glob("*.png"))


def test_two_models_are_posed_side_by_side_through_two_real_pipelines(bundle, tmp_path):
    (tmp_path / "other").mkdir()
    spec = FeatureSpec(ch_names=("T8", "T7"), sfreq=125.0, n_frames=4)
    other = load_bundle(write_bundle(tmp_path / "other", spec, class_names=("positive", "negative"), name="other"))
    session = PosedSession(bundle, rival=other)
    heard = []
    session.on_rival_prediction.append(heard.append)
    session.go(Phase.STREAMING)
    session.play([("neutral", 12.0)])
    found = session.comparison()
    assert len(heard) == session.status.n_predictions
    assert 3 < found.n_compared == sum(p.withheld is None for p in heard)
    assert found.agreement == 0.0  # the same network with its classes the other way round


def test_the_model_to_pose_beside_another_tells_the_same():
    shipped = load_bundle(assets_dir() / "models" / "emotion-simulated.onnx")
    other = screenshots.other_model(shipped)
    assert other is None or set(other.manifest.class_names) == set(shipped.manifest.class_names)

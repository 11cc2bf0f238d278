from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from app.acquisition.simulated_headset import SimulatedHeadset
from app.gui.workbench import Assignment
from app.session.session import Session, SessionSettings
from app.session_maker import Plan, SessionMaker
from sclcm_core.errors import SclcmError
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.recordings import write_npz
from sclcm_core.recordings.recording import Recording
from sclcm_core.types import StreamSpec
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import FeatureSpec, write_bundle

NOTHING = Namespace(record=None, osc=None, websocket=None)
EVERY = SessionSettings(policy=WindowPolicy.EVERY)


def eeg(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((int(128 * seconds), 2)).cumsum(axis=0).astype(np.float32)


def run(session: Session) -> Session:
    session.start()
    assert session.wait(20)
    session.stop()
    return session


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_another_model_gets_the_same_source_anew(folder: Path) -> None:
    (folder / "a").mkdir()
    first = load_bundle(write_bundle(folder / "a"))
    other = write_bundle(folder, FeatureSpec(ch_names=("T8",), sfreq=128.0))
    with SessionMaker(NOTHING) as maker:
        one = run(maker.make(Plan(lambda: ArraySource(eeg(8)), EVERY), first))
        two = run(maker.with_model(other))
    assert one.channel_indices == (0, 1) and two.channel_indices == (1,)
    assert one.status.n_samples == two.status.n_samples == 1024


def test_a_second_model_sees_the_same_source_and_stays_when_the_first_is_changed(folder: Path) -> None:
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
    first = load_bundle(write_bundle(folder / "a"))
    second, third = (write_bundle(folder / k, name=k, temperature=t) for k, t in (("b", 2.0), ("c", 3.0)))
    with SessionMaker(NOTHING) as maker:
        assert run(maker.make(Plan(lambda: ArraySource(eeg(8)), EVERY), first)).rival is None
        both = run(maker.with_rival(second))
        other = run(maker.with_model(third))
        itself = maker.with_model(second)
        alone = maker.with_rival(None)
    assert both.manifest.name == "tiny" and both.rival_manifest is not None and both.rival_manifest.name == "b"
    assert both.comparison().n_compared > 0  # type: ignore[union-attr]
    assert other.manifest.name == "c" and other.rival_manifest is not None and other.rival_manifest.name == "b"
    assert itself.rival_manifest is None and alone.rival_manifest is None


def test_a_second_model_that_does_not_fit_leaves_everything_as_it_is(folder: Path) -> None:
    (folder / "a").mkdir()
    misfit = write_bundle(folder, FeatureSpec(ch_names=("Cz",), sfreq=128.0))
    with SessionMaker(NOTHING) as maker:
        session = run(maker.make(Plan(lambda: ArraySource(eeg(4)), EVERY), load_bundle(write_bundle(folder / "a"))))
        with pytest.raises(SclcmError, match="Cz"):
            maker.with_rival(misfit)
        assert maker._session is session


def test_each_of_two_models_gets_the_persons_statistics_only_if_it_was_trained_for_them(folder: Path) -> None:
    (folder / "a").mkdir()
    trained, untrained = write_bundle(folder / "a"), write_bundle(folder, personal_baseline=False)
    asked: list[str] = []

    def normaliser_for(manifest: Manifest) -> None:
        asked.append(manifest.name)

    plan = Plan(lambda: ArraySource(eeg(4)), EVERY, normaliser_for)
    with SessionMaker(NOTHING) as maker:
        run(maker.make(plan, load_bundle(untrained), load_bundle(trained)))
    assert asked == ["tiny"]


def test_models_with_the_same_features_ask_for_a_persons_statistics_once(folder: Path) -> None:
    (folder / "a").mkdir()
    asked: list[str] = []
    plan = Plan(lambda: ArraySource(eeg(4)), EVERY, lambda manifest: asked.append(manifest.name))
    with SessionMaker(NOTHING) as maker:
        first = load_bundle(write_bundle(folder / "a"))
        run(maker.make(plan, first, load_bundle(write_bundle(folder, name="other", temperature=2.0))))
    assert asked == ["tiny"]


def test_a_recording_is_replayed_with_the_present_model(folder: Path) -> None:
    samples = eeg(1)
    recording = Recording(
        StreamSpec(128.0, ("T7", "T8"), origin="replay"), samples, np.arange(len(samples)) / 128, (), folder / "r.npz"
    )
    write_npz(folder / "r.npz", recording)
    with SessionMaker(NOTHING) as maker:
        maker.make(Plan(lambda: ArraySource(eeg(1)), EVERY), load_bundle(write_bundle(folder)))
        session = run(maker.open_recording(folder / "r.npz", None))
    assert session.error is None and session.status.n_samples == len(samples)
    with SessionMaker(NOTHING) as maker, pytest.raises(SclcmError, match="does not exist"):
        maker.open_recording(folder / "gone.edf", None)


@pytest.mark.lsl
def test_a_stream_is_found_fits_and_opens_with_the_users_channels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session_maker.LISTEN_S", 0.5)
    bundle = load_bundle(write_bundle(folder))
    with SimulatedHeadset("Cap", announce=False) as headset, SessionMaker(NOTHING) as maker:
        maker.make(Plan(lambda: ArraySource(eeg(1)), EVERY), bundle)
        found = next(s for s in maker.streams(bundle.manifest) if s.source_id == headset.source_id)
        assert found.fits and found.name == "Cap"
        session = maker.open_stream(found, None, Assignment({"T7": "O1"}))
        session.settings = SessionSettings(max_seconds=0.4)
        run(session)
    assert session.spec is not None and session.spec.ch_names[6] == "T7"
    assert session.channel_indices[0] == 6
    assert session.status.n_samples == 100


def test_the_models_at_hand_are_listed() -> None:
    assert {"emotion-simulated", "workload-eegmat"} <= {model.path.stem for model in SessionMaker(NOTHING).models()}

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from app.calibrate import CalibrationOutcome, calibrate_on
from app.gui.calibration_panel import CalibrationPanel
from app.gui.theme import DARK
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.personal_bundle import PersonalPart, write_personal_bundle
from tests.app.sitting import predicted, sitting
from tests.tiny_bundle import SPEC, write_bundle

pytestmark = pytest.mark.gui


@dataclass
class Running:
    """A session, as far as the panel asks it."""

    bundle: Bundle
    on_prediction: list = field(default_factory=list)
    skips_nothing: bool = False

    def skip_nothing(self) -> None:
        self.skips_nothing = True


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    models = tmp_path / "config" / "sclcm-live" / "models"
    models.mkdir(parents=True)
    return load_bundle(write_bundle(models))


def panel_on(qtbot, bundle: Bundle, used: list[Path]) -> CalibrationPanel:
    panel = CalibrationPanel(Running(bundle), DARK, lambda text, t: None, used.append)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def outcome(bundle: Bundle, *, differ: bool) -> CalibrationOutcome:
    samples, markers = sitting(1.8 if differ else 1.0)
    return calibrate_on(bundle, predicted(bundle, samples), markers)


def test_what_is_better_is_said_kept_and_used(qtbot, bundle: Bundle) -> None:
    used: list[Path] = []
    panel = panel_on(qtbot, bundle, used)
    assert panel.start_button.isVisible() and not panel.keep_button.isVisible() and not panel.undo_button.isVisible()
    panel.show_outcome(outcome(bundle, differ=True))
    assert "on held-out blocks" in panel.words.text() and panel.keep_button.isVisible()
    panel.name.setText("ada")
    panel.keep()
    assert [path.name for path in used] == ["ada.onnx"] and load_bundle(used[0]).manifest.calibration[0].parent == "tiny"


def test_what_is_not_better_than_chance_cannot_be_kept(qtbot, bundle: Bundle) -> None:
    panel = panel_on(qtbot, bundle, [])
    panel.show_outcome(outcome(bundle, differ=False))
    assert "not applied" in panel.words.text() and not panel.keep_button.isVisible() and panel.start_button.isVisible()


def test_a_result_can_be_discarded_and_a_taken_name_is_refused(qtbot, bundle: Bundle) -> None:
    panel = panel_on(qtbot, bundle, [])
    panel.show_outcome(outcome(bundle, differ=True))
    panel.name.setText("tiny")
    panel.keep()
    assert "There is a bundle" in panel.words.text()
    panel.discard()
    assert panel.outcome is None and "as it was" in panel.words.text()


def test_undo_leads_back_to_the_parent_by_one_click(qtbot, bundle: Bundle) -> None:
    used: list[Path] = []
    rest = Normaliser.fit(np.random.default_rng(0).normal(2, 3, (40, SPEC.n_bands, SPEC.n_columns)))
    own = write_personal_bundle(bundle, PersonalPart("own", "2026-01-02", "", rest, 20.0), bundle.path.with_name("own.onnx"))
    panel = panel_on(qtbot, own, used)
    panel.undo_button.click()
    assert used == [bundle.path]


def test_a_run_opens_the_screen_and_ends_with_the_panel(qtbot, bundle: Bundle) -> None:
    panel = panel_on(qtbot, bundle, [])
    panel.begin()
    session = panel._session
    assert session.skips_nothing and len(session.on_prediction) == 1 and panel._screen.isVisible()
    assert not panel.start_button.isVisible() and "Space pauses" in panel.words.text()
    panel.close()
    assert session.on_prediction == [] and panel._screen is None


def test_what_cannot_be_presented_is_said_before_it_begins(qtbot, bundle: Bundle) -> None:
    panel = panel_on(qtbot, bundle, [])
    panel.classes.setText("a/b, c")
    panel.begin()
    assert "must not be empty nor hold" in panel.words.text() and panel._screen is None
    panel.blocks.setText("1")
    panel.begin()
    assert "'1' is out of range" in panel.words.text() and panel._screen is None

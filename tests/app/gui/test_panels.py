import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from PyQt5.QtWidgets import QFileDialog

from app.gui.audience import Audience
from app.gui.errand import Errand
from app.gui.help_sheet import HelpSheet
from app.gui.history import History
from app.gui.main_window import MainWindow
from app.gui.match_panel import MatchPanel
from app.gui.model_card import card_html
from app.gui.model_panel import ModelPanel
from app.gui.report import predictions_table, report_html
from app.gui.saving import ask_for_report
from app.gui.stream_panel import StreamPanel
from app.gui.theme import THEMES
from app.gui.workbench import Assignment, ModelAtHand
from tests.app.gui.fake_session import FakeSession, a_manifest
from tests.app.gui.fake_workbench import GOOD, ODD, FakeWorkbench
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


@pytest.fixture
def bench_window(qtbot, session, settings):
    window = MainWindow(session, settings, workbench=FakeWorkbench())
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()


def test_the_sheet_names_every_command(qtbot, window):
    sheet = HelpSheet(window.commands)
    qtbot.addWidget(sheet)
    from PyQt5.QtWidgets import QLabel

    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {command.title for command in window.commands} <= texts
    assert not sheet.isModal()


def test_the_card_says_what_the_model_is_and_warns_of_simulation():
    evaluation = {
        "protocol": "leave one subject out", "n_subjects": 36, "chance": 0.5,
        "balanced_accuracy": {"value": 0.71, "low": 0.66, "high": 0.76},
        "baseline_name": "logistic regression", "baseline_balanced_accuracy": {"value": 0.69, "low": 0.64, "high": 0.74},
    }  # fmt: skip
    text = card_html(a_manifest(evaluation=evaluation), THEMES["dark"])
    for part in ("SIMULATED", "0.71  [0.66, 0.76]", "Chance", "Logistic regression", "T7, T8", "12 people"):
        assert part in text


def test_text_from_a_bundle_is_not_taken_for_markup():
    assert "<script>" not in card_html(a_manifest(title="<script>alert(1)</script>"), THEMES["dark"])


def test_another_model_can_be_chosen_by_its_card(qtbot):
    chosen = []
    panel = ModelPanel(a_manifest(), THEMES["dark"], chosen.append)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.choose.isVisible()
    panel.show_models([ModelAtHand(Path("other.onnx"), a_manifest(name="other", title="Other"))])
    panel.list.setCurrentRow(1)
    assert "Other" in panel.card.toPlainText()
    panel.choose.click()
    assert chosen == [Path("other.onnx")]


def test_the_list_of_streams_is_live_and_made_in_another_thread(qtbot):
    rounds = []

    def listen():
        rounds.append(threading.current_thread().name)
        return [GOOD] if len(rounds) == 1 else [ODD, GOOD]

    taken = []
    panel = StreamPanel(listen, lambda s, a: taken.append((s, a)), a_manifest(), theme=THEMES["dark"])
    panel._again.setInterval(10)
    qtbot.addWidget(panel)
    panel.show()
    panel.listen()
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    panel._again.start(1)
    qtbot.waitUntil(lambda: panel.list.count() == 2)
    assert set(rounds) == {"errand"}
    assert panel.list.currentRow() == 1
    panel.connect_button.click()
    assert taken == [(GOOD, Assignment())]


def test_an_odd_stream_leads_to_the_assistant(qtbot):
    taken = []
    panel = StreamPanel(lambda: [ODD], lambda s, a: taken.append(a), a_manifest(), theme=THEMES["dark"])
    qtbot.addWidget(panel)
    panel.show()
    panel.show_streams([ODD])
    panel._again.stop()
    assert panel.connect_button.text() == "Assign channels …"
    panel.connect_button.click()
    assistant = panel._assistant
    assert isinstance(assistant, MatchPanel)
    assert not assistant.accept_button.isEnabled()
    assert assistant.problem.text() == "Say which channel is T7."
    assistant.choices["T7"].setCurrentText("T8")
    assert assistant.problem.text() == "T8 is chosen twice."
    assistant.choices["T7"].setCurrentText("ch2")
    assistant.unit.setCurrentText("mV")
    assistant.accept_button.click()
    assert taken == [Assignment({"T7": "ch2", "T8": "T8"}, "mV")]


def test_a_chosen_stream_takes_the_place_of_the_session(qtbot, bench_window):
    old = bench_window.session
    bench_window.opening.open_stream(GOOD, Assignment())
    qtbot.waitUntil(lambda: bench_window.session is not old)
    assert old.stopped
    assert bench_window.session.started
    assert "MainThread" not in bench_window.workbench.threads


def test_a_recording_that_cannot_be_read_leaves_everything_as_it_is(qtbot, bench_window, tmp_path):
    old = bench_window.session
    bench_window.opening.open_recording(tmp_path / "gone.edf")
    qtbot.waitUntil(lambda: "does not exist" in bench_window.banner.text)
    assert bench_window.session is old
    assert not old.stopped


def test_the_models_at_hand_are_listed(qtbot, bench_window):
    bench_window.show_models()
    qtbot.waitUntil(lambda: bench_window._panel.list.count() == 2)
    bench_window._panel.list.setCurrentRow(1)
    old = bench_window.session
    bench_window._panel.choose.click()
    qtbot.waitUntil(lambda: bench_window.session is not old)
    assert bench_window.workbench.asked == [("other.onnx",)]


def test_a_second_model_is_chosen_beside_the_first_and_parted_with_again(qtbot, bench_window):
    for wish, asked in (("Compare with it", "other.onnx"), ("End the comparison", None)):
        bench_window.show_models()
        qtbot.waitUntil(lambda: bench_window._panel.list.count() == 2)
        bench_window._panel.list.setCurrentRow(1)
        assert bench_window._panel.beside.text() == wish
        old = bench_window.session
        bench_window._panel.beside.click()
        qtbot.waitUntil(lambda before=old: bench_window.session is not before)
        assert bench_window.workbench.asked[-1] == ("beside", asked)
    assert bench_window.session.rival_manifest is None


def test_a_session_with_two_models_brings_their_view_to_the_front(qtbot, bench_window):
    assert not bench_window.desk.cards["compare"].isVisible()
    bench_window.opening.compare_with(Path("other.onnx"))
    qtbot.waitUntil(lambda: bench_window.desk.cards["compare"].isVisible() is True)


def test_the_streams_in_reach_are_listed_and_closing_waits_for_nothing(qtbot, bench_window):
    bench_window.choose_stream()
    qtbot.waitUntil(lambda: bench_window._panel.list.count() == 2)
    bench_window.close()
    assert not bench_window.isVisible()


def test_an_errand_that_is_called_off_says_nothing(qtbot):
    heard, gate = [], threading.Event()
    errand = Errand(gate.wait).start(heard.append, heard.append)
    gate.set()
    errand.call_off()
    qtbot.wait(5)
    assert heard in ([], [True])


def test_an_errand_that_fails_gives_its_reason(qtbot):
    heard = []
    errand = Errand(lambda: 1 / 0).start(heard.append, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    errand.call_off()
    assert heard == ["ZeroDivisionError: division by zero"]


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_the_stage_shows_the_answer_the_badge_and_no_raw_data(qtbot, session, noise, theme):
    history = History(session.manifest.class_names)
    session.push(noise)
    for _ in range(30):
        history.add_prediction(session.predict(0.1, 0.1, 0.8))
    stage = Audience(session, history, theme)
    qtbot.addWidget(stage)
    stage.resize(1280, 720)
    stage.show()
    for _ in range(30):
        stage.refresh()
    shown = pixels(stage.grab())
    assert is_colour(shown, theme.valences[2], 20).sum() > 8000
    assert is_colour(shown, theme.simulated).sum() > 1500
    stage.close()
    assert not stage._timer.isActive()


def test_the_stage_says_that_there_is_no_answer(qtbot, session, noise):
    history = History(session.manifest.class_names)
    session.push(noise)
    history.add_prediction(session.predict(withheld="gap at T7"))
    stage = Audience(session, history, THEMES["dark"])
    qtbot.addWidget(stage)
    stage.resize(1280, 720)
    assert is_colour(pixels(stage.grab()), THEMES["dark"].valences[2], 20).sum() < 20


def test_the_report_needs_nothing_else_and_tells_the_truth(window, session, noise, tmp_path):
    session.push(noise)
    window.desk.history.add_prediction(session.predict(0.1, 0.1, 0.8))
    window.desk.history.add_prediction(session.predict(withheld="gap at T7"))
    text = report_html(session, window.desk.history, window.picture())
    for part in ("SIMULATED", "data:image/png;base64,", "1 given, 1 withheld", "Withheld: gap at T7", "emotion-simulated"):
        assert part in text
    assert "http://" not in text
    assert len(text) > 50_000


def test_the_clip_holds_pictures_of_the_last_minutes_and_every_answer_as_a_table(qtbot, window, session, noise, tmp_path):
    session.push(noise)
    window.desk.history.add_prediction(session.predict(0.1, 0.1, 0.8))
    window.desk.history.add_prediction(session.predict(withheld="gap at T7, they say"))
    header, first, second = predictions_table(window.desk.history).splitlines()
    assert header == "t_start,t_end,label,negative,neutral,positive,latency_ms,withheld"
    assert ",positive,0.1000,0.1000,0.8000," in first
    assert second.endswith('"gap at T7, they say"')
    ask_for_report(window)
    dialog = window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "clip.html"))
    dialog.close()
    text = (tmp_path / "clip.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 3
    assert "EEG · last 10 s" in text
    assert 'download="predictions.csv"' in text
    assert window.banner.text.startswith("Written: ")


def test_the_card_names_kind_unit_differences_and_smoothing():
    spec = a_manifest().features
    changed = spec.model_copy(
        update={"kind": "psd", "ch_names": ("T7", "C3", "T8"), "bipolar": (("T7", "C3"), ("T8", "C3")), "smoothing": "kalman"}
    )
    text = card_html(a_manifest(features=changed), THEMES["dark"])
    for part in ("power spectral density in dB", "T7-C3, T8-C3", "features over 5 s (kalman)", "2.2 s ago on average"):
        assert part in text


def test_what_had_to_be_done_to_read_a_recording_stands_in_the_log(qtbot, settings):
    session = FakeSession(origin="replay")
    session.source = SimpleNamespace(notes=("The last 3 s are cut off.",))
    window = MainWindow(session, settings)
    qtbot.addWidget(window)
    assert [event.text for event in window.desk.history.events] == ["The recording: The last 3 s are cut off."]

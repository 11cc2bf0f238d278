import builtins
from contextlib import ExitStack
from pathlib import Path

import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtGui import QColor, QImage
from PyQt5.QtTest import QTest

from app.acquisition.lsl_network import local_clock
from app.experiment.findings import Findings
from app.experiment.protocol import Block, Protocol, Stimulus
from app.experiment.schedule import Step, StepKind, make_schedule
from app.gui.experiment_window import ScreenRun, present_in_window
from app.gui.media import check_media
from app.gui.sam import step_rects
from app.gui.stimulus_screen import StimulusScreen
from sclcm_core.errors import SclcmError

pytestmark = pytest.mark.gui


def protocol(tmp_path: Path, kind: str = "image") -> Protocol:
    file = tmp_path / "sun.png"
    image = QImage(40, 30, QImage.Format_RGB32)
    image.fill(QColor("#ff8800"))
    image.save(str(file))
    return Protocol(
        name="moods", instructions="Look.", countdown_s=0.05, pause_s=0.05,
        blocks=(Block(name="b", stimuli=("sun",), ratings=("valence", "arousal", "dominance")),),
        stimuli=(Stimulus(name="sun", label="positive", kind=kind, file=file, duration_s=0.05),),
    )  # fmt: skip


@pytest.fixture
def screen(qtbot, tmp_path: Path) -> StimulusScreen:
    widget = StimulusScreen(protocol(tmp_path))
    qtbot.addWidget(widget)
    widget.resize(800, 600)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_the_stamp_is_taken_after_the_picture_was_painted(screen: StimulusScreen, tmp_path: Path) -> None:
    step = make_schedule(protocol(tmp_path), 1)[3]
    assert step.kind is StepKind.STIMULUS
    before = local_clock()
    stamp = screen.present(step)
    assert before < screen.t_painted <= stamp <= local_clock()
    assert screen.grab().toImage().pixelColor(400, 300) == QColor("#ff8800")


def test_a_whole_protocol_runs_by_keys_and_the_mouse(screen: StimulusScreen, qtbot, tmp_path: Path) -> None:
    marks: list[str] = []
    over: list[bool] = []
    run = ScreenRun(screen, make_schedule(protocol(tmp_path), 1), lambda text, t: marks.append(text), lambda: "")
    run.on_over.append(lambda: over.append(True))
    run.start()
    QTest.keyClick(screen, Qt.Key_Space)
    qtbot.waitUntil(lambda: screen.step.kind is StepKind.RATING, timeout=5000)
    QTest.keyClick(screen, Qt.Key_7)
    rect = step_rects(screen.width(), screen.height())[2]
    QTest.mouseMove(screen, rect.center().toPoint())
    QTest.mouseClick(screen, Qt.LeftButton, pos=rect.center().toPoint())
    QTest.mouseClick(screen, Qt.LeftButton, pos=QPoint(1, 1))
    QTest.keyClick(screen, Qt.Key_9)
    qtbot.waitUntil(lambda: run.runner.is_over, timeout=5000)
    QTest.keyClick(screen, Qt.Key_Escape)
    assert over == [True] and not run.was_aborted
    assert marks == [
        "stimulus/positive/sun#1", "stimulus-end/positive/sun#1",
        "rating/sun#1/valence=7", "rating/sun#1/arousal=3", "rating/sun#1/dominance=9", "protocol/end",
    ]  # fmt: skip


def test_escape_and_closing_end_a_protocol_before_its_end(screen: StimulusScreen, tmp_path: Path) -> None:
    marks: list[str] = []
    run = ScreenRun(screen, make_schedule(protocol(tmp_path), 1), lambda text, t: marks.append(text), lambda: "")
    run.start()
    screen.close()
    assert run.was_aborted and marks == ["protocol/aborted"]


def test_every_step_can_be_painted(screen: StimulusScreen, tmp_path: Path) -> None:
    empty = screen.grab().toImage()
    for kind in StepKind:
        scales = ("valence", "arousal", "dominance") if kind is StepKind.RATING else ()
        screen.present(Step(kind, "Words that are long enough to be seen.", 3.0, scales=scales))
        assert screen.grab().toImage() != empty, kind
    screen.tell(Step(StepKind.COUNTDOWN, "", 3.0), 1.2, "")
    screen.tell(Step(StepKind.PAUSE, "+", 3.0), None, "T7 is flat")


def test_what_cannot_be_played_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports = builtins.__import__

    def without_player(name: str, *args, **kwargs):
        if name == "PyQt5" and args[2] and "QtMultimedia" in args[2]:
            raise ImportError("libpulse is missing")
        return imports(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_player)
    check_media(protocol(tmp_path))
    with ExitStack() as stack, pytest.raises(SclcmError, match=r"plays sun, and Qt's player cannot be loaded here \(libpulse"):
        present_in_window(protocol(tmp_path, "sound"), stack, full_screen=False)


def test_a_file_that_is_no_image_is_refused(qtbot, tmp_path: Path) -> None:
    good = protocol(tmp_path)
    (tmp_path / "sun.png").write_text("not a picture")
    with pytest.raises(SclcmError, match="no image that can be shown"):
        StimulusScreen(good)


def test_the_time_course_is_drawn_with_nothing_in_it_too() -> None:
    import numpy as np

    from app.gui.session_picture import time_course
    from app.session.recorded_session import RecordedSession
    from app.session.session_file import SessionHeader

    header = SessionHeader(
        sfreq=1.0,
        ch_names=("T7",),
        origin="live",
        model="m",
        model_sha256="0",
        features_key="",
        class_names=("a", "b"),
        policy="every",
    )
    session = RecordedSession(header, np.zeros((0, 1), np.float32), np.zeros(0), (), (), ())
    assert time_course(session, Findings(("a", "b"), (), {}, {}, None, {}, (), 0)).startswith(b"\x89PNG")

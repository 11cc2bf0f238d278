import io

import pytest

from app.acquisition.source import Phase
from app.experiment.conduct import conduct_headless, hands_free
from app.experiment.live_run import SignalGate
from app.experiment.marked_source import MarkedSource
from app.experiment.protocol import Block, Protocol, Stimulus
from app.experiment.runner import ProtocolRunner
from app.experiment.schedule import Step, StepKind, make_schedule
from sclcm_core.errors import SclcmError
from sclcm_core.types import Marker, Prediction
from tests.app.session.array_source import ArraySource

PROTOCOL = Protocol(
    name="moods",
    instructions="Look.",
    rest_s=5.0,
    countdown_s=1.0,
    pause_s=1.0,
    blocks=(Block(name="words", stimuli=("joy", "sorrow"), ratings=("valence", "arousal"), order="as_written"),),
    stimuli=(
        Stimulus(name="joy", label="positive", text="Joy", duration_s=3.0),
        Stimulus(name="sorrow", label="negative", text="Sorrow", duration_s=3.0),
    ),
)


class Clock:
    """A screen that needs 10 ms to show something, and remembers what it showed."""

    def __init__(self) -> None:
        self.now = 100.0
        self.shown: list[tuple[float, Step]] = []
        self.waits: list[str] = []

    def present(self, step: Step) -> float:
        self.now += 0.01
        self.shown.append((self.now, step))
        return self.now

    def tell(self, step: Step, left_s: float | None, why_waiting: str) -> None:
        self.waits.append(why_waiting)


class Run:
    """A runner under a clock that a test moves."""

    def __init__(self, why_wait=lambda: "") -> None:
        self.clock = Clock()
        self.marks: list[tuple[str, float]] = []
        self.runner = ProtocolRunner(
            make_schedule(PROTOCOL, 1), self.clock, lambda text, t: self.marks.append((text, t)), why_wait
        )

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.clock.now += 0.05
            self.runner.advance(self.clock.now)

    def until(self, kind: StepKind) -> None:
        for _ in range(2000):
            if self.runner.step and self.runner.step.kind is kind:
                return
            self.pass_time(0.05)
        raise AssertionError(f"no {kind} came")


def test_each_step_is_marked_when_it_was_seen_and_ends_when_the_next_one_is() -> None:
    run = Run()
    run.runner.start()
    run.runner.press()
    run.until(StepKind.RATING)
    seen = {step.begin: t for t, step in run.clock.shown if step.begin}
    marks = dict(run.marks)
    assert marks["rest/eyes-open"] == seen["rest/eyes-open"]
    assert marks["stimulus/positive/joy#1"] == seen["stimulus/positive/joy#1"]
    t_rating = next(t for t, step in run.clock.shown if step.kind is StepKind.RATING)
    assert marks["stimulus-end/positive/joy#1"] == t_rating
    assert t_rating - marks["stimulus/positive/joy#1"] == pytest.approx(3.0, abs=0.07)


def test_instructions_wait_for_a_key_and_nothing_else() -> None:
    run = Run()
    run.runner.press()  # before the first step
    run.runner.start()
    run.pass_time(60)
    assert run.runner.step.kind is StepKind.INSTRUCTIONS
    run.runner.press()
    assert run.runner.step.kind is StepKind.COUNTDOWN and not run.runner.is_paused


def test_a_pause_takes_hold_between_presentations_and_cuts_none_short() -> None:
    run = Run()
    run.runner.start()
    run.runner.press()
    run.until(StepKind.STIMULUS)
    run.runner.press()
    assert run.runner.is_paused
    run.until(StepKind.RATING)
    run.runner.rate("valence", 3, 1.0)
    run.runner.rate("arousal", 4, 2.0)
    run.pass_time(30)
    assert run.runner.step.kind is StepKind.PAUSE and run.clock.waits[-1].startswith("Paused")
    run.runner.press()
    run.pass_time(0.05)
    assert run.runner.step.kind is StepKind.STIMULUS


def test_ratings_are_marked_once_each_and_end_the_question() -> None:
    run = Run()
    run.runner.start()
    run.runner.press()
    run.until(StepKind.RATING)
    run.runner.rate("dominance", 5, 1.0)  # not asked
    run.runner.rate("valence", 7, 1.0)
    run.runner.rate("valence", 2, 2.0)  # said already
    run.runner.rate("arousal", 9, 3.0)
    ratings = [mark for mark in run.marks if mark[0].startswith("rating")]
    assert ratings == [("rating/joy#1/valence=7", 1.0), ("rating/joy#1/arousal=9", 3.0)]
    assert run.runner.step.kind is StepKind.PAUSE
    with pytest.raises(ValueError, match="1 to 9"):
        run.until(StepKind.RATING)
        run.runner.rate("valence", 10, 0.0)


def test_a_question_that_nobody_answers_ends_by_itself() -> None:
    run = Run()
    run.runner.start()
    run.runner.press()
    run.until(StepKind.RATING)
    run.pass_time(PROTOCOL.rating_timeout_s + 0.2)
    assert run.runner.step.kind is StepKind.PAUSE


def test_a_poor_signal_holds_the_next_presentation_back() -> None:
    reasons = ["T7 is flat"]
    run = Run(lambda: reasons[0])
    run.runner.start()
    run.runner.press()
    run.pass_time(30)
    assert run.runner.step.kind is StepKind.PAUSE and run.clock.waits[-1] == "T7 is flat"
    reasons[0] = ""
    run.pass_time(0.1)
    assert run.runner.step.kind is StepKind.STIMULUS


def test_what_is_aborted_is_marked_as_ended() -> None:
    run = Run()
    run.runner.start()
    run.runner.press()
    run.until(StepKind.STIMULUS)
    run.runner.abort(500.0)
    assert run.marks[-2:] == [("stimulus-end/positive/joy#1", 500.0), ("protocol/aborted", 500.0)]
    assert run.runner.is_over
    run.runner.abort(600.0)
    assert run.marks[-1][1] == 500.0


def prediction(withheld: str | None) -> Prediction:
    import numpy as np

    return Prediction(np.ones(2, np.float32) / 2, ("a", "b"), 0, 0.0, 1.0, 0.0, 0.0, withheld)


def test_the_gate_waits_for_a_poor_signal_but_not_for_ever() -> None:
    assert SignalGate([]).why_wait() == ""
    assert SignalGate([prediction("filling the first window: 1 of 4")]).why_wait() == ""
    assert SignalGate([prediction("poor signal: T7 flat")]).why_wait() == "poor signal: T7 flat"
    assert SignalGate([prediction("poor signal: T7 flat")], patience_s=0.0).why_wait() == ""


def test_headless_there_are_no_questions_and_instructions_end_by_themselves() -> None:
    steps = hands_free(make_schedule(PROTOCOL, 1))
    assert all(step.duration_s is not None for step in steps if step.kind is not StepKind.END)
    assert not [step for step in steps if step.kind is StepKind.RATING]


def test_headless_a_session_that_ends_too_early_is_told_and_marked() -> None:
    marks: list[str] = []
    out = io.StringIO()
    with pytest.raises(SclcmError, match="ended before the protocol did"):
        conduct_headless(
            hands_free(make_schedule(PROTOCOL, 1)), out, lambda text, t: marks.append(text), is_over=lambda s: True
        )
    assert marks == ["protocol/aborted"] and "Look." in out.getvalue()


def test_markers_of_the_protocol_come_once_though_they_also_stand_on_the_network() -> None:
    import numpy as np

    own, foreign = "stimulus/positive/joy#1", "trigger 7"
    source = MarkedSource(ArraySource(np.zeros((10, 2)), markers=[Marker(2.0, foreign), Marker(3.004, own)]))
    source.mark(own, 3.0)
    assert not source.is_drained
    assert [(m.t, m.text) for m in source.markers()] == [(2.0, foreign), (3.0, own)]
    assert source.is_drained and source.markers() == []
    assert source.open(1.0).n_channels == 2 and source.status().phase is Phase.STREAMING

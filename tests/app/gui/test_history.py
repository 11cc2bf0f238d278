import numpy as np
import pytest

from app.gui.history import KEPT_PREDICTIONS, History
from sclcm_core.types import FeatureFrame, Marker, Prediction

pytestmark = pytest.mark.gui

NAMES = ("negative", "neutral", "positive")


def a_prediction(index: int, withheld: str | None = None) -> Prediction:
    frame = FeatureFrame(np.zeros((5, 2), np.float32), index, 0.5 * index)
    values = np.full(3, np.nan if withheld else 1 / 3, np.float32)
    return Prediction(values, NAMES, index, 0.5 * index - 2, 0.5 * index, 0.0, 0.001, withheld, frame)


def test_the_past_is_bounded():
    history = History(NAMES)
    for k in range(KEPT_PREDICTIONS + 100):
        history.add_prediction(a_prediction(k))
    assert len(history.predictions) == KEPT_PREDICTIONS


def test_what_came_since_a_moment_is_found():
    history = History(NAMES)
    for k in range(100):
        history.add_prediction(a_prediction(k, "noise" if k == 90 else None))
    times, probabilities = history.since(40.0)
    assert times[0] == 40.0
    assert probabilities.shape == (20, 3)
    assert np.isnan(probabilities[10]).all()
    assert History(NAMES).since(0.0)[1].shape == (0, 3)


def test_silence_is_noted_once_when_it_begins_and_once_when_it_ends():
    history = History(NAMES)
    for k, reason in enumerate([None, "gap at T7", "gap at T7", None, None]):
        history.add_prediction(a_prediction(k, reason))
    assert [event.text for event in history.events] == ["Withheld: gap at T7", "Predictions resumed"]


def test_a_state_lasts_to_the_next_or_as_long_as_it_says():
    history = History(NAMES)
    for marker in (Marker(5.0, "positive"), Marker(0.0, "neutral"), Marker(8.0, "clap"), Marker(20.0, "negative", 4.0)):
        history.add_marker(marker)
    assert history.states_since(2.0, 30.0) == [(2.0, 5.0, "neutral"), (5.0, 20.0, "positive"), (20.0, 24.0, "negative")]


def test_frames_are_given_only_without_a_hole():
    history = History(NAMES)
    for k in (0, 1, 2, 4, 5, 6):
        history.add_prediction(a_prediction(k))
    assert [f.index for f in history.frames(3)] == [4, 5, 6]
    assert history.frames(4) == []
    assert history.frames(7) == []


def test_when_time_jumps_back_what_was_before_is_not_mixed_with_what_comes():
    history = History(NAMES)
    for k in (100, 101, 3, 4):
        history.add_prediction(a_prediction(k))
    assert history.since(0.0)[0].tolist() == [1.5, 2.0]


def test_the_course_of_the_answers_is_whole_however_long_it_gets():
    history = History(NAMES)
    for k in range(3 * KEPT_PREDICTIONS):
        history.add_prediction(a_prediction(k))
    times, _ = history.since(0.0)
    assert len(times) == KEPT_PREDICTIONS
    assert (np.diff(times) == 0.5).all()
    assert times[-1] == 0.5 * (3 * KEPT_PREDICTIONS - 1)


def test_remarks_are_told_apart_from_states_and_found_in_order():
    history = History(NAMES)
    for marker in (Marker(9.0, "clap"), Marker(5.0, "positive"), Marker(2.0, "blink")):
        history.add_marker(marker)
    assert [m.text for m in history.remarks_between(1.0, 20.0)] == ["blink", "clap"]
    assert history.remarks_between(3.0, 8.0) == []

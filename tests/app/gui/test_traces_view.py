import numpy as np
import pytest

from app.gui.history import History
from app.gui.lanes import ordered_channels, shown_at_first
from app.gui.traces_view import TracesView
from sclcm_core.types import Marker, StreamSpec
from tests.app.gui.fake_session import FakeSession
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


@pytest.fixture
def view(qtbot, session):
    shown = TracesView(session, History(session.manifest.class_names))
    shown.resize(800, 420)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_t7_and_t8_are_on_top(view, session, noise):
    session.push(noise)
    view.refresh()
    assert [c.name for c in view.canvas.channels][:2] == ["T7", "T8"]
    assert len(view.canvas.channels) == 8


def test_new_samples_change_the_picture(view, session, noise):
    session.push(noise[:1000])
    view.refresh()
    before = pixels(view.grab())
    session.push(noise[1000:1200])
    view.refresh()
    assert (pixels(view.grab()) != before).any(axis=-1).sum() > 200


def test_the_scale_fits_itself_once_and_then_obeys(view, session, noise):
    session.push(noise)
    view.refresh()
    fitted = view.canvas.uv_per_lane
    assert 10.0 <= fitted <= 100.0
    view.set_scale(500.0)
    session.push(noise)
    view.refresh()
    assert view.canvas.uv_per_lane == 500.0


def test_lost_samples_are_shown_in_grey(view, session, noise):
    session.push(noise[:1000])
    session.lose(100)
    session.push(noise[:50])
    view.refresh()
    assert is_colour(pixels(view.grab()), view.theme.gap).sum() > 1000


def test_a_marker_stands_at_its_sample_even_when_it_comes_late(view, session, noise):
    session.push(noise[:1000])
    view.refresh()
    view.take_marker(Marker(2.0, "eyes closed"))
    session.push(noise[:10])
    view.refresh()
    assert view.canvas.flags == [(499, "eyes closed")]
    assert is_colour(pixels(view.grab()), view.theme.warn, 30).sum() > 300


def test_a_marker_of_the_future_waits_for_its_samples(view, session, noise):
    session.push(noise[:500])
    view.refresh()
    view.take_marker(Marker(3.0, "soon"))
    view.refresh()
    assert view.canvas.flags == []
    session.push(noise[:500])
    view.refresh()
    assert view.canvas.flags == [(749, "soon")]


def test_a_paused_picture_stands_still_and_can_look_back(view, session, noise):
    session.push(np.tile(noise, (4, 1)))
    view.refresh()
    view.toggle_pause()
    still = pixels(view.grab())
    session.push(noise)
    view.refresh()
    assert (pixels(view.grab()) == still).all()
    held = view.canvas.held_at
    view.look_back(-3.0)
    assert view.canvas.held_at == held - 750
    assert (pixels(view.grab()) != still).any()
    view.look_back(-1e6)
    assert view.canvas.held_at >= session.buffer.tail
    view.toggle_pause()
    assert view.canvas.held_at is None


def test_many_channels_show_the_model_first_and_all_on_demand(qtbot):
    names = [f"E{k}" for k in range(30)] + ["T7", "T8"]
    session = FakeSession(ch_names=names)
    view = TracesView(session, History(session.manifest.class_names))
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    session.push(np.zeros((500, 32)))
    view.refresh()
    assert [c.name for c in view.canvas.channels] == ["T7", "T8"]
    view.toggle_all()
    assert len(view.canvas.channels) == 32
    view.toggle_all()
    assert len(view.canvas.channels) == 2


def test_scrolling_puts_the_newest_on_the_right(view, session, noise):
    view.set_scrolling(True)
    session.push(np.zeros((2500, 8)))
    session.push(np.full((60, 8), np.nan))
    view.refresh()
    plot = view.canvas.plot_rect()
    shown = pixels(view.grab())[plot.top() + 20 : plot.bottom() - 20, plot.left() : plot.right()]
    grey = np.flatnonzero(is_colour(shown, view.theme.gap).mean(axis=0) > 0.8)
    assert grey.max() >= shown.shape[1] - 4


def test_each_choice_of_the_title_bar_repaints(view, session, noise):
    session.push(noise)
    view.refresh()
    for change in (lambda: view.set_filter(2), lambda: view.set_span(5.0), lambda: view.change_scale(2), view.next_filter):
        before = pixels(view.grab())
        change()
        assert (pixels(view.grab()) != before).any()


def test_a_stall_longer_than_the_picture_is_caught_up_in_one_tick(view, session, noise):
    session.push(noise)
    view.refresh()
    session.push(np.tile(noise, (6, 1)))
    view.refresh()
    assert view.canvas._sweep.position == session.buffer.head


def test_channels_of_the_model_come_first_and_few_channels_are_all_shown():
    spec = StreamSpec(250.0, ("EEG T4", "O1", "EEG T3"))
    channels = ordered_channels(spec, (2, 0))
    assert [(c.name, c.feeds_model) for c in channels] == [("T7", True), ("T8", True), ("O1", False)]
    assert shown_at_first(channels) == channels

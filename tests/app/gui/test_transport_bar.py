import pytest

from app.acquisition.transport import Transport
from app.gui.session_like import transport_of
from app.gui.transport_bar import TICKS, TransportBar, clock
from app.session.truth import TruthScore
from tests.app.gui.fake_session import FakeSession

pytestmark = pytest.mark.gui


class Source:
    def __init__(self) -> None:
        self.transport = Transport(25_000, 250.0, 1.0, lambda: 0.0)


@pytest.fixture
def replay():
    session = FakeSession(origin="replay")
    session.source = Source()
    return session


@pytest.fixture
def bar(qtbot, replay):
    shown = TransportBar(replay)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_only_a_replay_has_one(qtbot, session):
    assert transport_of(session) is None
    bar = TransportBar(session)
    qtbot.addWidget(bar)
    assert bar.isHidden()


def test_the_replays_own_transport_fits(replay):
    assert transport_of(replay) is replay.source.transport


def test_it_shows_where_the_replay_stands(bar, replay):
    replay.source.transport.seek(50.0)
    bar.show_score(TruthScore(40, 30))
    bar.refresh()
    assert bar.where.text() == "0:50 / 1:40"
    assert bar.slider.value() == TICKS // 2
    assert bar.score.text() == "75% of 40 right"


def test_it_pauses_seeks_loops_and_changes_pace(qtbot, bar, replay):
    transport = replay.source.transport
    bar.play.click()
    assert transport.is_paused
    assert bar.play.text() == "Play"
    bar.play.click()
    assert not transport.is_paused
    bar.slider.setValue(TICKS // 4)
    bar.slider.sliderReleased.emit()
    assert transport.position_s == 25.0
    bar.speed.setCurrentIndex(3)
    bar.speed.activated[int].emit(3)
    assert transport.speed == 2.0
    bar.loop.click()
    assert transport.loop


def test_time_is_written_as_people_do():
    assert [clock(t) for t in (0, 59.9, 60, 3600)] == ["0:00", "0:59", "1:00", "1:00:00"]

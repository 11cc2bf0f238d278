import threading

import pytest

from app.acquisition.source import Phase
from app.gui.bridge import MOST_WAITING, Bridge
from tests.app.gui.fake_session import FakeSession

pytestmark = pytest.mark.gui


@pytest.fixture
def bridge(qapp, session):
    made = Bridge(session)
    yield made
    made.close()


def in_a_thread(function) -> None:
    worker = threading.Thread(target=function)
    worker.start()
    worker.join()


def test_what_a_worker_says_is_heard_in_the_gui_thread_in_order(qtbot, session, bridge):
    heard = []
    bridge.predicted.connect(lambda p: heard.append((p.index, threading.current_thread())))
    bridge.marked.connect(lambda m: heard.append((m.text, threading.current_thread())))
    bridge.status_changed.connect(lambda s: heard.append((s.phase, threading.current_thread())))

    def work():
        session.predict(0.2, 0.3, 0.5)
        session.mark("clap")
        session.predict(0.2, 0.3, 0.5)
        session.go(Phase.LOST, "gone")

    in_a_thread(work)
    assert heard == []
    qtbot.waitUntil(lambda: len(heard) == 4)
    assert [what for what, _ in heard] == [0, "clap", 1, Phase.LOST]
    assert {thread for _, thread in heard} == {threading.main_thread()}


def test_a_session_at_full_speed_wakes_the_gui_once_and_is_bounded(qtbot, session, bridge):
    wakes, heard = [], []
    bridge._news.connect(lambda: wakes.append(1))
    bridge.predicted.connect(lambda p: heard.append(p.index))
    in_a_thread(lambda: [session.predict(0.2, 0.3, 0.5) for _ in range(MOST_WAITING + 500)])
    qtbot.waitUntil(lambda: len(heard) > 0)
    assert len(wakes) <= 2
    assert len(heard) == MOST_WAITING
    assert heard[-1] == MOST_WAITING + 499


def test_a_closed_bridge_hears_nothing_and_leaves_no_callback(qtbot, session, bridge):
    heard = []
    bridge.predicted.connect(heard.append)
    bridge.close()
    bridge.close()
    session.predict(0.2, 0.3, 0.5)
    assert session.on_prediction == session.on_marker == session.on_status == []
    qtbot.wait(5)
    assert heard == []


def test_a_second_model_is_heard_by_itself(qtbot):
    from tests.app.gui.fake_session import a_manifest

    session = FakeSession()
    session.on_rival_prediction, session.rival_manifest = [], a_manifest(name="float32")
    bridge = Bridge(session)
    mine, rivals = [], []
    bridge.predicted.connect(mine.append)
    bridge.rival_predicted.connect(rivals.append)
    prediction = session.predict(0.2, 0.3, 0.5)
    session.on_rival_prediction[0](prediction)
    qtbot.waitUntil(lambda: bool(mine and rivals))
    assert len(mine) == len(rivals) == 1
    bridge.close()
    assert session.on_rival_prediction == []

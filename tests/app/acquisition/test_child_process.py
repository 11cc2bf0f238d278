"""Children start, obey and end."""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil
import pytest

from app.acquisition.child_process import ChildProcess
from sclcm_core.errors import EndOfStream, StreamError

HEADSET = "app.acquisition.simulated_headset"


def test_a_child_that_cannot_start_says_why():
    with pytest.raises(StreamError, match=r"There is no fault 'dorp'\. Did you mean 'drop'"):
        ChildProcess(HEADSET, ["--plain", "--fault=dorp:1s"]).start()


def test_what_a_child_says_to_the_user_is_passed_on_without_the_name_of_a_module():
    with pytest.raises(StreamError) as caught:
        ChildProcess("app.acquisition.replay_outlet", ["nowhere.edf"]).start()
    assert str(caught.value) == "The file 'nowhere.edf' does not exist. Check the path."
    assert caught.value.remedy == "Check the path."


def test_a_child_that_is_not_ready_in_time_is_given_up():
    with pytest.raises(StreamError, match="ended before its stream was up"):
        ChildProcess(HEADSET, ["--plain"]).start(timeout_s=0.05)


def test_a_stopped_child_is_gone_and_stays_so():
    child = ChildProcess(HEADSET, ["--plain", "--source-id=x"])
    assert child.start()["source_id"] == "x"
    process = psutil.Process(child.pid)
    started = time.monotonic()
    child.stop()
    assert time.monotonic() - started < 2.0
    assert not process.is_running()
    child.stop()
    with pytest.raises(EndOfStream):
        child.start()


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_ctrl_c_in_the_terminal_reaches_the_parent_alone():
    child = ChildProcess(HEADSET, ["--plain", "--source-id=x"])
    child.start()
    try:
        assert child.pid is not None and os.getpgid(child.pid) != os.getpgid(0)
    finally:
        child.stop()


def test_a_child_can_be_stopped_while_it_starts():
    child = ChildProcess(HEADSET, ["--plain"])
    ended: list[type[BaseException]] = []

    def start() -> None:
        try:
            child.start()
        except EndOfStream as error:
            ended.append(type(error))

    starter = threading.Thread(target=start, name="starter")
    starter.start()
    time.sleep(0.1)
    child.stop()
    starter.join(5.0)
    assert ended == [EndOfStream]

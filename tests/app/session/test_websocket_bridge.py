"""The WebSocket bridge, with real clients."""

import json
import logging
import socket
import time
from collections.abc import Callable

import numpy as np
import pytest

from app.acquisition.source import Phase
from app.session.session import SessionStatus
from app.session.websocket_bridge import MOST_WAITING, WebSocketBridge
from sclcm_core.errors import ConfigError
from sclcm_core.streaming.quality import assess
from sclcm_core.types import Marker, Prediction

pytest.importorskip("websockets", reason="the bridge is an option")

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


def prediction(withheld: str | None = None) -> Prediction:
    values = np.array([np.nan, np.nan] if withheld else [0.25, 0.75], dtype=np.float32)
    return Prediction(values, ("loud", "quiet"), 3, 100.0, 104.5, 1.0, 1.004, withheld)


def until(is_true: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_clients_are_told_everything_and_latecomers_the_newest_of_each_kind() -> None:
    with WebSocketBridge(port=0) as bridge:
        url = f"ws://127.0.0.1:{bridge.port}"
        with connect(url) as early:
            until(lambda: len(bridge._clients) == 1)
            bridge.status(SessionStatus(Phase.STREAMING, "all is well"))
            bridge.prediction(prediction())
            bridge.prediction(prediction("gap at T7"))
            bridge.marker(Marker(3.0, "clip"))
            bridge.quality(assess(np.zeros((1, 256)), 128.0, ["T7"]))
            kinds = [json.loads(early.recv(timeout=5))["type"] for _ in range(5)]
            assert kinds == ["status", "prediction", "prediction", "marker", "quality"]
            with connect(url) as late:
                newest = [json.loads(late.recv(timeout=5)) for _ in range(4)]
                assert sorted(m["type"] for m in newest) == ["marker", "prediction", "quality", "status"]
                assert next(m for m in newest if m["type"] == "prediction")["withheld"] == "gap at T7"


def test_what_clients_say_is_not_listened_to_and_long_words_end_the_visit() -> None:
    with WebSocketBridge(port=0) as bridge, connect(f"ws://127.0.0.1:{bridge.port}") as client:
        until(lambda: len(bridge._clients) == 1)
        for _ in range(100):
            client.send("hello")
        bridge.tell({"type": "note"})
        assert json.loads(client.recv(timeout=5)) == {"type": "note"}
        client.send("x" * 5000)
        until(lambda: not bridge._clients)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1.evil.example", "http://localhost@evil.example", "null"]
)
def test_pages_of_other_sites_are_turned_away(origin: str) -> None:
    with WebSocketBridge(port=0) as bridge:
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{bridge.port}", origin=origin)  # type: ignore[arg-type]
        with connect(f"ws://127.0.0.1:{bridge.port}", origin="http://localhost:3000"):  # type: ignore[arg-type]
            pass
    with WebSocketBridge(port=0, any_page=True) as bridge, connect(f"ws://127.0.0.1:{bridge.port}", origin=origin):  # type: ignore[arg-type]
        pass


def test_a_client_that_does_not_read_loses_messages_and_disturbs_nobody() -> None:
    with WebSocketBridge(port=0) as bridge:
        with socket.create_connection(("127.0.0.1", bridge.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            until(lambda: len(bridge._clients) == 1)
            with connect(f"ws://127.0.0.1:{bridge.port}", max_queue=None) as good:
                until(lambda: len(bridge._clients) == 2)
                text, slowest = "x" * 100_000, 0.0
                for number in range(3 * MOST_WAITING):
                    started = time.perf_counter()
                    bridge.tell({"type": "big", "number": number, "text": text})
                    slowest = max(slowest, time.perf_counter() - started)
                    assert json.loads(good.recv(timeout=5))["number"] == number
                assert slowest < 0.2
            assert bridge.n_dropped > 0
        started = time.monotonic()
    assert time.monotonic() - started < 2.0


def test_a_taken_port_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"cannot listen at 127\.0\.0\.1:{port} .*--websocket"):
            WebSocketBridge(port=port).start()


def test_a_port_that_no_machine_has_is_refused_quietly(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigError, match=r"cannot listen at 127\.0\.0\.1:80000 .*Choose another port with --websocket"):
        WebSocketBridge(port=80000).start()
    assert not caplog.records, "no traceback for what the user can mend"


def test_telling_a_bridge_that_is_closed_is_harmless() -> None:
    bridge = WebSocketBridge(port=0)
    bridge.tell({"type": "before"})
    bridge.start()
    bridge.close()
    bridge.close()
    for _ in range(3 * MOST_WAITING):
        bridge.tell({"type": "after"})
    assert len(bridge._waiting) <= MOST_WAITING


def test_strangers_leave_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with WebSocketBridge(port=0) as bridge, socket.create_connection(("127.0.0.1", bridge.port)) as stranger:
        stranger.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        time.sleep(0.05)
    assert caplog.text == ""

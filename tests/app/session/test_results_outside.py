"""Messages, OSC and the quality monitor: what the world outside is told."""

import json
import socket
import struct
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.acquisition.source import Phase
from app.session.messages import as_json, marker_message, prediction_message, publish, quality_message, status_message
from app.session.osc import LARGEST_DATAGRAM, OscSender, address_part, bundles, encode
from app.session.quality_monitor import QualityMonitor
from app.session.rival import Rival
from app.session.session import Session, SessionSettings, SessionStatus
from app.session.websocket_bridge import WebSocketBridge
from sclcm_core.errors import ConfigError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from sclcm_core.streaming.quality import QualityReport, assess
from sclcm_core.types import Marker, Prediction
from tests.app.session.array_source import ArraySource
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)
NAMES = ("mental arithmetic", "rest")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def eeg(seconds: float, n_channels: int = 2, sfreq: float = 128.0) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((int(seconds * sfreq), n_channels)).cumsum(axis=0).astype(np.float32)


def prediction(withheld: str | None = None, index: int = 3) -> Prediction:
    values = np.array([np.nan, np.nan] if withheld else [0.25, 0.75], dtype=np.float32)
    return Prediction(values, NAMES, index, 100.0, 104.5, 1.0, 1.004, withheld)


def report(n_channels: int = 2) -> QualityReport:
    samples = eeg(2, n_channels).T.copy()
    samples[1] = 0.0
    return assess(samples, 128.0, [f"C {k}" for k in range(n_channels)], t_end=7.0)


# -- messages ----------------------------------------------------------------------------------------------------------------------


def test_messages_are_strict_json_whatever_they_say() -> None:
    messages = [
        prediction_message(prediction()),
        prediction_message(prediction("poor signal")),
        quality_message(report()),
        marker_message(Marker(1.0, 'say "hi"\n☃', 2.0)),
        status_message(SessionStatus(Phase.STALLED, "no samples for 1.2 s")),
    ]
    back = [json.loads(as_json(message)) for message in messages]
    assert back == messages
    assert [m["type"] for m in back] == ["prediction", "prediction", "quality", "marker", "status"]
    assert back[0]["probabilities"] == {"mental arithmetic": 0.25, "rest": 0.75} and back[0]["label"] == "rest"
    assert back[1]["probabilities"] == {"mental arithmetic": None, "rest": None} and back[1]["withheld"] == "poor signal"
    assert back[2]["channels"][1]["light"] == "poor" and back[2]["channels"][1]["findings"] == ["flat"]


# -- OSC ---------------------------------------------------------------------------------------------------------------------------


def decode_text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\x00", at)
    return data[at:end].decode(), (end // 4 + 1) * 4


def decode(data: bytes) -> tuple[str, list[Any]]:
    """Read a message as the specification says."""
    address, at = decode_text(data, 0)
    tags, at = decode_text(data, at)
    values: list[Any] = []
    for tag in tags[1:]:
        if tag == "s":
            value, at = decode_text(data, at)
            values.append(value)
        else:
            values += struct.unpack_from(f">{tag}", data, at)
            at += struct.calcsize(tag)
    assert at == len(data) and tags[0] == ","
    return address, values


def decode_bundle(data: bytes) -> list[tuple[str, list[Any]]]:
    assert data[:16] == b"#bundle\x00" + b"\x00" * 7 + b"\x01"
    at, out = 16, []
    while at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        out.append(decode(data[at + 4 : at + 4 + length]))
        at += 4 + length
    return out


class Receiver:
    """A UDP port that listens."""

    def __enter__(self) -> "Receiver":
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(2.0)
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def bundle(self) -> dict[str, list[Any]]:
        return dict(decode_bundle(self.socket.recv(65536)))


def test_messages_are_those_of_the_osc_specification() -> None:
    assert encode("/oscillator/4/frequency", [440.0]).hex() == (
        "2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000"
    )
    assert encode("/foo", [1000, -1, "hello", 1.5]).hex() == (
        "2f666f6f000000002c69697366000000000003e8ffffffff68656c6c6f0000003fc00000"
    )


@given(st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), st.text(), st.floats(width=32, allow_nan=False)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_values_come_back_from_a_message(values: list[Any]) -> None:
    data = encode("/a", values)
    plain = [v.replace("\x00", "").encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values]
    assert len(data) % 4 == 0 and decode(data) == ("/a", plain)


def test_a_prediction_arrives_as_one_bundle() -> None:
    with Receiver() as receiver, OscSender(port=receiver.port) as sender:
        sender.prediction(prediction())
        found = receiver.bundle()
        assert found["/sclcm/label"] == ["rest"] and found["/sclcm/withheld"] == [""] and found["/sclcm/time"] == [104.5]
        assert found["/sclcm/probability/mental_arithmetic"] == [0.25] and found["/sclcm/probabilities"] == [0.25, 0.75]
        sender.prediction(prediction("filling the first window"))
        found = receiver.bundle()
        assert found["/sclcm/label"] == [""] and found["/sclcm/withheld"] == ["filling the first window"]
        assert not any("probabilit" in address for address in found), "nothing is invented"
        assert sender.n_sent == 2 and sender.n_dropped == 0


def test_a_second_models_prediction_arrives_under_addresses_of_its_own() -> None:
    with Receiver() as receiver, OscSender(port=receiver.port) as sender:
        sender.prediction(prediction(), "one")
        sender.rival(prediction("gap at T7"), "other")
        first, second = receiver.bundle(), receiver.bundle()
    assert first["/sclcm/model"] == ["one"] and not any("rival" in address for address in first)
    assert second == {
        "/sclcm/rival/model": ["other"],
        "/sclcm/rival/time": [104.5],
        "/sclcm/rival/label": [""],
        "/sclcm/rival/withheld": ["gap at T7"],
    }


def test_two_models_are_told_under_their_names_and_one_alone_has_no_rival(bundle: Bundle, tmp_path: Path) -> None:
    colder = load_bundle(write_bundle(tmp_path, name="colder", temperature=0.5))
    for rival in (None, Rival(colder, bundle.manifest, EVERY)):
        session = Session(ArraySource(eeg(5)), bundle, EVERY, rival)
        told: list[dict[str, Any]] = []
        bridge = WebSocketBridge(port=0)
        bridge.tell = told.append  # type: ignore[method-assign]
        publish(session, [bridge])
        session.start()
        assert session.wait(20)
        session.stop()
        kinds = Counter((m["type"], m["model"]) for m in told if "label" in m)
        assert kinds == {("prediction", "tiny"): 9} | ({("rival_prediction", "colder"): 9} if rival else {})


def test_quality_markers_and_phases_arrive() -> None:
    with Receiver() as receiver, OscSender("localhost", receiver.port, prefix="/eeg") as sender:
        sender.quality(report())
        assert receiver.bundle() == {"/eeg/quality": ["poor"], "/eeg/quality/C_0": ["good", 0], "/eeg/quality/C_1": ["poor", 2]}
        sender.marker(Marker(1.0, "clip 3 begins"))
        assert receiver.bundle() == {"/eeg/marker": ["clip 3 begins"]}
        sender.status(SessionStatus(Phase.LOST, "looking for it"))
        assert receiver.bundle() == {"/eeg/status": ["lost", "looking for it"]}


def test_many_channels_fit_into_datagrams() -> None:
    messages = [encode(f"/q/{k}", ["good", 0]) for k in range(256)]
    found = list(bundles(messages))
    assert len(found) > 1 and max(map(len, found)) <= LARGEST_DATAGRAM
    assert [address for data in found for address, _ in decode_bundle(data)] == [f"/q/{k}" for k in range(256)]


def test_nobody_listening_costs_nothing() -> None:
    with Receiver() as receiver:
        port = receiver.port
    with OscSender(port=port) as sender:
        started = time.perf_counter()
        for _ in range(200):
            sender.prediction(prediction())
        assert time.perf_counter() - started < 1.0
    sender.prediction(prediction())  # closed: counted, not raised


def test_an_unknown_host_is_told_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"OSC cannot be sent to 'no such host\.invalid:9000' .*--osc HOST:PORT"):
        OscSender("no such host.invalid")


@pytest.mark.parametrize("name", ["a b", "#1", "T7/T8", "émotion", "", "[x]{y}?*,"])
def test_any_class_name_makes_an_address(name: str) -> None:
    assert not set(address_part(name)) & set(" #*,/?[]{}") and address_part(name).isascii() and address_part(name)


# -- the quality monitor -----------------------------------------------------------------------------------------------------------


def test_a_session_is_told_over_osc_and_its_quality_too(bundle: Bundle) -> None:
    samples = eeg(20)
    samples[:, 1] = 0.0
    session = Session(ArraySource(samples, markers=[Marker(2.0, "loud")], endless=True), bundle, EVERY)
    watched = threading.Event()
    with Receiver() as receiver, OscSender(port=receiver.port) as sender, QualityMonitor(session) as monitor:
        publish(session, [sender])
        monitor.on_quality += [sender.quality, lambda report: watched.set() if report.t_end > 19 else None]
        session.start()
        assert watched.wait(5)
        session.stop()
        assert "/sclcm/status" in receiver.bundle() and sender.n_sent > 50
    assert monitor.latest is not None and monitor.latest.channels[1].hint.startswith("No signal")


def test_the_monitor_ends_with_an_error_and_the_session_does_not(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    session = Session(ArraySource(eeg(10), endless=True), bundle, EVERY)
    monitor = QualityMonitor(session)
    failed = threading.Event()
    monitor.on_quality.append(lambda _: failed.set() or 1 / 0)
    with monitor:
        session.start()
        assert failed.wait(5)
        session.stop()
    assert session.error is None and "the session goes on" in caplog.text


def test_the_monitor_may_wait_for_a_session_that_never_starts(bundle: Bundle) -> None:
    with QualityMonitor(Session(ArraySource(eeg(1)), bundle, EVERY)) as monitor:
        pass
    assert monitor.latest is None
